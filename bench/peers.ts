/**
 * The six-interval rebuild compared with Polars and pandas on the same files, if Python has them (CONDVEST_TEST_PYTHON,
 * else python3): both do the plain part of the job in memory, and Polars also does the whole of it but renames. Ours
 * follows renames, too, and stays within its memory limit. Processor time counts where other programs run.
 *
 *     node bench/peers.ts [--symbols 2000] [--sessions 2520]
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '#adapters/system/clock.ts';
import { append } from '#base/append.ts';
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

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const ours: Measured[] = [];
const peers = new Map<string, Measured[]>();
for (let run = 0; run < RUNS; run += 1) {
  await emptySilver(root);
  {
    using open = await openLake(root, MEMORY_LIMIT_BYTES);
    const startMs = performance.now();
    const start = process.cpuUsage();
    await resample({ lake: open.lake, calendar, clock: systemClock }, { intervals: DEFAULT_INTERVALS });
    const { user, system } = process.cpuUsage(start);
    ours.push({ seconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 });
  }
  for (const peer of ['polars', 'polars-whole', 'pandas']) {
    const python = process.env['CONDVEST_TEST_PYTHON'] ?? 'python3';
    const { status, stdout } = spawnSync(python, ['bench/peers.py', peer, data.folder, out, indexFile], {
      encoding: 'utf8',
    });
    const [seconds = 0, cpuSeconds = 0] = stdout.split(' ').map(Number);
    if (status === 0) append(peers, peer, { seconds, cpuSeconds });
    else if (run === 0) process.stdout.write(`${peer}: not measured; ${python} cannot run bench/peers.py with it\n`);
  }
}
const size = `${values.symbols} × ${values.sessions}, six intervals`;
for (const [peer, times] of peers) {
  for (const [what, of] of [
    ['time', ({ seconds }: Measured) => seconds],
    ['processor time', ({ cpuSeconds }: Measured) => cpuSeconds],
  ] as const) {
    const [own, other] = [Math.min(...ours.map(of)), Math.min(...times.map(of))];
    process.stdout.write(
      `${size}: ours ${own.toFixed(1)} s, ${peer} ${other.toFixed(1)} s; ours takes ${(own / other).toFixed(2)} of its ${what}\n`,
    );
  }
}
await rm(out, { recursive: true });
