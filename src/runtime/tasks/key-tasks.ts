import { randomBytes } from 'node:crypto';
import { UsageError } from '#base/errors.ts';
import type { NewKey, StoredKey } from '#ports/keys.ts';
import { digestOf } from '#serving/http/gate/key-ring.ts';
import type { AppContext } from '../app.ts';

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const KEYS_LISTED_MAX = 10_000;

export type KeyRequest = Omit<NewKey, 'id' | 'digest' | 'createdMs'>;

/** An API key as shown to people, without its digest. */
export type KeyView = Omit<StoredKey, 'digest'>;

/** Creates an API key. The returned key is not stored anywhere: only its digest is. */
export async function createKeyTask(app: AppContext, request: KeyRequest): Promise<{ key: string; id: string }> {
  const id = randomBytes(ID_BYTES).toString('hex');
  const key = `cvk_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  await app.keys.createKey({ id, digest: digestOf(key), createdMs: app.clock.nowMs(), ...request });
  return { key, id };
}

export async function listKeysTask(app: AppContext): Promise<KeyView[]> {
  return (await app.keys.keys(KEYS_LISTED_MAX)).map(viewOf);
}

/** Revokes a key and returns it as it was before. Throws `key-not-found`. */
export async function revokeKeyTask(app: AppContext, idOrName: string): Promise<KeyView> {
  const key = await app.keys.revokeKey(idOrName, app.clock.nowMs());
  if (key !== undefined) return viewOf(key);
  throw new UsageError({
    code: 'key-not-found',
    message: 'No key has this id, and no active key has this name',
    found: idOrName,
    action: 'List the keys with: condvest keys list',
  });
}

function viewOf({ digest: _, ...view }: StoredKey): KeyView {
  return view;
}
