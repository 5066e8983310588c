import type { Laptop } from '#runtime/laptop.ts';
import {
  checkSameMarket,
  keepMarketSettings,
  marketStart,
  readMarketSettings,
  type SimulatedMarketSettings,
  writeMarketFiles,
} from '#runtime/simulated-market.ts';
import {
  barsTask,
  consolidateTask,
  importTask,
  resampleTask,
  symbolsTask,
  tablesTask,
  verifyTask,
} from '#runtime/tasks.ts';
import type { ExitCode, Invocation } from './command.ts';
import { describeConsolidate } from './consolidate.ts';
import { withLaptop } from './opened.ts';
import { wholeOption } from './options.ts';
import { renderBars } from './render/bars.ts';
import { renderTable } from './render/table.ts';
import { formatBytes, formatCount, formatDuration, plural } from './render/text.ts';
import { describeVerify } from './verify.ts';

const SYMBOLS_DEFAULT = 200;
const SYMBOLS_MAX = 12_000;
const YEARS_DEFAULT = 10;
const YEARS_MAX = 60;
const SEED_DEFAULT = 1;
const SEED_MAX = 2 ** 31 - 1;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const wanted = {
    symbols: wholeOption(invocation, 'symbols', 1, SYMBOLS_MAX),
    years: wholeOption(invocation, 'years', 1, YEARS_MAX),
    seed: wholeOption(invocation, 'seed', 0, SEED_MAX),
  };
  return withLaptop(invocation, async (laptop) => {
    const started = performance.now();
    const market = await marketFor(laptop, wanted);
    if (market !== undefined) await fill(invocation, laptop, market);
    await derive(invocation, laptop);
    const exitCode = await check(invocation, laptop);
    await summarize(invocation, laptop, { market, ms: performance.now() - started });
    return exitCode;
  });
}

interface Wanted {
  readonly symbols: number | undefined;
  readonly years: number | undefined;
  readonly seed: number | undefined;
}

/** The simulated market to fill the lake from; undefined where it holds other data, with which made-up prices never mix. */
async function marketFor(laptop: Laptop, wanted: Wanted): Promise<SimulatedMarketSettings | undefined> {
  const to = laptop.calendar.lastClosedSession(laptop.clock.nowMs());
  const kept = await readMarketSettings(laptop);
  if (kept !== undefined) {
    checkSameMarket(kept, {
      ...(wanted.seed === undefined ? {} : { seed: wanted.seed }),
      ...(wanted.symbols === undefined ? {} : { securities: wanted.symbols }),
      ...(wanted.years === undefined ? {} : { from: marketStart(laptop, to, wanted.years) }),
    });
    return kept;
  }
  const tables = await tablesTask(laptop);
  if (tables.some(({ table }) => table === 'bronze/daily_bars')) return undefined;
  const market = {
    seed: wanted.seed ?? SEED_DEFAULT,
    securities: wanted.symbols ?? SYMBOLS_DEFAULT,
    from: marketStart(laptop, to, wanted.years ?? YEARS_DEFAULT),
  };
  await keepMarketSettings(laptop, market);
  return market;
}

async function fill(invocation: Invocation, laptop: Laptop, market: SimulatedMarketSettings): Promise<void> {
  const { signal } = invocation;
  const to = laptop.calendar.lastClosedSession(laptop.clock.nowMs());
  const simulating = step(invocation, 'simulating');
  const files = await writeMarketFiles(laptop, market, to, simulating.update);
  simulating.done(`${plural(files.rows, 'bar')} of ${plural(files.sessions, 'session')}, ${market.from} to ${to}`);
  signal.throwIfAborted();
  const importing = step(invocation, 'importing');
  const report = await importTask(laptop, {
    files: [files.listings, files.splits, files.dividends, files.bars],
    source: 'simulated',
    onStep: (name) => importing.update(0, 1, name),
  });
  const inserted = report.datasets.map((part) => `${formatCount(part.inserted + part.replaced)} ${part.dataset}`);
  importing.done(report.changed ? inserted.join(', ') : 'nothing new');
}

async function derive(invocation: Invocation, laptop: Laptop): Promise<void> {
  invocation.signal.throwIfAborted();
  const resampling = step(invocation, 'resampling');
  const report = await resampleTask(laptop, {}, ({ year, done, total }) =>
    resampling.update(done, total, String(year)),
  );
  const failed = report.bars.intervals.find((part) => part.error !== undefined)?.error;
  if (failed !== undefined) throw failed;
  const windows = report.bars.intervals.reduce((sum, part) => sum + part.windows, 0);
  resampling.done(
    windows === 0
      ? 'up to date'
      : `${plural(windows, 'window')} of ${report.bars.intervals.map((part) => part.interval).join(', ')} sessions`,
  );
  invocation.signal.throwIfAborted();
  const merging = step(invocation, 'merging');
  const consolidated = await consolidateTask(laptop, { mode: 'incremental', maxWorkers: 2 });
  merging.done(describeConsolidate(consolidated));
}

async function check(invocation: Invocation, laptop: Laptop): Promise<ExitCode> {
  invocation.signal.throwIfAborted();
  const verifying = step(invocation, 'verifying');
  const report = await verifyTask(laptop, { deep: false }, ({ table, done, total }) =>
    verifying.update(done, total, table),
  );
  const lines = describeVerify(report);
  verifying.done(lines.at(-1) ?? '');
  for (const line of lines.slice(0, -1)) invocation.terminal.note(line);
  return report.findingCount > 0 ? 1 : 0;
}

/** One step of the work: a bar of progress while it runs where somebody watches, and a line when it is done. */
function step(invocation: Invocation, name: string) {
  const { terminal } = invocation;
  const progress = terminal.progress(name);
  const started = performance.now();
  return {
    update: progress.update,
    done: (result: string): void => {
      progress.stop();
      terminal.note(`${name.padEnd(11)} ${result} (${formatDuration(performance.now() - started)})`);
    },
  };
}

async function summarize(
  invocation: Invocation,
  laptop: Laptop,
  run: { readonly market: SimulatedMarketSettings | undefined; readonly ms: number },
): Promise<void> {
  const { terminal } = invocation;
  const tables = await tablesTask(laptop);
  const shown = laptop.lakeFolder.startsWith(`${process.cwd()}/`)
    ? laptop.lakeFolder.slice(process.cwd().length + 1)
    : laptop.lakeFolder;
  if (terminal.json) {
    await terminal.line(
      JSON.stringify(
        { simulated: run.market ?? null, lake: laptop.lakeFolder, ms: Math.round(run.ms), tables },
        undefined,
        2,
      ),
    );
    return;
  }
  await terminal.line();
  const columns = [
    { name: 'table' },
    { name: 'rows', align: 'right' as const },
    { name: 'size', align: 'right' as const },
    { name: 'first' },
    { name: 'last' },
  ];
  const rows = tables.map((table) => [
    table.table,
    formatCount(table.rows),
    formatBytes(table.bytes),
    table.first ?? '',
    table.last ?? '',
  ]);
  for (const line of renderTable(columns, rows, 100)) await terminal.line(line);
  const [symbol] = await symbolsTask(laptop, undefined, 1);
  const name = symbol?.symbol ?? 'SYMBOL';
  if (symbol !== undefined) {
    const result = await barsTask(laptop, { symbol: name, interval: laptop.config.intervals.at(-2) ?? 5 });
    await terminal.line();
    const last = { ...result, bars: result.bars.slice(-4) } as typeof result;
    for (const line of renderBars(last, { total: 4, plot: false, width: 110 })) await terminal.line(line);
  }
  await terminal.line();
  if (run.market !== undefined) {
    await terminal.line(
      'These prices are simulated: no such companies exist, and nothing here says anything about a real market.',
    );
  }
  await terminal.line(`The lake is in ${shown} (${formatDuration(run.ms)}). Try:`);
  for (const line of [
    `./condvest bars ${name} --interval 21d --plot`,
    `./condvest sql "select session, count(*) as bars, sum(close * volume) as dollars from bronze.daily_bars group by 1 order by 1 desc limit 5"`,
    `./condvest bars ${name} --adjust total --format csv`,
    `python -c "import polars as pl; print(pl.scan_delta('${shown}/silver/bars_21d').tail().collect())"`,
    './condvest verify --deep',
    './condvest help',
  ]) {
    await terminal.line(`  ${line}`);
  }
}
