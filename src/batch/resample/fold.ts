import { assert, defined } from '#base/assert.ts';
import type { EngineSession, SqlParameter } from '#lake/engine-session.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';

import {
  CHUNK_SESSIONS,
  CREATE_CHUNK_BARS,
  CREATE_RANKS,
  CREATE_SPECIAL_BARS,
  createPairs,
  createSpecialWindows,
  foldSelect,
  KEEP_CHUNK_BARS,
  type LoadedTable,
  ONLY_KEPT_BARS,
  READ_SESSIONS,
  readChunkBars,
  SCALES,
  SEGMENTS,
  WINDOWS,
} from './fold.sql.ts';
import type { PlannedWindow, Published } from './plan.ts';
import type { WindowScale } from './scales.ts';
import type { LinkedSpan } from './symbol-spans.ts';

/** Inputs of the folds of one run. */
export interface FoldInputs {
  readonly calendar: Calendar;
  readonly published: Published;
  /** For every symbol that is not always its own security: its whole history, without gaps. */
  readonly spans: readonly LinkedSpan[];
  /** Of all intervals of the run. */
  readonly scales: readonly WindowScale[];
  /** SQL text of the daily rows of these sessions; it may give rows of other sessions too. */
  readonly scan: (sessions: SessionSet) => Promise<string>;
}

/**
 * Folds daily bars into N-session bars on one DuckDB session, chunk by chunk. A chunk is all windows, of every
 * interval, that begin in one year: its rows are read once, and what the next chunk needs of them (the windows of
 * December reach into January) is handed on, which is why chunks come in descending order of year.
 */
export class FoldRun {
  readonly #session: EngineSession;
  readonly #inputs: FoldInputs;
  #held: ReadonlySet<number> = new Set();

  private constructor(session: EngineSession, inputs: FoldInputs) {
    this.#session = session;
    this.#inputs = inputs;
  }

  /** @param windows all that the run is to fold, of all intervals. */
  static async start(session: EngineSession, inputs: FoldInputs, windows: Iterable<PlannedWindow>): Promise<FoldRun> {
    const run = new FoldRun(session, inputs);
    await run.#load(
      SEGMENTS,
      inputs.spans.map((span) => [span.symbol, span.first, span.last, span.securityId]),
    );
    await run.#load(
      SCALES,
      inputs.scales.map((scale) => [
        scale.interval,
        scale.securityId,
        scale.window,
        scale.fromIndex,
        scale.toIndex,
        scale.price,
        scale.volume,
      ]),
    );
    await session.run(CREATE_CHUNK_BARS);
    const sessions = run.#sessionsOf(run.#indexesOf(windows));
    await session.run(createPairs(await inputs.scan(sessions)));
    await session.run(CREATE_RANKS);
    return run;
  }

  /** Brings in the rows of these windows, which may be of several intervals. */
  async load(windows: Iterable<PlannedWindow>): Promise<void> {
    const wanted = this.#indexesOf(windows);
    const missing = new Set([...wanted].filter((index) => !this.#held.has(index)));
    await this.#load(CHUNK_SESSIONS, this.#rowsOf(wanted));
    this.#held = new Set();
    await this.#session.run(KEEP_CHUNK_BARS);
    if (missing.size === 0) await this.#session.run(ONLY_KEPT_BARS);
    else {
      await this.#load(READ_SESSIONS, this.#rowsOf(missing));
      await this.#session.run(readChunkBars(await this.#inputs.scan(this.#sessionsOf(missing))));
    }
    await this.#session.run(CREATE_SPECIAL_BARS);
    this.#held = wanted;
  }

  /**
   * The SELECT that yields the bars of these windows of one interval, ascending and loaded. Valid until the next call.
   */
  async select(interval: number, windows: readonly PlannedWindow[]): Promise<string> {
    for (const index of this.#indexesOf(windows)) assert(this.#held.has(index), `session index ${index} is not loaded`);
    await this.#load(
      WINDOWS,
      windows.map((window) => [window.number, window.firstSession, window.lastSession, interval, window.complete]),
    );
    await this.#session.run(createSpecialWindows(interval));
    const from = defined(windows[0], 'at least one window').fromIndex;
    const to = defined(windows.at(-1), 'at least one window').toIndex;
    return foldSelect(interval, from, to);
  }

  #indexesOf(windows: Iterable<PlannedWindow>): Set<number> {
    const indexes = new Set<number>();
    for (const { fromIndex, toIndex } of windows) {
      for (let index = fromIndex; index <= toIndex; index += 1) {
        if (this.#inputs.published.indexes.has(index)) indexes.add(index);
      }
    }
    return indexes;
  }

  #sessionsOf(indexes: ReadonlySet<number>): SessionSet {
    return SessionSet.of([...indexes].map((index) => this.#inputs.calendar.sessionAt(index)));
  }

  #rowsOf(indexes: ReadonlySet<number>): SqlParameter[][] {
    return [...indexes].map((index) => [this.#inputs.calendar.sessionAt(index), index]);
  }

  async #load(table: LoadedTable, rows: readonly (readonly SqlParameter[])[]): Promise<void> {
    await this.#session.load(table.name, table.columns, rows);
  }
}
