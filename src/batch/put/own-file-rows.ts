import { yearOf } from '#base/dates.ts';
import type { LakeDeps } from '#lake/lake-deps.ts';
import { byYear } from '#lake/put.ts';
import { SessionSet } from '#market/session-set.ts';

import { copyBySessionSql, readSessionSql } from './put-bars.sql.ts';

/** With fewer sessions than this that get files of their own, each is read from the input directly. */
const STAGED_SESSIONS_MIN = 3;

/**
 * The rows of sessions that get a file each, in a scratch file sorted by session: reading them one by one from an input that
 * is sorted by symbol would read all of it for each.
 */
export class OwnFileRows {
  readonly #deps: Pick<LakeDeps, 'engine' | 'store'>;
  readonly #paths = new Map<number, string>();
  #sessions = SessionSet.empty;

  constructor(deps: Pick<LakeDeps, 'engine' | 'store'>) {
    this.#deps = deps;
  }

  /** `rows` gives the SELECT of some sessions of one year. */
  async stage(sessions: SessionSet, rows: (sessions: SessionSet) => string): Promise<void> {
    if (sessions.size < STAGED_SESSIONS_MIN) return;
    for (const [year, ofYear] of byYear(sessions)) {
      const path = await this.#deps.store.scratchPath('.parquet');
      this.#paths.set(year, path);
      await this.#deps.engine.run(copyBySessionSql(rows(ofYear), path));
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

  async discard(): Promise<void> {
    for (const path of this.#paths.values()) await this.#deps.store.discardScratch(path);
    this.#paths.clear();
  }
}
