import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';

/**
 * A foreign Delta writer. It knows the protocol but not our conventions, so its files carry no tags and its commits
 * list no sessions. It never runs concurrently with others.
 */
export class OtherWriter {
  readonly #store: ObjectStore;
  readonly #lake: Lake;
  readonly #random: Random;

  constructor(store: ObjectStore, lake: Lake, random: Random) {
    this.#store = store;
    this.#lake = lake;
    this.#random = random;
  }

  /** Appends one row as a separate file. */
  async append(bar: DailyBar, nowMs: number): Promise<void> {
    const { symbol, session, open, high, low, close, volume, vwap, trades, source, fetchedAtMs } = bar;
    const select = `SELECT '${symbol}' AS symbol, DATE '${session}' AS session, ${open}::DOUBLE AS open, ${high}::DOUBLE AS high,
      ${low}::DOUBLE AS low, ${close}::DOUBLE AS close, ${volume}::DOUBLE AS volume, ${vwap ?? 'NULL'}::DOUBLE AS vwap,
      ${trades ?? 'NULL'}::BIGINT AS trades, ${source === null ? 'NULL' : `'${source}'`}::VARCHAR AS source,
      make_timestamp(${fetchedAtMs} * 1000)::TIMESTAMPTZ AS fetched_at`;
    const add = await this.#file(select, session, session, 1);
    await this.#commit([{ add: { ...add, dataChange: true } }], 'WRITE', nowMs);
  }

  /** Merges the files of one year into one, like `OPTIMIZE`. Returns false if there is nothing to merge. */
  async compact(nowMs: number): Promise<boolean> {
    const head = await this.#lake.table(DAILY_BARS).head();
    const years = [...new Set(head?.files.map((file) => file.partitionValues['year']))];
    const year = years[Math.floor(this.#random.next() * years.length)];
    const files = head?.files.filter((file) => file.partitionValues['year'] === year) ?? [];
    if (files.length < 2) return false;
    const scan = await this.#lake.table(DAILY_BARS).scanSql(files);
    const [bounds] = await this.#lake.rows<{ first: IsoDate; last: IsoDate; rows: number }>(
      `SELECT min(session) AS first, max(session) AS last, count(*) AS rows FROM (${scan})`,
    );
    if (bounds === undefined) return false;
    const select = `SELECT * EXCLUDE (year) FROM (${scan}) ORDER BY symbol, session`;
    const add = await this.#file(select, bounds.first, bounds.last, bounds.rows);
    const removes = files.map(({ path, partitionValues, sizeBytes }) => ({
      remove: {
        path,
        dataChange: false,
        deletionTimestamp: nowMs,
        extendedFileMetadata: true,
        partitionValues,
        size: sizeBytes,
      },
    }));
    await this.#commit([...removes, { add: { ...add, dataChange: false } }], 'OPTIMIZE', nowMs);
    return true;
  }

  async #file(select: string, first: IsoDate, last: IsoDate, rows: number) {
    const scratch = await this.#store.scratchPath('.parquet');
    await this.#lake.run(`COPY (${select}) TO '${scratch}' (FORMAT parquet)`);
    const path = `year=${first.slice(0, 4)}/part-${this.#random.uuid()}.parquet`;
    const info = await this.#store.publish(scratch, `${DAILY_BARS.name}/${path}`);
    const stats = {
      numRecords: rows,
      minValues: { session: first },
      maxValues: { session: last },
      nullCount: { session: 0 },
    };
    return {
      path,
      partitionValues: { year: first.slice(0, 4) },
      size: info.sizeBytes,
      modificationTime: info.modifiedMs,
      stats: JSON.stringify(stats),
    };
  }

  async #commit(actions: readonly object[], operation: string, nowMs: number): Promise<void> {
    const head = await this.#lake.table(DAILY_BARS).head();
    const version = String((head?.version ?? -1) + 1).padStart(20, '0');
    const lines = [...actions, { commitInfo: { timestamp: nowMs, operation, engineInfo: 'another-writer:1.0' } }];
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
    await this.#store.putIfAbsent(`${DAILY_BARS.name}/_delta_log/${version}.json`, Buffer.from(text));
  }
}
