import { parseIsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { AppContext } from '#runtime/app.ts';
import { isFromVendor } from '#runtime/config/source-choice.ts';
import { type BuildOrigin, type BuildReport, buildSteps, startBuild } from '#runtime/daemon/build.ts';
import { BuildBoard } from '#runtime/daemon/build-board.ts';
import { backfill, type DaemonHost, initialBackfill, runOnce, runSchedule } from '#runtime/daemon/daemon.ts';
import { saveHistoryStart, yearsBefore } from '#runtime/daemon/history.ts';
import { openWorkLink, type WorkLink } from '#runtime/daemon/work-link.ts';
import {
  checkSameMarket,
  marketStart,
  type SimulatedMarketSettings,
  saveMarketSettings,
} from '#runtime/home-folder/simulated-market.ts';
import { RunService } from '#runtime/runs/run-service.ts';
import { hasBars } from '#runtime/tasks/has-bars.ts';
import { barsTask, symbolsTask, tablesTask } from '#runtime/tasks/tasks.ts';
import type { ExitCode, Invocation } from './command.ts';
import { flagOption } from './options.ts';
import { describeRun, describeStep } from './pipeline.ts';
import { renderBars } from './render/bars.ts';
import { renderTable, right } from './render/table.ts';
import { formatBytes, formatCount, formatDuration, formatInstant } from './render/text.ts';
import { stepProgress } from './step-progress.ts';
import type { WorkOptions } from './up.ts';
import { describeVerify } from './verify.ts';
import { withWriter } from './with-app.ts';

const SYMBOLS_DEFAULT = 200;
const YEARS_DEFAULT = 10;
const SEED_DEFAULT = 1;

/** Fills the lake and keeps it up to date, without serving it. */
export async function runWork(invocation: Invocation, wanted: WorkOptions): Promise<ExitCode> {
  const link = openWorkLink();
  const signal = link === undefined ? invocation.signal : AbortSignal.any([invocation.signal, link.signal]);
  try {
    return await work({ ...invocation, signal, ...(link === undefined ? {} : { link }) }, wanted);
  } catch (cause) {
    // A command that runs until it is stopped has succeeded when it is.
    if (!flagOption(invocation, 'once') && signal.aborted && cause instanceof CondvestError) return 0;
    throw cause;
  }
}

const STOPPED = 130;

/** Invocation with the link to a server, if this process is its worker. */
interface UpInvocation extends Invocation {
  readonly link?: WorkLink;
}

async function work(invocation: UpInvocation, wanted: WorkOptions): Promise<ExitCode> {
  const { terminal, signal, link } = invocation;
  const isOnce = flagOption(invocation, 'once');
  return withWriter(invocation, async (app) => {
    if (link !== undefined) {
      // Opened while the server starts. A store that cannot be opened is reported by whatever needs it first.
      await Promise.allSettled([app.runs.latest(1)]);
      await link.released;
    }
    const started = performance.now();
    await using service = new RunService(app, { write: (line) => terminal.note(line) });
    const host = hostOf(invocation, app, service);
    const daemon = { app, service, host, signal };
    const isNew = !(await hasBars(app));
    const isReal = isFromVendor(app.config);
    const market = isReal ? undefined : await marketFor(app, wanted);
    const canFetch = isReal || market !== undefined;
    const startedMs = app.clock.nowMs();
    let isComplete: boolean;
    if (isNew || !canFetch) {
      const origin = await originOf(app, market, wanted);
      isComplete = await (isOnce ? backfill(host, origin) : initialBackfill(daemon, origin));
    } else isComplete = await runOnce(daemon);
    if (!isNew && (isOnce || !canFetch)) await summarize(invocation, app, market, performance.now() - started);
    const exitCode = isComplete ? 0 : 1;
    if (isOnce) return signal.aborted ? STOPPED : exitCode;
    if (signal.aborted) return 0;
    if (!canFetch) {
      terminal.note('There is no source to keep the lake up to date: set MASSIVE_API_KEY.');
      return exitCode;
    }
    link?.serveRuns(async (session) => startRun(invocation, service, host, session));
    await runSchedule(daemon, { startedMs, isComplete });
    return 0;
  });
}

/** Starts a run for the server in the background and returns its id. */
async function startRun(
  { signal }: UpInvocation,
  service: RunService,
  host: DaemonHost,
  text: string | undefined,
): Promise<string> {
  const session = text === undefined ? undefined : parseIsoDate(text);
  const { id, report } = await service.start({
    input: session === undefined ? {} : { session },
    signal,
    onStep: host.onStep,
  });
  report.then(host.onRun, (cause: unknown) => {
    if (!(cause instanceof CondvestError)) throw cause;
    host.onTrouble(cause);
  });
  return id;
}

function hostOf(invocation: UpInvocation, app: AppContext, service: RunService): DaemonHost {
  const { terminal, link } = invocation;
  return {
    build: async (origin) => {
      const started = performance.now();
      const wasEmpty = !(await hasBars(app));
      const report = await fill(invocation, app, service, origin);
      if (wasEmpty) {
        const market = origin.kind === 'simulated' ? origin.market : undefined;
        await summarize(invocation, app, market, performance.now() - started);
        link?.send({ type: 'built' });
      }
      return report;
    },
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
  };
}

const NEXT_RUNS = {
  'after-close': 'after the close of',
  settling: 'when corrections end for',
  again: 'retry of',
} as const;

/** The vendor's free plan has two years. */
const VENDOR_YEARS_DEFAULT = 2;

/** Where an empty lake is filled from. How far back is kept before the first row, so that a fill that dies is gone on with. */
async function originOf(
  app: AppContext,
  market: SimulatedMarketSettings | undefined,
  wanted: WorkOptions,
): Promise<BuildOrigin> {
  if (market !== undefined) return { kind: 'simulated', market };
  if (!isFromVendor(app.config)) return { kind: 'present' };
  const from = yearsBefore(app.clock.nowMs(), wanted.years ?? VENDOR_YEARS_DEFAULT);
  await saveHistoryStart(app.config, from);
  return { kind: 'vendor', from };
}

/** The simulated market to fill the lake from; undefined where it holds other data, with which made-up prices never mix. */
async function marketFor(app: AppContext, wanted: WorkOptions): Promise<SimulatedMarketSettings | undefined> {
  const to = app.calendar.lastClosedSession(app.clock.nowMs());
  const saved = await app.simulatedMarket();
  if (saved !== undefined) {
    checkSameMarket(saved, {
      ...(wanted.seed === undefined ? {} : { seed: wanted.seed }),
      ...(wanted.symbols === undefined ? {} : { securities: wanted.symbols }),
      ...(wanted.years === undefined ? {} : { from: marketStart(app.calendar, to, wanted.years) }),
    });
    return saved;
  }
  if (await hasBars(app)) return undefined;
  const market = {
    seed: wanted.seed ?? SEED_DEFAULT,
    securities: wanted.symbols ?? SYMBOLS_DEFAULT,
    from: marketStart(app.calendar, to, wanted.years ?? YEARS_DEFAULT),
  };
  await saveMarketSettings(app.config, market);
  return market;
}

/** Fills the lake: a bar of progress while somebody watches, and a line for each step when it is done. */
async function fill(
  invocation: UpInvocation,
  app: AppContext,
  service: RunService,
  origin: BuildOrigin,
): Promise<BuildReport> {
  const { terminal, signal, link } = invocation;
  const board = new BuildBoard({
    steps: buildSteps(origin),
    startedMs: app.clock.nowMs(),
    onChange: (building) => link?.send({ type: 'building', building }),
  });
  const progress = stepProgress(terminal);
  const { report } = await startBuild(app, service, {
    origin,
    signal,
    onProgress: (step, done, total, detail) => {
      progress.update(step, done, total, detail);
      board.progress(step, done, total, detail);
    },
    onStep: ({ step, state, detail, startedMs, endedMs }) => {
      link?.send({ type: 'changed' });
      if (state === 'running') {
        board.progress(step, 0, 0, detail ?? '');
        return;
      }
      progress.stop();
      if (state === 'succeeded') board.done(step, detail ?? '');
      if (state === 'succeeded')
        terminal.note(`${step.padEnd(11)} ${detail ?? ''} (${formatDuration((endedMs ?? startedMs) - startedMs)})`);
    },
  });
  try {
    const built = await report;
    for (const line of describeVerify(built.verified).slice(0, -1)) terminal.note(line);
    if (built.trouble !== undefined) terminal.note(`condvest: ${built.trouble.message}`);
    link?.send({ type: 'building', building: null });
    return built;
  } catch (cause) {
    board.failed(cause instanceof Error ? cause.message : String(cause));
    throw cause;
  } finally {
    progress.stop();
  }
}

async function summarize(
  invocation: Invocation,
  app: AppContext,
  market: SimulatedMarketSettings | undefined,
  ms: number,
): Promise<void> {
  const { terminal } = invocation;
  const tables = await tablesTask(app);
  const shown = app.lakeFolder.startsWith(`${process.cwd()}/`)
    ? app.lakeFolder.slice(process.cwd().length + 1)
    : app.lakeFolder;
  if (terminal.json) {
    await terminal.line(
      JSON.stringify({ simulated: market ?? null, lake: app.lakeFolder, ms: Math.round(ms), tables }, undefined, 2),
    );
    return;
  }
  const columns = ['table', right('rows'), right('size'), 'first', 'last'];
  const rows = tables.map((table) => [
    table.table,
    formatCount(table.rows),
    formatBytes(table.bytes),
    table.first ?? '',
    table.last ?? '',
  ]);
  const lines = ['', ...renderTable(columns, rows, 100)];
  const [symbol] = await symbolsTask(app, undefined, 1);
  const name = symbol?.symbol ?? 'SYMBOL';
  if (symbol !== undefined) {
    const result = await barsTask(app, { symbol: name, interval: app.config.intervals.at(-2) ?? 5 });
    const last = { ...result, bars: result.bars.slice(-4) } as typeof result;
    lines.push('', ...renderBars(last, { total: 4, plot: false, width: 110 }));
  }
  lines.push('');
  if (market !== undefined)
    lines.push(
      'These prices are simulated: the companies do not exist, and nothing here says anything about a real market.',
    );
  lines.push(
    `The lake is in ${shown} (${formatDuration(ms)}). Try:`,
    `  ./condvest bars ${name} --interval 21d --plot`,
    `  ./condvest sql "select session, count(*) as bars, sum(close * volume) as dollars from bronze.daily_bars group by 1 order by 1 desc limit 5"`,
    `  ./condvest bars ${name} --adjust total --format csv`,
    `  python -c "import polars as pl; print(pl.scan_delta('${shown}/silver/bars_21d').tail().collect())"`,
    '  ./condvest verify --deep',
    '  ./condvest help',
  );
  for (const line of lines) await terminal.line(line);
}
