import { isoDate, parseIsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { BuildBoard } from '#runtime/build-board.ts';
import { type DaemonEvents, keepTime, runOnce } from '#runtime/daemon.ts';
import { fetchTask } from '#runtime/fetch-tasks.ts';
import type { Laptop } from '#runtime/laptop.ts';
import { pipelineTask } from '#runtime/pipeline-tasks.ts';
import {
  checkSameMarket,
  keepMarketSettings,
  marketStart,
  readMarketSettings,
  type SimulatedMarketSettings,
  writeMarketFiles,
} from '#runtime/simulated-market.ts';
import { isFromVendor } from '#runtime/source.ts';
import {
  barsTask,
  consolidateTask,
  hasBars,
  importTask,
  resampleTask,
  symbolsTask,
  tablesTask,
  verifyTask,
} from '#runtime/tasks.ts';
import { openWorkLink, type WorkLink } from '#runtime/work-link.ts';
import { yearsBefore } from './backfill.ts';
import type { ExitCode, Invocation } from './command.ts';
import { describeConsolidate } from './consolidate.ts';
import { describeFetch } from './fetch.ts';
import { withLaptop } from './opened.ts';
import { flagOption, wholeOption } from './options.ts';
import { describeRun, describeStep } from './pipeline.ts';
import { renderBars } from './render/bars.ts';
import { renderTable } from './render/table.ts';
import { formatBytes, formatCount, formatDuration, formatInstant, plural } from './render/text.ts';
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
  const isServing = !flagOption(invocation, 'once') && invocation.options.serve !== false;
  if (isServing) return (await import('./up-serving.ts')).serveAndWork(invocation);
  const link = openWorkLink();
  if (link === undefined) return work(invocation, wanted);
  try {
    return await work({ ...invocation, signal: AbortSignal.any([invocation.signal, link.signal]), link }, wanted);
  } catch (cause) {
    // The server that this process works for has told it to stop.
    if (link.signal.aborted && cause instanceof CondvestError) return STOPPED;
    throw cause;
  }
}

const STOPPED = 130;

/** An invocation that may be one for a server, which is told how it goes. */
interface UpInvocation extends Invocation {
  readonly link?: WorkLink;
  readonly board?: BuildBoard;
}

async function work(invocation: UpInvocation, wanted: Wanted): Promise<ExitCode> {
  const { terminal, signal, link } = invocation;
  return withLaptop(invocation, async (laptop) => {
    const started = performance.now();
    const isNew = !(await hasBars(laptop));
    const isReal = isFromVendor(laptop);
    const market = isReal ? undefined : await marketFor(laptop, wanted);
    const canFetch = isReal || market !== undefined;
    let exitCode: ExitCode = 0;
    if (isNew || !canFetch) {
      exitCode = await build(invocation, laptop, { market, isNew, years: wanted.years ?? VENDOR_YEARS_DEFAULT });
    } else if (!(await runOnce(laptop, eventsOf(invocation), signal))) exitCode = 1;
    if (isNew || flagOption(invocation, 'once') || !canFetch)
      await summarize(invocation, laptop, { market, ms: performance.now() - started });
    if (isNew) link?.send({ type: 'built' });
    if (flagOption(invocation, 'once') || signal.aborted) return signal.aborted ? STOPPED : exitCode;
    if (!canFetch) {
      terminal.note('There is nothing to fetch from, so nothing is kept up to date: set MASSIVE_API_KEY to do so.');
      return exitCode;
    }
    link?.serveRuns((session) => startRun(invocation, laptop, session));
    await keepTime(laptop, eventsOf(invocation), signal);
    return 0;
  });
}

/** Fills an empty lake, and derives what is derived, also over what is there already. */
async function build(
  invocation: UpInvocation,
  laptop: Laptop,
  of: { readonly market: SimulatedMarketSettings | undefined; readonly isNew: boolean; readonly years: number },
): Promise<ExitCode> {
  const { link } = invocation;
  const { market, isNew, years } = of;
  const filling = isNew ? (market === undefined ? ['fetching'] : ['simulating', 'importing']) : [];
  const board = new BuildBoard({
    steps: [...filling, 'resampling', 'merging', 'verifying'],
    startedMs: laptop.clock.nowMs(),
    onChange: (building) => link?.send({ type: 'building', building }),
  });
  const shown = { ...invocation, board };
  try {
    if (isNew && market !== undefined) await fill(shown, laptop, market);
    if (isNew && market === undefined && isFromVendor(laptop)) await backfill(shown, laptop, years);
    await derive(shown, laptop);
    const exitCode = await check(shown, laptop);
    link?.send({ type: 'building', building: null });
    return exitCode;
  } catch (cause) {
    board.failed(cause instanceof Error ? cause.message : String(cause));
    throw cause;
  }
}

/** Starts a run that the server was asked for; its id, once it has begun. */
function startRun(invocation: UpInvocation, laptop: Laptop, text: string | undefined): Promise<string> {
  const session = text === undefined ? undefined : parseIsoDate(text);
  const events = eventsOf(invocation);
  return new Promise((resolve, reject) => {
    pipelineTask(laptop, {
      input: session === undefined ? {} : { session },
      signal: invocation.signal,
      onStep: (step) => {
        resolve(step.runId);
        events.onStep(step);
      },
      write: events.write,
    }).then(
      (report) => {
        resolve(report.run.id);
        events.onRun(report);
      },
      (cause: unknown) => {
        reject(cause);
        if (cause instanceof CondvestError && cause.code !== 'pipeline-busy') events.onTrouble(cause);
      },
    );
  });
}

function eventsOf({ terminal, link }: UpInvocation): DaemonEvents {
  return {
    onNext: (next) => {
      const { atMs, reason, session } = next;
      link?.send({ type: 'next', next });
      terminal.note(`Next run at ${formatInstant(atMs)}: ${NEXT_RUNS[reason]} ${session}. Stop with Ctrl-C.`);
    },
    onStep: (step) => {
      link?.send({ type: 'changed' });
      if (step.state !== 'running') terminal.note(describeStep(step));
    },
    onRun: ({ run: one }) => {
      link?.send({ type: 'changed' });
      terminal.note(describeRun(one));
    },
    onTrouble: (error) => terminal.note(`condvest: ${error.message}`),
    write: (line) => terminal.note(line),
  };
}

const NEXT_RUNS = {
  'after-close': 'after the close of',
  settling: 'when corrections are over of',
  again: 'once more for',
} as const;

/** The vendor's free plan has two years. */
const VENDOR_YEARS_DEFAULT = 2;

async function backfill(invocation: UpInvocation, laptop: Laptop, years: number): Promise<void> {
  const { terminal, signal } = invocation;
  const fetching = step(invocation, 'fetching');
  const started = performance.now();
  const report = await fetchTask(laptop, {
    from: yearsBefore(isoDate(new Date(laptop.clock.nowMs()).toISOString().slice(0, 10)), years),
    signal,
    onProgress: ({ done, total, session }) => {
      const leftMs = ((performance.now() - started) / done) * (total - done);
      fetching.update(done, total, `${session}, ${formatDuration(leftMs)} left`);
    },
  });
  fetching.done(describeFetch(report).at(-1) ?? '');
  const error = report.bars.sessions.find((one) => one.error !== undefined)?.error;
  if (error === undefined) return;
  if (report.bars.inserted === 0) throw error;
  terminal.note(`condvest: ${error.message}`);
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
  if (await hasBars(laptop)) return undefined;
  const market = {
    seed: wanted.seed ?? SEED_DEFAULT,
    securities: wanted.symbols ?? SYMBOLS_DEFAULT,
    from: marketStart(laptop, to, wanted.years ?? YEARS_DEFAULT),
  };
  await keepMarketSettings(laptop, market);
  return market;
}

async function fill(invocation: UpInvocation, laptop: Laptop, market: SimulatedMarketSettings): Promise<void> {
  const { signal } = invocation;
  const to = laptop.calendar.lastClosedSession(laptop.clock.nowMs());
  const simulating = step(invocation, 'simulating');
  const files = await writeMarketFiles(laptop, market, to, simulating.update);
  simulating.done(`${plural(files.rows, 'bar')} of ${plural(files.sessions, 'session')}, ${market.from} to ${to}`);
  signal.throwIfAborted();
  const importing = step(invocation, 'importing');
  const report = await importTask(laptop, {
    files: files.paths,
    source: 'simulated',
    onStep: (name) => importing.update(0, 1, name),
  });
  const inserted = report.datasets.map((part) => `${formatCount(part.inserted + part.replaced)} ${part.dataset}`);
  importing.done(report.changed ? inserted.join(', ') : 'nothing new');
}

async function derive(invocation: UpInvocation, laptop: Laptop): Promise<void> {
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

async function check(invocation: UpInvocation, laptop: Laptop): Promise<ExitCode> {
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
function step(invocation: UpInvocation, name: string) {
  const { terminal, board } = invocation;
  const progress = terminal.progress(name);
  const started = performance.now();
  board?.progress(name, 0, 1, '');
  return {
    update: (done: number, total: number, detail = ''): void => {
      progress.update(done, total, detail);
      board?.progress(name, done, total, detail);
    },
    done: (result: string): void => {
      progress.stop();
      board?.done(name, result);
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
