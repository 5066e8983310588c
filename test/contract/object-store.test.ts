import { objectStoreContract } from './object-store.ts';
import { REAL_STORES } from './stores.ts';

for (const [name, open] of Object.entries(REAL_STORES)) objectStoreContract(name, open);
