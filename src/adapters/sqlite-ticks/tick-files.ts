import { existsSync, statSync } from 'node:fs';
import { type InstantMs, type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { StreamPosition } from '#ports/event-stream.ts';
import { isDamage, ticksFailure } from './failure.ts';
import { createTickFile, openForReading, openForWriting, type TickFile } from './tick-file.ts';
import { type SessionFile, TickFolder } from './tick-folder.ts';

export interface TickReaderOptions {
  /** The folder of the files; `live` in the home folder. */
  readonly folder: string;
  /** Returns the oldest session that has not expired. */
  readonly oldestSession: () => IsoDate;
}

export interface TicksOptions extends TickReaderOptions {
  /** Returns the session of the present, into whose file the journal is written. */
  readonly currentSession: () => IsoDate;
  /** Bound of all files together, which a single one cannot exceed. */
  readonly bytesMax: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Is told of each file that was damaged or foreign, and is now under another name. */
  readonly onSetAside: (file: SetAsideFile) => void;
}

export interface SetAsideFile {
  readonly session: IsoDate;
  readonly path: string;
  readonly reason: string;
}

/** An open file of a session. */
export interface KeptFile {
  readonly session: IsoDate;
  readonly file: TickFile;
}

/** The files of the sessions that have not expired. */
export class TickFiles {
  readonly folder: TickFolder;
  readonly oldestSession: () => IsoDate;
  readonly #open = new Map<IsoDate, KeptFile & { readonly inode: number }>();

  constructor({ folder, oldestSession }: TickReaderOptions) {
    this.folder = new TickFolder(folder);
    this.oldestSession = oldestSession;
  }

  /** Returns the files, by ascending session, each opened once. One that was deleted or replaced meanwhile is let go. */
  kept(): KeptFile[] {
    const oldest = this.oldestSession();
    const present = this.folder.files().filter(({ session }) => session >= oldest);
    const names = new Set(present.map(({ session }) => session));
    for (const session of this.#open.keys()) if (!names.has(session)) this.close(session);
    return present.flatMap((file) => this.opened(file) ?? []);
  }

  /** Reads a file; a failure is thrown as one of that file. */
  reading<T>({ file }: KeptFile, work: (file: TickFile) => T): T {
    try {
      return work(file);
    } catch (cause) {
      throw ticksFailure(cause, file.path);
    }
  }

  /** Closes the file of a session, or all. */
  close(session?: IsoDate): void {
    for (const [name, { file }] of this.#open) {
      if (session !== undefined && session !== name) continue;
      this.#open.delete(name);
      file.close();
    }
  }

  /** Returns the file, or undefined if it is gone. */
  protected opened({ session, path }: SessionFile): KeptFile | undefined {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    if (inode === undefined) return undefined;
    const known = this.#open.get(session);
    if (known?.inode === inode) return known;
    this.close(session);
    try {
      const kept = { session, file: this.openFile({ session, path }), inode };
      this.#open.set(session, kept);
      return kept;
    } catch (cause) {
      if (!existsSync(path)) return undefined;
      throw cause;
    }
  }

  protected openFile({ path }: SessionFile): TickFile {
    return openForReading(path);
  }
}

/** The files of the one process that writes them. It sets aside what is damaged, and begins anew. */
export class WrittenTickFiles extends TickFiles {
  readonly #options: TicksOptions;

  constructor(options: TicksOptions) {
    super(options);
    this.#options = options;
  }

  get bytesMax(): number {
    return this.#options.bytesMax;
  }

  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Writes one transaction to the file of a session, which is created if needed. */
  write<T>(session: IsoDate, work: (kept: KeptFile) => T): T {
    if (session < this.oldestSession()) throw expired(session, this.oldestSession());
    const kept = this.#fileOf(session);
    try {
      return kept.file.write(() => work(kept));
    } catch (cause) {
      const failure = ticksFailure(cause, kept.file.path);
      if (isDamage(failure)) this.#setAside(session, failure);
      throw failure;
    }
  }

  /** Appends to the journal of the present. It never goes back to an earlier file, since positions only rise. */
  writeJournal<T>(work: (kept: KeptFile) => T): T {
    const newest = this.folder.files().at(-1)?.session;
    const current = this.#options.currentSession();
    return this.write(newest !== undefined && newest > current ? newest : current, work);
  }

  override reading<T>(kept: KeptFile, work: (file: TickFile) => T): T {
    try {
      return super.reading(kept, work);
    } catch (cause) {
      if (isDamage(cause)) this.#setAside(kept.session, cause);
      throw cause;
    }
  }

  protected override opened(file: SessionFile): KeptFile | undefined {
    try {
      return super.opened(file);
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      this.#setAside(file.session, cause);
      return undefined;
    }
  }

  /** Checks the file that is about to be written as a whole. In others, damage is found where it is met. */
  protected override openFile({ session, path }: SessionFile): TickFile {
    return openForWriting(path, { bytesMax: this.bytesMax, isChecked: session >= this.#options.currentSession() });
  }

  #fileOf(session: IsoDate): KeptFile {
    const path = this.folder.pathOf(session);
    this.folder.create();
    const kept = this.opened({ session, path });
    if (kept !== undefined) return kept;
    createTickFile(path, positionBefore(session, this.#nextInstant(session)));
    const created = this.opened({ session, path });
    if (created !== undefined) return created;
    throw gone(path);
  }

  #setAside(session: IsoDate, cause: unknown): void {
    this.close(session);
    if (!existsSync(this.folder.pathOf(session))) return;
    const path = this.folder.setAside(session, this.#nextInstant(session));
    this.#options.onSetAside({ session, path, reason: cause instanceof Error ? cause.message : String(cause) });
  }

  /** Returns an instant after those of all files of the session so far, even if the clock was set back. */
  #nextInstant(session: IsoDate): number {
    const last = this.folder.asides().findLast((aside) => aside.session === session);
    return Math.max(this.nowMs(), (last?.sinceMs ?? 0) + 1);
  }
}

/** Positions of one date, of which each millisecond has some: files begun one after another do not share any. */
const POSITIONS_A_DATE = 2 ** 38;
const POSITIONS_A_MS = 64;
/** Files are created within so many days before and after their date. */
const DAYS_AROUND = 16;

/**
 * Returns the position after which the journal of a file goes on. It rises with the date and, for files of one date, with
 * the instant of creation, so that positions never recur after a file was lost. Safe integers until the year 2059.
 */
function positionBefore(session: IsoDate, nowMs: InstantMs): StreamPosition {
  const day = toEpochDay(session);
  const sinceMs = Math.min(Math.max(nowMs - (day - DAYS_AROUND) * MS_PER_DAY, 0), 2 * DAYS_AROUND * MS_PER_DAY);
  return day * POSITIONS_A_DATE + sinceMs * POSITIONS_A_MS;
}

function expired(session: IsoDate, oldest: IsoDate): CondvestError {
  return new CondvestError({
    code: 'ticks-session-expired',
    kind: 'permanent',
    message: 'The ticks of this session have expired, so none are added to it',
    found: session,
    allowed: `sessions from ${oldest} on`,
  });
}

function gone(path: string): CondvestError {
  return new CondvestError({
    code: 'ticks-file-gone',
    kind: 'transient',
    message: 'Another process removed a file of ticks while it was opened',
    found: path,
  });
}
