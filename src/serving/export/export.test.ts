import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';

import { encodeArrow } from './arrow.ts';
import { encodeCsv } from './csv.ts';
import { encodeJson, encodeNdjson } from './json.ts';
import {
  BATCH_ROWS_MAX,
  type Field,
  type Row,
  type RowBatch,
  rowsOf,
  streamRows,
  type TableStream,
} from './table-stream.ts';

const FIELDS: readonly Field[] = [
  { name: 'symbol', type: 'string' },
  { name: 'session', type: 'date' },
  { name: 'close', type: 'double' },
  { name: 'trades', type: 'long' },
  { name: 'sessions', type: 'integer' },
  { name: 'complete', type: 'boolean' },
  { name: 'fetched_at', type: 'timestamp' },
];

const ROWS: readonly Row[] = [
  {
    symbol: 'BRK.B',
    session: '2024-01-02',
    close: 0.1,
    trades: 12,
    sessions: 3,
    complete: true,
    fetched_at: 1_704_207_845_678,
  },
  { symbol: null, session: null, close: null, trades: null, sessions: null, complete: null, fetched_at: null },
  {
    symbol: '',
    session: '1962-01-02',
    close: 1e21,
    trades: 2n ** 60n,
    sessions: -1,
    complete: false,
    fetched_at: -1,
  },
];

type Encoder = (table: TableStream) => AsyncIterable<Uint8Array>;

async function bytesOf(encode: Encoder, table: TableStream): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of encode(table)) parts.push(part);
  return Buffer.concat(parts);
}

async function textOf(encode: Encoder, rows: readonly Row[], fields = FIELDS): Promise<string> {
  return (await bytesOf(encode, streamRows(fields, rows))).toString('utf8');
}

test('CSV tells null from the empty text and writes dates, instants and long numbers in full', async () => {
  assert.equal(
    await textOf(encodeCsv, ROWS),
    [
      'symbol,session,close,trades,sessions,complete,fetched_at',
      'BRK.B,2024-01-02,0.1,12,3,true,2024-01-02T15:04:05.678Z',
      ',,,,,,',
      '"",1962-01-02,1e+21,1152921504606846976,-1,false,1969-12-31T23:59:59.999Z',
      '',
    ].join('\n'),
  );
});

test('a number of a column of doubles has a point, so that nobody takes the column for whole numbers by its first rows', async () => {
  const fields: Field[] = [{ name: 'volume', type: 'double' }];
  const rows = [236_926, 236_926.7, -0, 1e21, -5].map((volume) => ({ volume }));
  assert.equal(await textOf(encodeCsv, rows, fields), 'volume\n236926.0\n236926.7\n0.0\n1e+21\n-5.0\n');
  const json = '{"volume":236926.0}\n{"volume":236926.7}\n{"volume":0.0}\n{"volume":1e+21}\n{"volume":-5.0}\n';
  assert.equal(await textOf(encodeNdjson, rows, fields), json);
});

test('CSV quotes commas, quotes and line ends, in names too', async () => {
  const fields: Field[] = [{ name: 'a,b', type: 'string' }];
  const rows = ['x,y', 'say "hi"', 'two\nlines', 'cr\rhere', 'plain'].map((text) => ({ 'a,b': text }));
  assert.equal(await textOf(encodeCsv, rows, fields), '"a,b"\n"x,y"\n"say ""hi"""\n"two\nlines"\n"cr\rhere"\nplain\n');
});

test('JSON is one array that a parser reads back, and an empty result is an empty array', async () => {
  const text = await textOf(encodeJson, ROWS);
  assert.deepEqual(JSON.parse(text), [
    { ...ROWS[0], fetched_at: '2024-01-02T15:04:05.678Z' },
    ROWS[1],
    { ...ROWS[2], trades: 2 ** 60, fetched_at: '1969-12-31T23:59:59.999Z' },
  ]);
  assert.match(text, /"trades":1152921504606846976,/);
  assert.equal(await textOf(encodeJson, []), '[]\n');
});

test('JSON has no NaN and no infinity: they become null', async () => {
  const rows = [{ close: Number.NaN }, { close: Number.POSITIVE_INFINITY }];
  assert.equal(
    await textOf(encodeNdjson, rows, [{ name: 'close', type: 'double' }]),
    '{"close":null}\n{"close":null}\n',
  );
});

test('a JSON array over many batches stays one valid array', async () => {
  const rows = Array.from({ length: BATCH_ROWS_MAX * 2 + 1 }, (_, index) => ({ trades: index }));
  const parsed = JSON.parse(await textOf(encodeJson, rows, [{ name: 'trades', type: 'long' }])) as { trades: number }[];
  assert.equal(parsed.length, rows.length);
  assert.equal(parsed.at(-1)?.trades, BATCH_ROWS_MAX * 2);
});

test('Arrow keeps the type of every column, nulls included', async () => {
  const table = tableFromIPC(await bytesOf(encodeArrow, streamRows(FIELDS, ROWS)));
  assert.deepEqual(
    table.schema.fields.map((field) => `${field.name} ${field.type}`),
    [
      'symbol Utf8',
      'session Date32<DAY>',
      'close Float64',
      'trades Int64',
      'sessions Int32',
      'complete Bool',
      'fetched_at Timestamp<MILLISECOND, UTC>',
    ],
  );
  const first = table.get(0)?.toJSON();
  assert.equal(Number(first?.session), Date.UTC(2024, 0, 2));
  assert.equal(first?.close, 0.1);
  assert.equal(first?.trades, 12n);
  assert.equal(first?.complete, true);
  assert.equal(Number(first?.fetched_at), 1_704_207_845_678);
  assert.deepEqual(Object.values(table.get(1)?.toJSON() ?? {}), [null, null, null, null, null, null, null]);
  assert.equal(table.get(2)?.toJSON().trades, 2n ** 60n);
});

test('Arrow without rows still carries the schema', async () => {
  const table = tableFromIPC(await bytesOf(encodeArrow, streamRows(FIELDS, [])));
  assert.equal(table.numRows, 0);
  assert.equal(table.schema.fields.length, FIELDS.length);
});

test('Arrow refuses a number beyond 64 bits with one clear message', async () => {
  const rows = [{ trades: 2n ** 64n }];
  await assert.rejects(textOf(encodeArrow, rows, [{ name: 'trades', type: 'long' }]), {
    code: 'export-value-out-of-range',
  });
});

for (const [name, encode] of Object.entries({ encodeCsv, encodeJson, encodeNdjson, encodeArrow })) {
  test(`${name} asks for the next batch only when its own bytes were taken`, async () => {
    let made = 0;
    async function* batches(): AsyncGenerator<RowBatch> {
      for (let index = 0; index < 1000; index += 1) {
        made += 1;
        yield { rowCount: 1, columns: [[index]] };
      }
    }
    let chunks = 0;
    let ahead = 0;
    for await (const chunk of encode({ fields: [{ name: 'n', type: 'long' }], batches: batches() })) {
      assert.ok(chunk.byteLength > 0);
      chunks += 1;
      ahead = Math.max(ahead, made - chunks);
      if (chunks === 500) break;
    }
    assert.ok(ahead <= 1, `${ahead} batches were made ahead of the reader`);
    assert.ok(made <= 500, `${made} batches were made for 500 chunks`);
  });
}

test('rows come back as the objects they were', async () => {
  const table = streamRows(FIELDS, ROWS);
  const rows: Row[] = [];
  for await (const batch of table.batches) rows.push(...rowsOf(table.fields, batch));
  assert.deepEqual(rows, ROWS);
});
