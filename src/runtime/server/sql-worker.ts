import { createReadStream, writeFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CondvestError } from '#base/errors.ts';
import { Engine } from '#lake/engine.ts';
import type { EngineSession } from '#lake/engine-session.ts';
import { onlyReads } from '#lake/only-reads.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';
import { encodeArrow } from '#serving/export/arrow.ts';
import { encodeCsv } from '#serving/export/csv.ts';
import { encodeNdjson } from '#serving/export/json.ts';
import type { RowBatch, TableStream } from '#serving/export/table-stream.ts';
import { invalidQuery, runStatement } from '#serving/read/query.ts';
import { REPORT_DESCRIPTOR, type SqlJob, type SqlReport } from './sql-worker-protocol.ts';

/**
 * Process that runs one untrusted statement and exits. It is limited by an engine that can access only the lake's
 * files, a check of the statement's parse tree, the engine's memory limit, and a watch over the memory of the process,
 * since text under construction does not count towards the engine's limit.
 */

/** Memory of the process apart from the statement: the program and the engine itself. */
const PROGRAM_BYTES = 300 * 2 ** 20;
/** Values on their way from the engine to the output are held more than once. */
const HELD_TIMES = 2;
const CHECK_MS = 20;

let hasEnded = false;

function report(line: SqlReport): void {
  writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(line)}\n`);
}

function fail(cause: unknown): never {
  hasEnded = true;
  const error = invalidQuery(cause);
  const { code, message, found, allowed, action } =
    error instanceof CondvestError
      ? error
      : { code: 'internal', message: String(error), found: undefined, allowed: undefined, action: undefined };
  const isMemory = code === 'engine-out-of-memory' || code === 'no-space';
  report(isMemory ? TOO_LARGE : { type: 'failed', code, message, found, allowed, action });
  process.exit(1);
}

const TOO_LARGE: SqlReport = {
  type: 'failed',
  code: 'query-too-large',
  message: 'The statement exceeds the memory limit of this server',
  action: 'Select fewer rows before sorting or grouping, or export the table and work on the file',
};

function watchMemory(bytesMax: number): void {
  setInterval(() => {
    if (process.memoryUsage.rss() <= bytesMax || hasEnded) return;
    hasEnded = true;
    report(TOO_LARGE);
    process.exit(1);
  }, CHECK_MS);
  try {
    // If the machine runs out of memory all the same, kill this process first.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux: the watch has to suffice.
  }
}

async function run(job: SqlJob): Promise<void> {
  const { statement, format, views, files, limits, scratchPath } = job;
  watchMemory(limits.bytes * HELD_TIMES + PROGRAM_BYTES);
  const readable = format === 'parquet' ? [...files, scratchPath] : files;
  const engine = await Engine.createSandbox({ files: readable, memoryLimitBytes: limits.bytes, threads: 2 });
  const session = await engine.session();
  for (const schema of new Set(views.map(({ name }) => name[0]))) await session.run(`CREATE SCHEMA ${sqlName(schema)}`);
  for (const { name, select } of views) await session.run(`CREATE VIEW ${name.map(sqlName).join('.')} AS ${select}`);
  await onlyReads(session, statement);
  const chunks = format === 'parquet' ? parquet(session, job) : encode(await runStatement(session, statement), job);
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) report({ type: 'begun' });
    isFirst = false;
    await written(chunk);
  }
  if (isFirst) report({ type: 'begun' });
  hasEnded = true;
  process.stdout.end(() => {
    report({ type: 'done' });
    process.exit(0);
  });
}

function encode(table: TableStream, { format, limits }: SqlJob): AsyncIterable<Uint8Array> {
  const bounded = { fields: table.fields, batches: boundedRows(table.batches, limits.rows) };
  if (format === 'csv') return afterFirstRows(bounded, encodeCsv);
  return format === 'ndjson' ? encodeNdjson(bounded) : afterFirstRows(bounded, encodeArrow);
}

/**
 * Fetches the first rows before the encoder writes its header, so that a failing statement fails before the response
 * starts.
 */
async function* afterFirstRows(
  table: TableStream,
  encoder: (table: TableStream) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const iterator = table.batches[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* batches(): AsyncGenerator<RowBatch> {
    for (let batch = first; batch.done !== true; batch = await iterator.next()) yield batch.value;
  }
  yield* encoder({ fields: table.fields, batches: batches() });
}

async function* boundedRows(batches: AsyncIterable<RowBatch>, rowsMax: number): AsyncGenerator<RowBatch> {
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.rowCount;
    if (rows > rowsMax) throw tooManyRows(rowsMax);
    yield batch;
  }
}

/**
 * Lets the engine write the file. The statement stays a string literal, so that nothing after its last semicolon runs.
 */
async function* parquet(
  session: EngineSession,
  { statement, limits, scratchPath }: SqlJob,
): AsyncGenerator<Uint8Array> {
  const [written] = await session.rows<{ Count: number }>(
    `COPY (SELECT * FROM query(${sqlText(statement)}) LIMIT ${limits.rows + 1}) TO ${sqlText(scratchPath)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  if ((written?.Count ?? 0) > limits.rows) throw tooManyRows(limits.rows);
  yield* createReadStream(scratchPath) as AsyncIterable<Uint8Array>;
}

function tooManyRows(rowsMax: number): CondvestError {
  return new CondvestError({
    code: 'query-too-large',
    kind: 'permanent',
    message: 'The statement returns more rows than this server allows',
    allowed: `up to ${rowsMax} rows`,
    action: 'Select fewer rows, or add a LIMIT',
  });
}

async function written(chunk: Uint8Array): Promise<void> {
  if (process.stdout.write(chunk)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  run(JSON.parse(line) as SqlJob).catch(fail);
});
// The server has exited, or the caller has disconnected.
lines.once('close', () => process.exit(1));
