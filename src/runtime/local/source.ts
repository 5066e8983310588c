import { join } from 'node:path';
import { UsageError } from '#base/errors.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { AppContext } from '../app.ts';
import { sourceChoice } from '../config/source-choice.ts';
import { defaultMarket, readMarketSettings, saveMarketSettings } from '../home-folder/simulated-market.ts';

type SourceDeps = Pick<AppContext, 'config' | 'calendar' | 'clock' | 'random' | 'lake'>;

/** Opens the daily source that the configuration and the contents of the lake select. */
export async function openSource(deps: SourceDeps): Promise<DailySource> {
  const { config, calendar, clock, random } = deps;
  const choice = sourceChoice(config);
  if (choice === 'simulated') return simulatedSource(deps);
  const market = await readMarketSettings(config);
  // Simulated and real prices never share a lake.
  if (market !== undefined) {
    throw new UsageError({
      code: 'source-mixes-markets',
      message: 'This lake holds a simulated market, which real prices cannot be mixed with',
      found: `source ${choice}, home ${config.home}`,
      action: 'Set CONDVEST_HOME to another folder, or CONDVEST_SOURCE=simulated to continue this market',
    });
  }
  if (choice === 'flat-files') {
    const { FlatFileSource } = await import('#adapters/flat-files/daily-source.ts');
    return new FlatFileSource({ folder: config.flatFiles ?? '' });
  }
  const { MassiveSource } = await import('#adapters/massive/daily-source.ts');
  const { SharedGrants } = await import('#adapters/massive/shared-grants.ts');
  const apiKey = config.massiveApiKey ?? '';
  return new MassiveSource({
    baseUrl: config.massiveUrl,
    apiKey,
    grants: new SharedGrants(join(config.home, 'requests.sqlite'), apiKey),
    calendar,
    clock,
    random,
    requestsPerMinute: config.requestsPerMinute,
    types: config.symbolTypes,
    exchanges: config.exchanges,
  });
}

/** Attempts per request, as for a source across a network. */
const ATTEMPTS_MAX = 4;
/** Sessions ahead for which faults are drawn: enough for a process that runs for a year. */
const SCENARIO_AHEAD = 260;

async function simulatedSource({ config, calendar, clock, lake }: SourceDeps): Promise<DailySource> {
  const saved = await readMarketSettings(config);
  const hasData = (await lake.table(DAILY_BARS).head()) !== undefined;
  // Selected by name, a market starts in an empty home; a lake of imported data never gets one.
  if (saved === undefined && (config.source !== 'simulated' || hasData)) throw noSource(config.home, hasData);
  const market = saved ?? defaultMarket(calendar, clock.nowMs());
  if (saved === undefined) await saveMarketSettings(config, market);
  const { SimulatedSource } = await import('#adapters/simulator/daily-source.ts');
  const { scenarioFaults } = await import('#adapters/simulator/named-scenarios.ts');
  const to = calendar.next(calendar.lastClosedSession(clock.nowMs()), SCENARIO_AHEAD);
  const faults = scenarioFaults(config.scenario, { calendar, ...market, to });
  return new SimulatedSource({ calendar, clock, market, faults, attemptsMax: ATTEMPTS_MAX });
}

function noSource(home: string, hasData: boolean): UsageError {
  return new UsageError({
    code: 'source-missing',
    message: hasData
      ? 'No source to fetch from: the lake holds imported data, and no API key is set'
      : 'No source to fetch from yet: no API key is set, and this home folder has no simulated market',
    found: home,
    action: hasData
      ? 'Set MASSIVE_API_KEY, or CONDVEST_SOURCE=flat-files with CONDVEST_FLAT_FILES'
      : 'Set MASSIVE_API_KEY, or start with a simulated market: condvest up',
  });
}
