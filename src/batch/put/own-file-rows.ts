import { yearOf } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { byYear } from '#lake/put.ts';
import { SessionSet } from '#market/session-set.ts';

import { copyBySessionSql, readSessionSql } from './put-bars.sql.ts';

/** With fewer sessions than this that get files of their own, each is read from the input directly. */
const STAGED_SESSIONS_MIN = 3;

/**
 * The rows of sessions that get a file each, in a scratch file sorted by session: reading them one by one from an input that
 * is sorted by symbol would read all of it for each.
 */
export class OwnFileRows implements AsyncDisposable {
  readonly #lake: Lake;
  readonly #scratch = new AsyncDisposableStack();
  readonly #paths = new Map<number, string>();
  #sessions = SessionSet.empty;

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  /** `rows` gives the SELECT of some sessions of one year. */
  async stage(sessions: SessionSet, rows: (sessions: SessionSet) => string): Promise<void> {
    if (sessions.size < STAGED_SESSIONS_MIN) return;
    for (const [year, ofYear] of byYear(sessions)) {
      const { path } = this.#scratch.use(await this.#lake.scratchFile());
      this.#paths.set(year, path);
      await this.#lake.run(copyBySessionSql(rows(ofYear), path));
    }
    this.#sessions = sessions;
  }

  /** The rows of one session, sorted by symbol; undefined where they were not staged. */
  rowsOf(sessions: SessionSet): string | undefined {
    const { min, size } = sessions;
    if (size !== 1 || min === undefined || !this.#sessions.has(min)) return undefined;
    const path = this.#paths.get(yearOf(min));
    return path === undefined ? undefined : readSessionSql(path, sessions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch.disposeAsync();
  }
}
