/**
 * The six-interval rebuild compared with Polars and pandas doing the plain part of the same job on the same files in memory, if
 * Python has them (CONDVEST_TEST_PYTHON, else python3). Ours also applies splits, commits, and stays within its memory limit.
 *
 *     node bench/peers.ts [--symbols 2000] [--sessions 2520]
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '#adapters/system/clock.ts';
import { resample } from '#batch/resample/resample.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import { barsLake, emptySilver, openLake } from './bars-lake.ts';
import { dataset } from './dataset.ts';

const RUNS = 2;
const MEMORY_LIMIT_BYTES = 400e6;

const { values } = parseArgs({
  options: { symbols: { type: 'string', default: '2000' }, sessions: { type: 'string', default: '2520' } },
});
const calendar = createCalendar({ lastYear: 2028 });
const data = await dataset(calendar, { symbols: Number(values.symbols), sessions: Number(values.sessions) });
const root = await barsLake(data, 0);
const out = `${data.folder}/peers`;
await rm(out, { recursive: true, force: true });
await mkdir(out);
const indexFile = `${out}/sessions.csv`;
const rows = data.dates.map((session) => `${session},${calendar.sessionIndex(session)}\n`);
await writeFile(indexFile, `session,index\n${rows.join('')}`);

const ours: number[] = [];
const peers = new Map<string, number[]>();
for (let run = 0; run < RUNS; run += 1) {
  await emptySilver(root);
  {
    using open = await openLake(root, MEMORY_LIMIT_BYTES);
    const startMs = performance.now();
    await resample({ lake: open.lake, calendar, clock: systemClock }, { intervals: DEFAULT_INTERVALS });
    ours.push((performance.now() - startMs) / 1000);
  }
  for (const peer of ['polars', 'pandas']) {
    const python = process.env['CONDVEST_TEST_PYTHON'] ?? 'python3';
    const { status, stdout } = spawnSync(python, ['bench/peers.py', peer, data.folder, out, indexFile], {
      encoding: 'utf8',
    });
    if (status === 0) peers.set(peer, [...(peers.get(peer) ?? []), Number(stdout)]);
    else if (run === 0) process.stdout.write(`${peer}: not measured; ${python} cannot run bench/peers.py with it\n`);
  }
}
const best = Math.min(...ours);
for (const [peer, times] of peers) {
  const seconds = Math.min(...times);
  process.stdout.write(
    `${values.symbols} × ${values.sessions}, six intervals: ours ${best.toFixed(1)} s, ${peer} ${seconds.toFixed(1)} s; ours takes ${(best / seconds).toFixed(2)} of its time\n`,
  );
}
await rm(out, { recursive: true });
