import { closeSync, existsSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { CondvestError } from '#base/errors.ts';
import type { StreamPosition } from '#ports/event-stream.ts';
import { isWritable, ticksBusy, ticksDamaged, ticksFailure } from './failure.ts';
import { APPLICATION_ID, CHECK, CREATE, IDENTITY, LAYOUT, SET_FIRST_POSITION, WRITER_SETTINGS } from './schema.sql.ts';
import { BEGIN, COMMIT, ROLLBACK } from './statements.sql.ts';
import { syncFolder } from './tick-folder.ts';

/** One open file: the ticks of one trade date, with the journal of what was received on it. */
export class TickFile {
  readonly path: string;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, connection: DatabaseSync) {
    this.path = path;
    this.#connection = connection;
  }

  run(sql: string, ...values: readonly SQLInputValue[]): { readonly lastInsertRowid: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  get<Row>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /**
   * Returns the first rows of a query, until they have `bytesMax` bytes by `bytesOf`; more if the first one alone has. Rows
   * are arrays of their columns, which takes half the time of objects.
   */
  first<Row>(
    sql: string,
    values: readonly SQLInputValue[],
    bytesOf: (row: Row) => number,
    bytesMax: number,
  ): { readonly rows: Row[]; readonly isAll: boolean } {
    const rows: Row[] = [];
    let bytes = 0;
    const statement = this.#statement(sql);
    statement.setReturnArrays(true);
    for (const row of statement.iterate(...values) as Iterable<unknown> as Iterable<Row>) {
      bytes += bytesOf(row);
      if (bytes > bytesMax && rows.length > 0) return { rows, isAll: false };
      rows.push(row);
    }
    return { rows, isAll: true };
  }

  /** Runs one transaction: all of `work` is stored, or nothing. */
  write<T>(work: () => T): T {
    this.run(BEGIN);
    try {
      const result = work();
      this.run(COMMIT);
      return result;
    } catch (cause) {
      // SQLite rolls back by itself after some failures; a second rollback would fail.
      if (this.#connection.isTransaction) this.run(ROLLBACK);
      throw cause;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Time that SQLite waits for another writer, of which there is none unless somebody starts one by mistake. */
const BUSY_TIMEOUT_MS = 2000;
const PAGE_BYTES = 4096;
const LEFTOVER_AGE_MS_MIN = 5000;

/**
 * Creates the file of a session, unless it exists. Its journal goes on after a position. It is made under another name and linked when it is complete, so that
 * no process ever meets half a file, and only its owner may read it.
 */
export function createTickFile(path: string, after: StreamPosition): void {
  if (existsSync(path)) return;
  const part = `${path}.new-${process.pid}`;
  try {
    removeLeftovers(path);
    rmSync(part, { force: true });
    closeSync(openSync(part, 'wx', 0o600));
    const connection = new DatabaseSync(part);
    try {
      connection.exec(CREATE);
      connection.prepare(SET_FIRST_POSITION).run(after);
    } finally {
      connection.close();
    }
    linkSync(part, path);
    syncFolder(dirname(path));
  } catch (cause) {
    // Another process was faster, and its file is as good.
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw ticksFailure(cause, path);
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(`${part}${end}`, { force: true });
  }
}

/**
 * Removes the log of a file that somebody deleted: SQLite would take it for that of the new one. A fresh log may be that
 * of a process which has created the file in this moment, and is left alone.
 */
function removeLeftovers(path: string): void {
  for (const leftover of [`${path}-wal`, `${path}-shm`]) {
    const info = statSync(leftover, { throwIfNoEntry: false });
    if (info === undefined) continue;
    if (Date.now() - info.mtimeMs < LEFTOVER_AGE_MS_MIN) throw ticksBusy(leftover);
    rmSync(leftover, { force: true });
  }
}

/**
 * Opens an existing file for writing. Throws `ticks-layout-newer`, and `ticks-corrupt` if it is damaged or foreign. Every
 * page of it is checked if that is asked for, which takes less time than reading it.
 */
export function openForWriting(
  path: string,
  options: { readonly bytesMax: number; readonly isChecked: boolean },
): TickFile {
  return opened(path, () => {
    const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    return identified(path, connection, () => {
      const [finding] = options.isChecked ? Object.values(connection.prepare(CHECK).get() ?? {}) : ['ok'];
      if (finding !== 'ok') throw ticksDamaged(path, String(finding));
      connection.exec(`${WRITER_SETTINGS} pragma max_page_count = ${Math.ceil(options.bytesMax / PAGE_BYTES)}`);
    });
  });
}

/** Opens an existing file for reading, beside a process that writes to it. */
export function openForReading(path: string): TickFile {
  return opened(path, () => {
    // Beside a finished file SQLite would create one, which it cannot in a folder that is not writable. Nobody else can.
    const isStill = !existsSync(`${path}-wal`) && !isWritable(dirname(path));
    const address = pathToFileURL(path);
    if (isStill) address.searchParams.set('immutable', '1');
    const connection = new DatabaseSync(isStill ? address : path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    return identified(path, connection, () => undefined);
  });
}

function opened(path: string, open: () => TickFile): TickFile {
  try {
    return open();
  } catch (cause) {
    throw ticksFailure(cause, path);
  }
}

function identified(path: string, connection: DatabaseSync, check: () => void): TickFile {
  try {
    const identity = connection.prepare(IDENTITY).get();
    if (identity?.['application_id'] !== APPLICATION_ID) throw ticksDamaged(path, 'it was not written by Condvest');
    const layout = Number(identity['user_version']);
    if (layout > LAYOUT) throw newerLayout(path, layout);
    check();
    return new TickFile(path, connection);
  } catch (cause) {
    connection.close();
    throw cause;
  }
}

function newerLayout(path: string, layout: number): CondvestError {
  return new CondvestError({
    code: 'ticks-layout-newer',
    kind: 'permanent',
    message: 'A file of ticks was written by a newer version of Condvest',
    found: `${path}, layout ${layout}`,
    allowed: `layout ${LAYOUT}`,
    action: 'Update this program, or move the file away',
  });
}
