import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { MassiveSource } from '#adapters/massive/daily-source.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { CondvestError } from '#base/errors.ts';
import { DAILY_BARS, SPLITS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { readConfig } from '#runtime/config/config.ts';
import { checkClock } from '#runtime/tasks/check-clock.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { AFTER_ALL_SESSIONS, type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const SIMULATED = readConfig({ environment: { CONDVEST_SOURCE: 'simulated' }, workingFolder: '/' });
const VENDOR = readConfig({ environment: { MASSIVE_API_KEY: 'a-key' }, workingFolder: '/' });

/** A lake whose newest commit is from `AFTER_ALL_SESSIONS`. */
async function openLake(): Promise<ImportLake> {
  const lake = await openImportLake();
  await lake.import(await lake.file('bars.csv', 'symbol,date,open,high,low,close,volume\nAAA,2024-01-02,1,1,1,1,1\n'));
  await lake.import(await lake.file('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2024-01-04,1,2\n'));
  return lake;
}

interface Check {
  /** The clock, relative to the newest commit. */
  readonly offMs: number;
  /** The vendor's clock relative to this machine's; null if it cannot be reached. */
  readonly vendorOffMs?: number | null;
  readonly isConfirmed?: boolean;
}

/** Returns the doubt that a person is asked about; undefined if nobody is. Throws as the check does. */
async function doubtOf(
  lake: ImportLake,
  { offMs, vendorOffMs, isConfirmed = false }: Check,
): Promise<string | undefined> {
  const clock = new VirtualClock(AFTER_ALL_SESSIONS + offMs);
  const serverTimeMs = async () => {
    if (typeof vendorOffMs === 'number') return clock.nowMs() + vendorOffMs;
    throw new CondvestError({ code: 'massive-unavailable', kind: 'transient', message: 'down' });
  };
  const app = {
    lake: lake.test.again(),
    clock,
    config: vendorOffMs === undefined ? SIMULATED : VENDOR,
    source: async () => ({ serverTimeMs }) as unknown as DailySource,
  };
  let asked: string | undefined;
  await checkClock(app, async (doubt) => {
    asked = doubt;
    return isConfirmed;
  });
  return asked;
}

describe('the clock, before anything is written', () => {
  it('is believed within ten minutes of the newest commit, and for a hundred days after it', async () => {
    await using lake = await openLake();
    for (const offMs of [-9 * MINUTE, 0, 99 * DAY]) assert.equal(await doubtOf(lake, { offMs }), undefined);
  });

  it('is believed in a lake without commits', async () => {
    await using lake = await openImportLake();
    assert.equal(await doubtOf(lake, { offMs: 0 }), undefined);
  });

  it('is doubted before the newest commit and after a long jump, unless a person says that it is right', async () => {
    await using lake = await openLake();
    const behind = { offMs: -3 * DAY };
    await assert.rejects(doubtOf(lake, behind), (error: CondvestError) => {
      assert.equal(error.code, 'clock-doubtful');
      assert.equal(
        error.message,
        "The newest commit of the lake is from 2026-11-20 12:00 UTC, but this machine's clock says 2026-11-17 12:00 UTC. Set the clock; if it is right, repeat the command with --clock-is-right.",
      );
      return true;
    });
    const ahead = { offMs: 400 * DAY };
    await assert.rejects(doubtOf(lake, ahead), /2027-12-25 12:00 UTC: 400 days later\. Set the clock/);
    for (const doubtful of [behind, ahead]) {
      assert.match((await doubtOf(lake, { ...doubtful, isConfirmed: true })) ?? '', /^The newest commit/);
    }
  });

  it('is right if the vendor says so, and wrong if it contradicts', async () => {
    await using lake = await openLake();
    const offMs = 120 * DAY;
    assert.equal(await doubtOf(lake, { offMs, vendorOffMs: 2 * MINUTE }), undefined);
    await assert.rejects(doubtOf(lake, { offMs, vendorOffMs: -119 * DAY }), /and the vendor's 2026-11-21 12:00 UTC/);
    await assert.rejects(doubtOf(lake, { offMs, vendorOffMs: null }), { code: 'clock-doubtful' });
  });

  it('is compared with the tables whose log can be read', async () => {
    await using lake = await openLake();
    await rm(join(lake.test.root, SPLITS.name, '_delta_log'), { recursive: true });
    assert.equal(await doubtOf(lake, { offMs: 0 }), undefined);
    await assert.rejects(doubtOf(lake, { offMs: -DAY }), { code: 'clock-doubtful' });
    await rm(join(lake.test.root, DAILY_BARS.name, '_delta_log'), { recursive: true });
    await assert.rejects(doubtOf(lake, { offMs: -DAY }), { code: 'clock-doubtful' }, 'by the ledger');
  });
});

it('the vendor says its time', async () => {
  await using vendor = await VendorServer.open({ grouped: new Map(), tickers: [], splits: [], dividends: [] });
  vendor.faults.push({
    kind: 'body',
    text: JSON.stringify({ market: 'open', serverTime: '2026-11-20T07:00:00-05:00' }),
  });
  const source = new MassiveSource({
    baseUrl: vendor.url,
    apiKey: vendor.key,
    calendar: createCalendar({ lastYear: 2028 }),
    clock: new VirtualClock(0),
    random: systemRandom,
    requestsPerMinute: 0,
    types: [],
    exchanges: [],
  });
  assert.equal(await source.serverTimeMs(), AFTER_ALL_SESSIONS);
});
