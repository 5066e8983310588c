import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import type { ObjectStore } from '#ports/object-store.ts';

/** Address with which another process opens the same store: plain text for its command line. */
export interface StoreAddress {
  readonly kind: 'fs';
  readonly root: string;
}

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly address: StoreAddress;
}

/** All real stores. A new adapter adds one line here and must pass the suite unchanged. */
export const REAL_STORES: Readonly<Record<StoreAddress['kind'], () => Promise<StoreUnderTest>>> = {
  fs: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'condvest-store-'));
    const address: StoreAddress = { kind: 'fs', root: join(folder, 'lake') };
    return {
      store: openStore(address),
      address,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

export function openStore(address: StoreAddress): ObjectStore {
  return new FsObjectStore({ root: address.root });
}
