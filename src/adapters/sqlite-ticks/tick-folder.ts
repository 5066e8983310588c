import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type InstantMs, type IsoDate, parseIsoDate } from '#base/dates.ts';
import { ticksFailure } from './failure.ts';

/** The folder of the files of ticks: their names, and which are there. */

const NAME = /^ticks-(\d{4}-\d{2}-\d{2})\.sqlite$/;
/** A file that was set aside, with the instant at which. */
const ASIDE = /^ticks-(\d{4}-\d{2}-\d{2})\.sqlite\.aside-(\d+)$/;
/** Files of SQLite beside its database, and what is left of a creation that was killed. */
const BESIDE = ['-wal', '-shm'] as const;
const PART = /^ticks-\d{4}-\d{2}-\d{2}\.sqlite\.new-\d+(?:-wal|-shm|-journal)?$/;
const PART_AGE_MS_MAX = 3_600_000;

export interface SessionFile {
  readonly session: IsoDate;
  readonly path: string;
}

export class TickFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Creates the folder for its owner alone, durably. */
  create(): void {
    if (existsSync(this.path)) return;
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      syncFolder(dirname(this.path));
    } catch (cause) {
      throw ticksFailure(cause, this.path);
    }
  }

  pathOf(session: IsoDate): string {
    return join(this.path, `ticks-${session}.sqlite`);
  }

  /** Returns the files there are, by ascending session. */
  files(): SessionFile[] {
    return this.#matching(NAME).map(({ session, name }) => ({ session, path: join(this.path, name) }));
  }

  /** Returns the files that were set aside, the oldest first. */
  asides(): (SessionFile & { readonly sinceMs: InstantMs })[] {
    return this.#matching(ASIDE).map(({ session, name, match }) => ({
      session,
      path: join(this.path, name),
      sinceMs: Number(match[2]),
    }));
  }

  /**
   * Renames a damaged file, so that a new one can begin and somebody can look at it. The file itself comes last: until
   * then, it is found again after a crash.
   */
  setAside(session: IsoDate, nowMs: InstantMs): string {
    const from = this.pathOf(session);
    const to = `${from}.aside-${nowMs}`;
    try {
      for (const end of [...BESIDE, '']) {
        if (existsSync(from + end)) renameSync(from + end, to + end);
      }
      syncFolder(this.path);
    } catch (cause) {
      throw ticksFailure(cause, from);
    }
    return to;
  }

  /** Deletes a file. It comes last: a log of SQLite that outlived it would be taken for that of the next one. */
  delete(path: string): void {
    try {
      for (const end of [...BESIDE, '']) rmSync(path + end, { force: true });
    } catch (cause) {
      throw ticksFailure(cause, path);
    }
  }

  sizeOf(path: string): number {
    return ['', ...BESIDE].reduce((sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  /** Deletes what killed processes left of files they were creating. */
  deleteParts(nowMs: InstantMs): void {
    for (const name of this.#names()) {
      if (!PART.test(name)) continue;
      const path = join(this.path, name);
      const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
      if (modifiedMs < nowMs - PART_AGE_MS_MAX) rmSync(path, { force: true });
    }
  }

  #matching(pattern: RegExp): { readonly session: IsoDate; readonly name: string; readonly match: RegExpExecArray }[] {
    return this.#names().flatMap((name) => {
      const match = pattern.exec(name);
      const session = parseIsoDate(match?.[1] ?? '');
      return match === null || session === undefined ? [] : [{ session, name, match }];
    });
  }

  #names(): string[] {
    try {
      return readdirSync(this.path).sort();
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
      throw ticksFailure(cause, this.path);
    }
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
