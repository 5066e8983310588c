import { sql } from 'kysely';
import type { IsoDate } from '#base/dates.ts';
import type { ListedSecurity } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import type { Database } from './database.ts';

/** Nine values a row: far below what a statement may carry. */
const BATCH_ROWS = 500;
/** A replacement of listings takes seconds: one begun so long ago will not go on. */
const ABANDONED_AFTER_MS = 3_600_000;

/** An instant as text that sorts as the instant does. */
function instantText(ms: number): string {
  return String(ms).padStart(16, '0');
}

/** The searchable copy of the listings: whole generations, of which one is the current one. */
export class ListingsProjection {
  readonly #database: Database;
  readonly #random: Random;

  constructor(database: Database, random: Random) {
    this.#database = database;
    this.#random = random;
  }

  /** A new generation is written in batches (DSQL takes 3,000 rows a transaction), then made the current one. */
  async replace(rows: readonly ListedSecurity[], nowMs: number): Promise<void> {
    const generation = `${instantText(nowMs)}-${this.#random.uuid()}`;
    for (let start = 0; start < rows.length; start += BATCH_ROWS) {
      const batch = rows.slice(start, start + BATCH_ROWS).map((row) => ({
        generation,
        security_id: row.securityId,
        symbol: row.symbol,
        first_session: row.firstSession,
        last_session: row.lastSession,
        name: row.name,
        type: row.type,
        exchange: row.exchange,
        name_search: (row.name ?? '').toLowerCase(),
      }));
      await this.#database.write(async (db) => void (await db.insertInto('listings').values(batch).execute()));
    }
    const before = await this.#database.write(async (db) => {
      const current = await db.selectFrom('listings_generation').selectAll().executeTakeFirst();
      await db
        .insertInto('listings_generation')
        .values({ id: 'current', generation })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ generation }))
        .execute();
      return current?.generation ?? generation;
    });
    // The one replaced, and what a process that was killed had begun long ago.
    const abandoned = instantText(nowMs - ABANDONED_AFTER_MS);
    while ((await this.#deleteSome({ before, abandoned, current: generation })) > 0);
  }

  /** Some rows of old generations, so that no transaction grows with the market. */
  #deleteSome(of: { readonly before: string; readonly abandoned: string; readonly current: string }) {
    return this.#database.write(async (db) => {
      const some = await db
        .selectFrom('listings')
        .select(['generation', 'symbol'])
        .where('generation', '!=', of.current)
        .where((eb) => eb.or([eb('generation', '=', of.before), eb('generation', '<', of.abandoned)]))
        .orderBy('generation')
        .orderBy('symbol')
        .limit(BATCH_ROWS)
        .execute();
      const first = some[0];
      if (first === undefined) return 0;
      const last = some.findLast(({ generation }) => generation === first.generation) ?? first;
      await db
        .deleteFrom('listings')
        .where('generation', '=', last.generation)
        .where('symbol', '<=', last.symbol)
        .execute();
      return some.length;
    });
  }

  async search(text: string, limit: number): Promise<ListedSecurity[]> {
    const escaped = text.replaceAll(/[\\%_]/g, '\\$&');
    const rows = await this.#database.read((db) =>
      db
        .selectFrom('listings')
        .innerJoin('listings_generation', 'listings_generation.generation', 'listings.generation')
        .selectAll('listings')
        .where((eb) =>
          eb.or([
            // SQLite's LIKE knows no case; the comparison of the beginning does.
            sql<boolean>`substr(symbol, 1, ${text.length}) = ${text}`,
            sql<boolean>`name_search like ${`%${escaped.toLowerCase()}%`} escape '\\'`,
          ]),
        )
        .orderBy(
          sql`case when symbol = ${text} then 0 when substr(symbol, 1, ${text.length}) = ${text} then 1 else 2 end`,
        )
        .orderBy('symbol')
        .orderBy('first_session')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({
      securityId: row.security_id,
      symbol: row.symbol,
      firstSession: row.first_session as IsoDate,
      lastSession: row.last_session as IsoDate | null,
      name: row.name,
      type: row.type,
      exchange: row.exchange,
    }));
  }
}
