import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

import { CondvestError } from '#base/errors.ts';

import { type Grants, recentGrants, waitFor } from './request-budget.ts';

/** Time a process waits for another one that is writing. */
const BUSY_MS = 5000;

/**
 * Grants in a small SQLite file. Processes that use one key from one home folder share its budget, and a restarted
 * process continues with what is left of it. The key itself is not stored.
 */
export class SharedGrants implements Grants {
  readonly #path: string;
  readonly #key: string;
  #database: DatabaseSync | undefined;

  constructor(path: string, apiKey: string) {
    this.#path = path;
    this.#key = createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
  }

  take(nowMs: number, perMinute: number): number {
    try {
      return this.#take(nowMs, perMinute);
    } catch (cause) {
      // Without the file the budget could be exceeded, so no request is made.
      throw new CondvestError({
        code: 'request-budget-unavailable',
        kind: 'transient',
        message: 'Cannot use the file of recent requests',
        found: `${this.#path} (${cause instanceof Error ? cause.message : String(cause)})`,
        action: 'It only covers the last minute: delete it if it is damaged',
        cause,
      });
    }
  }

  #take(nowMs: number, perMinute: number): number {
    const database = this.#open();
    // Immediate: no other process may be let through between the read and the write.
    database.exec('BEGIN IMMEDIATE');
    try {
      const rows = database.prepare('SELECT at_ms FROM grants WHERE key = ? ORDER BY at_ms').all(this.#key);
      const stored = rows.map((row) => Number(row.at_ms));
      const recent = recentGrants(stored, nowMs);
      const waitMs = waitFor(recent, nowMs, perMinute);
      const kept = waitMs === 0 ? [...recent, nowMs] : recent;
      database.prepare('DELETE FROM grants WHERE key = ?').run(this.#key);
      const insert = database.prepare('INSERT INTO grants (key, at_ms) VALUES (?, ?)');
      for (const atMs of kept) insert.run(this.#key, atMs);
      database.exec('COMMIT');
      return waitMs;
    } catch (cause) {
      database.exec('ROLLBACK');
      throw cause;
    }
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    const database = new DatabaseSync(this.#path, { timeout: BUSY_MS });
    // A grant that a power cut loses is a minute old by the time the machine is back.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec('CREATE TABLE IF NOT EXISTS grants (key TEXT NOT NULL, at_ms INTEGER NOT NULL)');
    this.#database = database;
    return database;
  }
}
