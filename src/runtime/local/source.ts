import { join } from 'node:path';
import { systemRandom } from '#adapters/system/random.ts';
import { UsageError } from '#base/errors.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { hasBars } from '../tasks/tasks.ts';
import type { Laptop } from './open-local.ts';
import { defaultMarket, keepMarketSettings, readMarketSettings } from './simulated-market.ts';

/** Which source days come from, by configuration and by what the lake was filled from. */
export async function openSource(laptop: Laptop): Promise<DailySource> {
  const { config, calendar, clock } = laptop;
  const choice = chosen(laptop);
  if (choice === 'simulated') return simulatedSource(laptop);
  const market = await readMarketSettings(laptop);
  // Made-up prices and real ones never share a lake.
  if (market !== undefined) {
    throw new UsageError({
      code: 'source-mixes-markets',
      message: 'This lake holds a simulated market, and real prices are not put beside made-up ones',
      found: `source ${choice}, home ${config.home}`,
      action: 'Set CONDVEST_HOME to another folder, or CONDVEST_SOURCE=simulated to go on with this one',
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
    random: systemRandom,
    requestsPerMinute: config.requestsPerMinute,
    types: config.symbolTypes,
    exchanges: config.exchanges,
  });
}

/** Tries for each request, like those of a source over a network. */
const ATTEMPTS_MAX = 4;
/** Sessions ahead for which faults are drawn: as far as a process that runs for a year gets. */
const SCENARIO_AHEAD = 260;

async function simulatedSource(laptop: Laptop): Promise<DailySource> {
  const { config, calendar, clock } = laptop;
  const kept = await readMarketSettings(laptop);
  // Asked for by name, a market begins in an empty home; a lake of imported data never gets one.
  const isWanted = config.source === 'simulated' && !(await hasBars(laptop));
  if (kept === undefined && !isWanted) throw await noSource(laptop);
  const market = kept ?? defaultMarket(laptop);
  if (kept === undefined) await keepMarketSettings(laptop, market);
  const { SimulatedSource } = await import('#adapters/simulator/daily-source.ts');
  const { scenarioFaults } = await import('#adapters/simulator/named-scenarios.ts');
  const to = calendar.next(calendar.lastClosedSession(clock.nowMs()), SCENARIO_AHEAD);
  const faults = scenarioFaults(config.scenario, { calendar, ...market, to });
  return new SimulatedSource({ calendar, clock, market, faults, attemptsMax: ATTEMPTS_MAX });
}

/** The name of the source, for what is asked of the ledger without fetching. */
export function sourceName(laptop: Laptop): string {
  const choice = chosen(laptop);
  return choice === 'flat-files' ? 'flat-file' : choice;
}

/** Days come from outside: there is a key, or a folder of files. */
export function isFromVendor(laptop: Laptop): boolean {
  return chosen(laptop) !== 'simulated';
}

function chosen(laptop: Laptop): 'simulated' | 'massive' | 'flat-files' {
  const { source, massiveApiKey } = laptop.config;
  if (source !== 'auto') return source;
  return massiveApiKey === undefined ? 'simulated' : 'massive';
}

async function noSource(laptop: Laptop): Promise<UsageError> {
  const hasData = await hasBars(laptop);
  return new UsageError({
    code: 'source-missing',
    message: hasData
      ? 'There is no source to fetch from: the lake holds imported data, and there is no key'
      : 'There is nothing to fetch from yet: no key, and no simulated market in this home',
    found: laptop.config.home,
    action: hasData
      ? 'Set MASSIVE_API_KEY, or CONDVEST_SOURCE=flat-files with CONDVEST_FLAT_FILES'
      : 'Set MASSIVE_API_KEY, or begin with a simulated market: condvest up',
  });
}
