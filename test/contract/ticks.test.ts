import { eventStreamContract } from './event-stream.ts';
import { TICK_PLACES } from './tick-places.ts';
import { tickStoreContract } from './tick-store.ts';

for (const [name, make] of Object.entries(TICK_PLACES)) {
  eventStreamContract(name, make);
  tickStoreContract(name, make);
}
