import { randomBytes } from 'node:crypto';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { UsageError } from '#base/errors.ts';
import type { KeyScope, Keys, StoredKey } from '#ports/keys.ts';
import { digestOf } from '#serving/http/gate/key-ring.ts';
import type { Config } from '../config/config.ts';
import { makeHome } from '../home-folder/home-folder.ts';
import { operationsPath } from './operations.ts';

/** Keys of callers: where runs and notices are. */
export async function openKeys(config: Config): Promise<Keys> {
  const nowMs = systemClock.nowMs();
  if (config.databaseUrl !== undefined) {
    const { openPostgresKeys } = await import('#adapters/sql/open-postgres.ts');
    return openPostgresKeys({ url: config.databaseUrl, random: systemRandom, nowMs });
  }
  await makeHome(config);
  const { openSqliteKeys } = await import('#adapters/sql/open-sqlite.ts');
  return openSqliteKeys({ path: operationsPath(config), random: systemRandom, nowMs });
}

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const KEYS_LISTED_MAX = 10_000;

export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
}

/** A key as people see it: nothing of what it is made of. */
export type KeyView = Omit<StoredKey, 'digest'>;

/** Makes a key. The key itself is in the answer and nowhere else: only its digest is kept. */
export async function createKeyTask(config: Config, request: KeyRequest): Promise<{ key: string; id: string }> {
  await using keys = await openKeys(config);
  const id = randomBytes(ID_BYTES).toString('hex');
  const key = `cvk_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  await keys.createKey({ id, digest: digestOf(key), createdMs: systemClock.nowMs(), ...request });
  return { key, id };
}

export async function listKeysTask(config: Config): Promise<KeyView[]> {
  await using keys = await openKeys(config);
  return (await keys.keys(KEYS_LISTED_MAX)).map(viewOf);
}

/** Ends a key; it as it was. Throws `key-not-found`. */
export async function revokeKeyTask(config: Config, idOrName: string): Promise<KeyView> {
  await using keys = await openKeys(config);
  const key = await keys.revokeKey(idOrName, systemClock.nowMs());
  if (key !== undefined) return viewOf(key);
  throw new UsageError({
    code: 'key-not-found',
    message: 'There is no key of this id, and none in use of this name',
    found: idOrName,
    action: 'See all of them with: condvest keys list',
  });
}

function viewOf({ digest: _, ...view }: StoredKey): KeyView {
  return view;
}
