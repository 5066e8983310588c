import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import { addDays, isoDate } from '#base/dates.ts';
import { barReasonSql } from '#batch/import/quality.sql.ts';
import type { Column } from '#lake/schema.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { type RawDailyRow, rejectionOf } from '#market/quality.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

const FIELDS: readonly Pick<Column, 'name' | 'type'>[] = [
  { name: 'symbol', type: 'string' },
  { name: 'session', type: 'date' },
  ...['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'].map((name) => ({ name, type: 'double' as const })),
];

const price = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 5 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, -1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, 1e-300),
  },
);
const count = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, Number.NaN, null) },
);
const symbol = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('A', 'BRK.B', 'BACpB', 'TRUE', 'NAN', 'ABC/WS', 'A-B', 'Z9') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      null,
      '',
      ' A',
      'A ',
      'A\n',
      '9Z',
      '.A',
      'Ä',
      'A'.repeat(20),
      'A'.repeat(21),
      'A_B',
      'A\u0000B',
    ),
  },
);
const session = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }).map((days) => addDays(isoDate('2024-06-28'), days)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      null,
      isoDate('1962-01-02'),
      isoDate('1962-01-01'),
      isoDate('1950-06-01'),
      isoDate('2001-09-12'),
      isoDate('2099-01-01'),
      isoDate('2028-12-29'),
    ),
  },
);

const row: fc.Arbitrary<RawDailyRow> = fc.record({
  symbol,
  session,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: count,
  vwap: price,
  trades: count,
});

describe('the quality rules in SQL', () => {
  it('give each row the reason that the rules of the domain give it', async () => {
    await using lake = await openTestLake();
    const rules = { calendar: createCalendar({ lastYear: 2028 }), lastSession: isoDate('2024-06-28') };
    using engine = await lake.deps.engine.session();
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 400 }), async (rows) => {
        await engine.load(
          'typed',
          [{ name: 'n', type: 'long' }, ...FIELDS],
          rows.map((one, n) => [n, ...Object.values(one)]),
        );
        const answer = await engine.rows<{ reason: string | null }>(
          `SELECT ${barReasonSql(rules)} AS reason FROM typed ORDER BY n`,
        );
        const expected = rows.map((one) => rejectionOf(one, rules) ?? null);
        assert.deepEqual(
          answer.map(({ reason }) => reason),
          expected,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('without the questions about sessions, the same for rows of valid sessions', async () => {
    await using lake = await openTestLake();
    const rules = { calendar: createCalendar({ lastYear: 2028 }), lastSession: isoDate('2024-06-28') };
    using engine = await lake.deps.engine.session();
    const valid = row.map((one) => ({ ...one, session: isoDate('2024-06-27') }));
    await fc.assert(
      fc.asyncProperty(fc.array(valid, { minLength: 1, maxLength: 200 }), async (rows) => {
        await engine.load(
          'typed',
          [{ name: 'n', type: 'long' }, ...FIELDS],
          rows.map((one, n) => [n, ...Object.values(one)]),
        );
        const both = `SELECT ${barReasonSql(rules)} AS a, ${barReasonSql(rules, true)} AS b FROM typed`;
        for (const { a, b } of await engine.rows<{ a: string | null; b: string | null }>(both)) assert.equal(a, b);
      }),
      { numRuns: 20 },
    );
  });
});
