import { TICK_PLACES } from './tick-places.ts';
import { tickProcessContract } from './tick-processes.ts';

for (const [name, make] of Object.entries(TICK_PLACES)) tickProcessContract(name, make);
