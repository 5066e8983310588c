import type { Transaction } from 'kysely';
import type { Transactions } from './database.ts';
import type { OperationsSchema } from './schema.ts';

/** Deletes a batch of rows per transaction until there are none. Returns their number. */
export async function deleteInBatches(
  database: Transactions,
  deleteSome: (transaction: Transaction<OperationsSchema>) => Promise<number>,
): Promise<number> {
  for (let deleted = 0; ; ) {
    const some = await database.write(deleteSome);
    if (some === 0) return deleted;
    deleted += some;
  }
}
