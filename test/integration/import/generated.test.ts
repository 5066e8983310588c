import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

import { type IsoDate, isoDate } from '#base/dates.ts';
import type { ImportStatements } from '#batch/import/request.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { effort } from '#test/fixtures/effort.ts';
import { only, openImportLake } from '#test/fixtures/import-lake.ts';

const calendar = createCalendar({ lastYear: 2028 });
const SESSIONS = calendar.range(isoDate('2024-01-02'), isoDate('2024-03-28'));

interface Bar {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

const FIELDS = ['symbol', 'session', 'open', 'high', 'low', 'close', 'volume'] as const;
type FieldName = (typeof FIELDS)[number];

const NAMES: Readonly<Record<FieldName, readonly string[]>> = {
  symbol: ['symbol', 'Ticker', 'T', '<TICKER>', 'Stock', 'Name', 'stock_symbol'],
  session: ['session', 'Date', 'timestamp', 'trade_date', '<DATE>', 'datetime'],
  open: ['open', 'Open', 'o', '<OPEN>', 'open_price'],
  high: ['high', 'High', 'h', '<HIGH>'],
  low: ['low', 'Low', 'l', '<LOW>'],
  close: ['close', 'Close/Last', 'c', 'Price', '<CLOSE>', 'Close Price'],
  volume: ['volume', 'Vol.', 'v', '<VOL>', 'Volume'],
};

const DATES: Readonly<Record<string, (session: IsoDate) => string>> = {
  iso: (session) => session,
  midnight: (session) => `${session}T00:00:00`,
  zoned: (session) => `${new Date(midnightMs(session)).toISOString().replace('.000Z', '+00:00')}`,
  closed: (session) => new Date(calendar.closeMs(session)).toISOString(),
  slashes: (session) => session.replaceAll('-', '/'),
  digits: (session) => session.replaceAll('-', ''),
  mdy: (session) => `${session.slice(5, 7)}/${session.slice(8)}/${session.slice(0, 4)}`,
  dmy: (session) => `${session.slice(8)}.${session.slice(5, 7)}.${session.slice(0, 4)}`,
  milliseconds: (session) => String(midnightMs(session)),
  seconds: (session) => String(midnightMs(session) / 1000),
};

function midnightMs(session: IsoDate): number {
  return calendar.openMs(session) - 9.5 * 3_600_000;
}

const SURPLUS = ['', 'Adj Close', 'change', 'Change %', 'vwap', 'exchange', 'note', 'dividend'] as const;

interface Made {
  readonly bars: readonly Bar[];
  readonly names: Readonly<Record<FieldName, string>>;
  readonly order: readonly number[];
  readonly surplus: string;
  readonly dates: string;
  readonly thousands: boolean;
  readonly padded: boolean;
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly container: 'csv' | 'bom' | 'gzip' | 'json' | 'lines';
  readonly statedSymbol: boolean;
  readonly isOrderStated: boolean;
}

const price = fc.integer({ min: 100, max: 2_000_000 }).map((cents) => cents / 100);

const bar = fc
  .record({
    symbol: fc.constantFrom('AAA', 'BRK.B', 'TRUE', 'NAN', 'BACpB'),
    session: fc.constantFrom(...SESSIONS),
    prices: fc.tuple(price, price, price, price),
    volume: fc.integer({ min: 0, max: 5_000_000 }),
  })
  .map(({ symbol, session, prices, volume }): Bar => {
    const [low = 0, open = 0, close = 0, high = 0] = prices.toSorted((a, b) => a - b);
    return { symbol, session, open, high, low, close, volume };
  });

const made: fc.Arbitrary<Made> = fc.record({
  bars: fc.uniqueArray(bar, { minLength: 1, maxLength: 12, selector: ({ symbol, session }) => `${symbol} ${session}` }),
  names: fc.record(
    Object.fromEntries(FIELDS.map((field) => [field, fc.constantFrom(...NAMES[field])])) as Record<
      FieldName,
      fc.Arbitrary<string>
    >,
  ),
  order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
  surplus: fc.constantFrom(...SURPLUS),
  dates: fc.constantFrom(...Object.keys(DATES)),
  thousands: fc.boolean(),
  padded: fc.boolean(),
  delimiter: fc.constantFrom(',', '\t', '|', ';'),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  container: fc.constantFrom('csv', 'bom', 'gzip', 'json', 'lines'),
  statedSymbol: fc.boolean(),
  isOrderStated: fc.boolean(),
});

function fileOf(of: Made): {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly bars: readonly Bar[];
} {
  // A stated symbol is that of all rows, so the file has those of one.
  const bars = of.statedSymbol ? of.bars.filter(({ symbol }) => symbol === of.bars[0]?.symbol) : of.bars;
  const columns: (FieldName | undefined)[] = [...FIELDS, undefined];
  const chosen = of.order.map((index) => columns[index]).filter((field) => !(of.statedSymbol && field === 'symbol'));
  const header = chosen.map((field) => (field === undefined ? of.surplus : of.names[field]));
  const value = (row: Bar, field: FieldName | undefined): string => {
    if (field === undefined) return of.surplus === 'dividend' ? '0.5' : '';
    if (field === 'symbol') return row.symbol;
    if (field === 'session') return DATES[of.dates]?.(row.session) ?? '';
    return of.thousands ? row[field].toLocaleString('en-US', { maximumFractionDigits: 2 }) : String(row[field]);
  };
  if (of.container === 'json' || of.container === 'lines') {
    const records = bars.map((row) =>
      Object.fromEntries(chosen.map((field, index) => [header[index] ?? '', value(row, field)])),
    );
    const isArray = of.container === 'json';
    const content = isArray ? JSON.stringify(records) : records.map((one) => JSON.stringify(one)).join('\n');
    return { name: isArray ? 'made.json' : 'made.jsonl', content, bars };
  }
  const pad = (text: string): string => (of.padded ? ` ${text} ` : text);
  const quoted = (text: string): string => (text.includes(of.delimiter) ? `"${text}"` : text);
  const lines = [header, ...bars.map((row) => chosen.map((field) => value(row, field)))];
  const text = lines.map((cells) => cells.map((cell) => quoted(pad(cell))).join(of.delimiter)).join(of.lineEnd);
  if (of.container === 'gzip') return { name: 'made.csv.gz', content: gzipSync(text), bars };
  return { name: 'made.csv', content: of.container === 'bom' ? `\uFEFF${text}` : text, bars };
}

describe('files of many layouts', () => {
  it('are read right or refused, and never read wrong', async () => {
    await using lake = await openImportLake();
    let [read, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(made, async (of) => {
        const { name, content, bars } = fileOf(of);
        const statements: ImportStatements = {
          symbol: of.statedSymbol ? bars[0]?.symbol : undefined,
          dateOrder: of.isOrderStated && (of.dates === 'mdy' || of.dates === 'dmy') ? of.dates : undefined,
          sparse: true,
        };
        const path = await lake.file(name, content);
        const outcome = await lake.import(path, { ...statements, quarantineBound: 0, replace: true }).catch(asError);
        if (outcome instanceof Error) {
          assert.match(outcome.code ?? outcome.message, /^import-/);
          refused += 1;
          return;
        }
        read += 1;
        const { rows, sessions } = only(outcome);
        const dates = [...new Set(bars.map(({ session }) => session))].sort();
        assert.deepEqual(
          [rows, sessions?.count, sessions?.first, sessions?.last],
          [bars.length, dates.length, dates[0], dates.at(-1)],
        );
        const stored = await lake.rows(DAILY_BARS);
        for (const expected of bars) {
          const row = stored.find((one) => one['symbol'] === expected.symbol && one['session'] === expected.session);
          assert.deepEqual(
            FIELDS.map((field) => row?.[field]),
            FIELDS.map((field) => expected[field]),
          );
        }
      }),
      { numRuns: effort({ usual: 30, long: 600 }) },
    );
    assert.ok(read > refused, `${read} read, ${refused} refused`);
  });
});

function asError(cause: unknown): Error & { readonly code?: string } {
  return cause instanceof Error ? cause : new Error(String(cause));
}
