import type { IsoDate } from '#base/dates.ts';
import type { ListedSecurity, ListingsIndex } from '#ports/listings-index.ts';
import type { Random } from '#ports/random.ts';
import type { Transactions } from './database.ts';

/** Rows per insert. At nine values a row, a batch stays far below the parameter limit of a statement. */
const BATCH_ROWS = 500;
/** A replacement takes seconds, so one that started this long ago is abandoned. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Formats an instant so that it sorts as text. */
function instantText(ms: number): string {
  return String(ms).padStart(16, '0');
}

/** Each replacement is a generation of rows; readers see the current one. */
export class SqlListingsIndex implements ListingsIndex {
  readonly #database: Transactions;
  readonly #random: Random;

  constructor(database: Transactions, random: Random) {
    this.#database = database;
    this.#random = random;
  }

  /** Writes a new generation in batches (DSQL allows 3,000 rows per transaction), then makes it current. */
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
    // Delete the replaced generation, and leftovers of processes killed long ago.
    const abandoned = instantText(nowMs - ABANDONED_AFTER_MS);
    while ((await this.#deleteSome({ before, abandoned, current: generation })) > 0);
  }

  /** Deletes one batch of old rows, so that transactions do not grow with the market. */
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
    // Loaded on use: opening the program should not load the query builder.
    const { sql } = await import('kysely');
    const escaped = text.replaceAll(/[\\%_]/g, '\\$&');
    const rows = await this.#database.read((db) =>
      db
        .selectFrom('listings')
        .innerJoin('listings_generation', 'listings_generation.generation', 'listings.generation')
        .selectAll('listings')
        .where((eb) =>
          eb.or([
            // LIKE ignores case in SQLite; comparing a prefix does not.
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
