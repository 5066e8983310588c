import { SharedGrants } from '#adapters/massive/shared-grants.ts';

/** Asks for requests at one instant, as often as it is told, and says how many were let through. */
const [path = '', nowMs, perMinute, times] = process.argv.slice(2);
const grants = new SharedGrants(path, 'one');
let granted = 0;
for (let ask = 0; ask < Number(times); ask += 1) {
  if (grants.take(Number(nowMs), Number(perMinute)) === 0) granted += 1;
}
process.stdout.write(String(granted));
