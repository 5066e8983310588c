/**
 * Consolidation of a year of single-session files into one year file, including the proof of equality, compared with copying the
 * same rows from the same files into one file.
 *
 *     node bench/consolidate.ts [--symbols 10000]
 */
import { cp, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { DAILY_BARS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';

import { openLake, publishSession } from './bars-lake.ts';
import { copySeconds, dataset, FULL_SIZE } from './dataset.ts';

const LIMIT = 2;
const RUNS = 3;
const SESSIONS = 252;
const MEMORY_LIMIT_BYTES = 700e6;

const { values } = parseArgs({ options: { symbols: { type: 'string', default: String(FULL_SIZE.symbols) } } });
const data = await dataset(createCalendar({ lastYear: 2028 }), { symbols: Number(values.symbols), sessions: SESSIONS });
const source = `${data.folder}/sessions`;
const target = `${data.folder}/consolidated`;
await rm(source, { recursive: true, force: true });
{
  using open = await openLake(source, MEMORY_LIMIT_BYTES);
  for (const session of data.dates) await publishSession(open.lake, data, session);
}
const copies: number[] = [];
const merges: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  await rm(target, { recursive: true, force: true });
  await cp(source, target, { recursive: true });
  using open = await openLake(target, MEMORY_LIMIT_BYTES);
  const head = await open.lake.table(DAILY_BARS).head();
  const files = (head?.files ?? []).map((file) => `${target}/${DAILY_BARS.name}/${file.path}`);
  copies.push(await copySeconds(open.engine, files));
  const startMs = performance.now();
  await open.lake.table(DAILY_BARS).compact({
    mode: 'incremental',
    mayShare: () => true,
    isWholeYear: () => true,
  });
  merges.push((performance.now() - startMs) / 1000);
}
await rm(source, { recursive: true });
await rm(target, { recursive: true });
const [copy, merge] = [Math.min(...copies), Math.min(...merges)];
const ratio = merge / copy;
process.stdout.write(
  `${SESSIONS} files of ${values.symbols} rows into one: ${merge.toFixed(2)} s = ${ratio.toFixed(2)} × copy ${copy.toFixed(2)} s ` +
    `(limit ${LIMIT}: ${ratio <= LIMIT ? 'within' : 'OVER'})\n`,
);
