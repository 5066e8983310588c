import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FsLocalFiles } from '#adapters/fs/local-files.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { importFiles } from '#batch/import/import-files.ts';
import type { ImportReport } from '#batch/import/report.ts';
import { Engine } from '#lake/engine.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { PARTIAL_SHARE } from '#market/ledger.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';

import { openLake } from './bars-lake.ts';
import { copySorted } from './dataset.sql.ts';
import { copySeconds, type Dataset, type DatasetSize, dataset, FULL_SIZE } from './dataset.ts';

/**
 * Import: Parquet files of daily bars into an empty lake, as a multiple of copying the same rows into one file, and its memory;
 * then the same import again, which must write nothing. Once with a file per year, and once with a single file sorted by symbol,
 * in which each year is a tenth of every page.
 *
 *     node bench/import.ts [--symbols 10000] [--sessions 2520]
 */

const LIMITS = { importToCopy: 3, memoryBytes: 1e9 } as const;
/** DuckDB's share of the process's memory. */
const MEMORY_LIMIT_BYTES = 400e6;
const RUNS = 3;

type Shape = 'years' | 'one';

interface Measured {
  readonly seconds: number;
  readonly memoryBytes: number;
}

/** Best of several runs, each in its own process: only the disk cache is warm, and memory is measured separately. */
function best(step: string, size: DatasetSize, runs: number): Measured {
  const measured = Array.from({ length: runs }, (): Measured => {
    const args = [import.meta.filename, '--step', step];
    args.push('--symbols', String(size.symbols), '--sessions', String(size.sessions));
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.status !== 0) throw new Error(`step ${step} ended with ${child.status ?? child.signal}`);
    return JSON.parse(child.stdout) as Measured;
  });
  return {
    seconds: Math.min(...measured.map(({ seconds }) => seconds)),
    memoryBytes: Math.max(...measured.map(({ memoryBytes }) => memoryBytes)),
  };
}

async function runStep(step: string, calendar: Calendar, data: Dataset): Promise<Measured> {
  const [name, shape] = step.split('-') as [string, Shape];
  const files = await filesOf(data, shape);
  const root = join(data.folder, `import-${shape}`);
  if (name === 'copy') {
    const engine = await Engine.create({ tempFolder: data.folder, memoryLimitBytes: MEMORY_LIMIT_BYTES, threads: 2 });
    try {
      return { seconds: await copySeconds(engine, files), memoryBytes: process.resourceUsage().maxRSS * 1024 };
    } finally {
      engine.close();
    }
  }
  if (name === 'first') await rm(root, { recursive: true, force: true });
  const startMs = performance.now();
  const report = await runImport(root, calendar, files);
  const seconds = (performance.now() - startMs) / 1000;
  const expected = name === 'first' ? 'inserted' : 'unchanged';
  const [bars] = report.datasets;
  if (bars === undefined || bars[expected] !== bars.rows) throw new Error(`not all rows were ${expected}`);
  return { seconds, memoryBytes: process.resourceUsage().maxRSS * 1024 };
}

async function runImport(root: string, calendar: Calendar, files: readonly string[]): Promise<ImportReport> {
  using open = await openLake(root, MEMORY_LIMIT_BYTES);
  const rules = {
    sourceRanks: DEFAULT_SOURCE_RANKS,
    longestInterval: Math.max(...DEFAULT_INTERVALS),
    partialShare: PARTIAL_SHARE,
  };
  const deps = { lake: open.lake, calendar, clock: systemClock, files: new FsLocalFiles(), rules };
  return await importFiles(deps, { files, quarantineBound: 0 });
}

async function filesOf(data: Dataset, shape: Shape): Promise<string[]> {
  const years = data.years.map(({ file }) => file);
  if (shape === 'years') return years;
  const one = join(data.folder, 'one.parquet');
  if (!existsSync(one)) {
    const engine = await Engine.create({ tempFolder: data.folder, memoryLimitBytes: 4e9 });
    await engine.run(copySorted(years, `${one}.partial`));
    engine.close();
    await rename(`${one}.partial`, one);
  }
  return [one];
}

const { values } = parseArgs({
  options: { symbols: { type: 'string' }, sessions: { type: 'string' }, step: { type: 'string' } },
});
const size = {
  symbols: Number(values.symbols ?? FULL_SIZE.symbols),
  sessions: Number(values.sessions ?? FULL_SIZE.sessions),
};
const calendar = createCalendar({ lastYear: new Date().getUTCFullYear() + 2 });
const data = await dataset(calendar, size);
if (values.step !== undefined) {
  process.stdout.write(`${JSON.stringify(await runStep(values.step, calendar, data))}\n`);
} else {
  for (const shape of ['years', 'one'] as const) {
    await filesOf(data, shape);
    const before = best(`copy-${shape}`, size, RUNS);
    const first = best(`first-${shape}`, size, RUNS);
    const again = best(`again-${shape}`, size, 1);
    const after = best(`copy-${shape}`, size, RUNS);
    const copy = Math.min(before.seconds, after.seconds);
    const ratio = first.seconds / copy;
    const verdict = ratio <= LIMITS.importToCopy && first.memoryBytes <= LIMITS.memoryBytes ? 'ok' : 'OVER';
    process.stdout.write(
      `import, ${shape === 'years' ? 'a file a year' : 'one file'}, ${size.symbols} × ${size.sessions}: ` +
        `${first.seconds.toFixed(1)} s, copy ${copy.toFixed(1)} s, ratio ${ratio.toFixed(2)} (limit ${LIMITS.importToCopy}), ` +
        `${Math.round(first.memoryBytes / 1e6)} MB (limit ${LIMITS.memoryBytes / 1e6}), ` +
        `again ${again.seconds.toFixed(1)} s, ${Math.round(again.memoryBytes / 1e6)} MB: ${verdict}\n`,
    );
    await rm(join(data.folder, `import-${shape}`), { recursive: true, force: true });
  }
}
