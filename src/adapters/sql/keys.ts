import type { InstantMs, IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { KeyScope, Keys, KeyUse, NewKey, StoredKey } from '#ports/keys.ts';
import type { Transactions } from './database.ts';
import type { OperationsSchema } from './schema.ts';

export class SqlKeys implements Keys {
  readonly #database: Transactions;

  constructor(database: Transactions) {
    this.#database = database;
  }

  async createKey(key: NewKey): Promise<void> {
    await this.#database.write(async (db) => {
      const holder = await db.selectFrom('api_key_names').selectAll().where('name', '=', key.name).executeTakeFirst();
      if (holder !== undefined) throw nameTaken(key.name, holder.key_id);
      await db.insertInto('api_key_names').values({ name: key.name, key_id: key.id }).execute();
      await db
        .insertInto('api_keys')
        .values({
          id: key.id,
          name: key.name,
          digest: key.digest,
          scopes: key.scopes.join(' '),
          requests_per_minute: key.requestsPerMinute,
          requests_per_day: key.requestsPerDay,
          created_ms: key.createdMs,
          last_used_ms: null,
          revoked_ms: null,
          used_day: null,
          used_requests: 0,
        })
        .execute();
    });
  }

  async findKey(id: string): Promise<StoredKey | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : keyOf(row);
  }

  async keys(limit: number): Promise<StoredKey[]> {
    const rows = await this.#database.read((db) =>
      db.selectFrom('api_keys').selectAll().orderBy('created_ms').orderBy('id').limit(limit).execute(),
    );
    return rows.map(keyOf);
  }

  async hasKeys(): Promise<boolean> {
    const rows = await this.#database.read((db) => db.selectFrom('api_key_names').select('name').limit(1).execute());
    return rows.length > 0;
  }

  revokeKey(idOrName: string, nowMs: InstantMs): Promise<StoredKey | undefined> {
    return this.#database.write(async (db) => {
      const named = await db.selectFrom('api_key_names').selectAll().where('name', '=', idOrName).executeTakeFirst();
      const id = named?.key_id ?? idOrName;
      const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.revoked_ms === null) {
        await db.deleteFrom('api_key_names').where('name', '=', row.name).where('key_id', '=', id).execute();
        await db.updateTable('api_keys').set({ revoked_ms: nowMs }).where('id', '=', id).execute();
      }
      return keyOf(row);
    });
  }

  addUses(uses: readonly KeyUse[]): Promise<ReadonlyMap<string, number>> {
    // Sorted by id, so that concurrent processes lock rows in the same order.
    const sorted = uses.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return this.#database.write(async (db) => {
      const totals = new Map<string, number>();
      for (const { id, day, requests, lastUsedMs } of sorted) {
        const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
        // Requests of an earlier day do not count towards a later one.
        if (row === undefined || (row.used_day ?? '') > day) continue;
        const total = (row.used_day === day ? row.used_requests : 0) + requests;
        const last = Math.max(row.last_used_ms ?? 0, lastUsedMs);
        await db
          .updateTable('api_keys')
          .set({ used_day: day, used_requests: total, last_used_ms: last })
          .where('id', '=', id)
          .execute();
        totals.set(id, total);
      }
      return totals;
    });
  }
}

function keyOf(row: OperationsSchema['api_keys']): StoredKey {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    scopes: row.scopes.split(' ') as KeyScope[],
    requestsPerMinute: row.requests_per_minute,
    requestsPerDay: row.requests_per_day,
    createdMs: row.created_ms,
    lastUsedMs: row.last_used_ms,
    revokedMs: row.revoked_ms,
    usedDay: row.used_day as IsoDate | null,
    usedRequests: row.used_requests,
  };
}

function nameTaken(name: string, id: string): UsageError {
  return new UsageError({
    code: 'key-name-taken',
    message: 'An active key already has this name',
    found: `${name} (${id})`,
    action: 'Choose another name, or revoke that key with: condvest keys revoke',
  });
}
