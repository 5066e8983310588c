import { openStore, type StoreAddress } from './stores.ts';

/**
 * One of several processes that race for the same keys. Arguments: the store's address as JSON, the writer's name, the
 * number of keys. It prints one line of JSON: the keys whose put was reported as stored.
 */
const [address = '', name = '', count = ''] = process.argv.slice(2);
const store = openStore(JSON.parse(address) as StoreAddress);
const won: string[] = [];
for (let i = 0; i < Number(count); i += 1) {
  const key = `race/${String(i).padStart(4, '0')}`;
  if ((await store.putIfAbsent(key, Buffer.from(name))) === 'stored') won.push(key);
}
process.stdout.write(`${JSON.stringify(won)}\n`);
