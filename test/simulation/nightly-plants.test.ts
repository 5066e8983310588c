import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsoDate } from '#base/dates.ts';
import { currentLedger } from '#batch/ledger/ledger.ts';
import { recordSessions } from '#batch/ledger/record-sessions.ts';
import { DAILY_BARS, silverBars } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { Notices } from '#ports/notices.ts';
import { liveMonths, type Plant } from './nightly.ts';

/** Proves that the simulation finds what it should: each planted bug fails a week of nights. */

/** Returns an object with some of its functions replaced. */
function instead<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => {
      const value: unknown = Reflect.get(parts, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A week with an outage of more than a day in the middle. */
const SEED = 2;
const SESSIONS_OF_A_WEEK = 7;

const PLANTS: readonly [name: string, plant: Plant, found: RegExp][] = [
  [
    'a value that is stored wrong',
    {
      source: (source: DailySource) =>
        instead(source, {
          bars: async (session, signal) => {
            const reply = await source.bars(session, signal);
            if (reply.kind !== 'bars') return reply;
            const rows = reply.rows.map((row, index) =>
              index === 3 ? { ...row, volume: (row.volume ?? 0) + 1 } : row,
            );
            return { ...reply, rows };
          },
        }),
    },
    /bars of \d{4}-/,
  ],
  [
    'windows that were lost',
    {
      tamper: async (lake) => {
        await lake.table(silverBars(3)).write(async (base) => {
          const file = base?.files[0] ?? assert.fail('there are windows');
          return {
            operation: 'WRITE',
            add: [],
            remove: [file],
            units: file.units ?? SessionSet.empty,
            dataChange: true,
          };
        });
      },
    },
    /bars of 3 sessions: /,
  ],
  [
    'a ledger that says another number of rows',
    {
      tamper: async (lake, calendar) => {
        const ledger = await currentLedger(lake);
        const row = [...ledger.values()].at(-6) ?? assert.fail('there are sessions');
        const rowsAfter = new Map([[row.session, row.rows + 1]]);
        const countedAt = (await lake.table(DAILY_BARS).head())?.version;
        const request = {
          rowsAfter,
          countedAt,
          changed: new Set<IsoDate>(),
          fetchedAtMs: row.lastFetchMs + 1,
          countUnchangedAttempts: true,
        };
        await recordSessions({ lake, calendar, rules: { partialShare: 0.9 } }, request);
      },
    },
    /ledger's rows of/,
  ],
  ['requests that wait for no budget', { requestsPerMinute: 0 }, /over the budget/],
  [
    'notices that are told again and again',
    {
      notices: (notices: Notices) => instead(notices, { markDelivered: async () => undefined }),
    },
    /told more than once/,
  ],
  [
    'a failure that nobody is told of',
    { notices: (notices: Notices) => instead(notices, { open: async () => false }) },
    /nobody was told|restatements are told once/,
  ],
  [
    'a notice that is never over',
    { notices: (notices: Notices) => instead(notices, { resolve: async () => undefined }) },
    /is whole|is not over|every condition is over/,
  ],
];

for (const [name, plant, found] of PLANTS) {
  test(`the simulation finds ${name}`, async () => {
    await assert.rejects(liveMonths(SEED, SEED + 1, { plant, sessions: SESSIONS_OF_A_WEEK, outage: true }), found);
  });
}

test('the same week ends up correct without a planted mistake', async () => {
  await liveMonths(SEED, SEED + 1, { sessions: SESSIONS_OF_A_WEEK, outage: true });
});
