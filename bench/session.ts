import { join } from 'node:path';

import { systemClock } from '#adapters/system/clock.ts';
import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS, LISTINGS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { noLiveBars } from '#runtime/local/no-live-bars.ts';
import { toJson } from '#serving/http/json.ts';
import { DEFAULT_LIMITS } from '#serving/http/serving.ts';
import { groupedBars, groupedBody } from '#serving/massive/grouped-daily.ts';
import { tickerSnapshotOf } from '#serving/massive/snapshots.ts';
import { newExtremes } from '#serving/read/extremes.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { marketDay } from '#serving/read/market-day.ts';
import { VersionedCache } from '#serving/read/versioned-cache.ts';
import { Views } from '#serving/read/view.ts';

import { barsLake, openLake } from './bars-lake.ts';
import { type DatasetSize, dataset, FULL_SIZE } from './dataset.ts';
import { listingsOf, oneSession, oneSessionAsJson } from './session.sql.ts';

/**
 * Time to answer for all symbols of one session, cold (the session was not requested before; snapshots, splits and
 * listings are open), compared with DuckDB alone in the same run: the same columns of the same rows from the files that
 * hold the session, sorted, as JSON. Both alternate on the same sessions: new ones with files of their own, and old
 * ones in year files.
 */

/** Limits, as multiples of DuckDB's time. */
const LIMIT = 1.5;
/** A separate lake, since it also has listings. */
const HELD_BACK = 0;
const NEW_SESSIONS = 30;
const OLD_SESSIONS = 20;
const WARM_UP = 4;
const MEMORY_BYTES = 2e9;

const WAYS = ['duckdb', 'duckdbJson', 'answer'] as const;
/** Median milliseconds, and the median ratio to DuckDB on the same session. */
type Times = Readonly<Record<(typeof WAYS)[number], number>> & { readonly ratio: number; readonly jsonRatio: number };

export interface SessionResult {
  readonly rows: number;
  readonly newest: Times;
  readonly old: Times;
  /** Snapshots of all tickers, which compare two sessions. */
  readonly snapshotsMs: number;
  /** 52-week highs and lows, computed once per version. */
  readonly extremesMs: number;
}

export async function benchSession(size: DatasetSize): Promise<SessionResult> {
  const calendar = createCalendar({ lastYear: 2028 });
  const root = await barsLake(await dataset(calendar, size), HELD_BACK);
  using open = await openLake(root, MEMORY_BYTES);
  const { lake, engine } = open;
  await addListings(lake, size.symbols);
  const cache = new VersionedCache(DEFAULT_LIMITS.cacheBytes);
  const view = await new Views({ lake, calendar, clock: systemClock, intervals: [], cache }).current();
  const caches = new MarketCaches(lake, cache);
  const deps = { lake, caches, calendar, clock: systemClock, live: noLiveBars };
  const encoder = new TextEncoder();
  const filesOf = (session: IsoDate): string[] =>
    view
      .bars()
      .filesTouching(SessionSet.of([session]))
      .map((file) => join(root, DAILY_BARS.name, file.path));
  let rows = 0;
  const ways: Record<(typeof WAYS)[number], (session: IsoDate) => Promise<number>> = {
    duckdb: async (session) => {
      const results = await engine.rows(oneSession(filesOf(session), session));
      return encoder.encode(JSON.stringify({ results })).byteLength;
    },
    duckdbJson: async (session) => {
      const [row] = await engine.rows<{ json: string }>(oneSessionAsJson(filesOf(session), session));
      return encoder.encode(row?.json).byteLength;
    },
    answer: async (session) => {
      const bars = await groupedBars(deps, view, { date: session, isAdjusted: true, includeOtc: false });
      rows = bars.length;
      return encoder.encode(toJson(groupedBody(bars, true, 'request'))).byteLength;
    },
  };
  const all = view.bars().files.flatMap(({ units }) => [...(units ?? [])]);
  const sessions = SessionSet.of(all).toArray();
  const newest = await measured(ways, sessions.slice(-NEW_SESSIONS - WARM_UP));
  const step = Math.floor(sessions.length / (OLD_SESSIONS + WARM_UP + 2));
  const old = await measured(
    ways,
    Array.from({ length: OLD_SESSIONS + WARM_UP }, (_, i) => defined(sessions[i * step], 'a session')),
  );
  const last = defined(sessions.at(-1), 'a session');
  const startMs = performance.now();
  const day = await marketDay(deps, view, last);
  encoder.encode(toJson({ tickers: day.rows.map(tickerSnapshotOf) }));
  const snapshotsMs = performance.now() - startMs;
  const extremesFromMs = performance.now();
  await newExtremes(deps, view, day);
  return { rows, newest, old, snapshotsMs, extremesMs: performance.now() - extremesFromMs };
}

/** Returns medians of several methods that alternate on the same sessions. The first sessions are warm-up. */
async function measured(
  ways: Readonly<Record<(typeof WAYS)[number], (session: IsoDate) => Promise<number>>>,
  sessions: readonly IsoDate[],
): Promise<Times> {
  const times: Record<(typeof WAYS)[number], number[]> = { duckdb: [], duckdbJson: [], answer: [] };
  for (const [round, session] of sessions.entries()) {
    // Each goes first equally often.
    for (const [i] of WAYS.entries()) {
      const way = defined(WAYS[(i + round) % WAYS.length], 'a way');
      const startMs = performance.now();
      const bytes = await ways[way](session);
      if (bytes === 0) throw new Error(`${way} has nothing of ${session}`);
      if (round >= WARM_UP) times[way].push(performance.now() - startMs);
    }
  }
  const against = (other: readonly number[]): number =>
    median(times.answer.map((ms, i) => ms / (other[i] ?? Number.NaN)));
  return {
    duckdb: median(times.duckdb),
    duckdbJson: median(times.duckdbJson),
    answer: median(times.answer),
    ratio: against(times.duckdb),
    jsonRatio: against(times.duckdbJson),
  };
}

async function addListings(lake: Lake, symbols: number): Promise<void> {
  const table = lake.table(LISTINGS);
  if ((await table.head()) !== undefined) return;
  await table.write(async () => {
    const file = defined(await lake.table(LISTINGS).writeDataFile({ select: listingsOf(symbols) }), 'listings');
    return { operation: 'WRITE', add: [file], remove: [], units: SessionSet.empty, dataChange: true };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const [symbols = FULL_SIZE.symbols, sessions = FULL_SIZE.sessions] = process.argv.slice(2).map(Number);
  const { rows, newest, old, snapshotsMs, extremesMs } = await benchSession({ symbols, sessions });
  let isOver = false;
  for (const [name, times] of [
    ['new', newest],
    ['old', old],
  ] as const) {
    const { ratio } = times;
    isOver ||= ratio > LIMIT;
    process.stdout.write(
      `${rows} symbols of one ${name} session, cold: ${times.answer.toFixed(1)} ms, ${ratio.toFixed(2)} x DuckDB ` +
        `(${times.duckdb.toFixed(1)} ms; limit ${LIMIT} x: ${ratio > LIMIT ? 'OVER' : 'within'}); ` +
        `${times.jsonRatio.toFixed(2)} x JSON written by DuckDB (${times.duckdbJson.toFixed(1)} ms)\n`,
    );
  }
  process.stdout.write(
    `snapshots of all: ${snapshotsMs.toFixed(1)} ms; highs and lows of 52 weeks: ${extremesMs.toFixed(1)} ms, once a version\n`,
  );
  process.exitCode = isOver ? 1 : 0;
}
