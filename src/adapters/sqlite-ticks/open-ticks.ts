import type { EventStream } from '#ports/event-stream.ts';
import type { TickReader, TickStore } from '#ports/tick-store.ts';
import { SqliteEventStream } from './event-stream.ts';
import { TickFiles, type TickReaderOptions, type TicksOptions, WrittenTickFiles } from './tick-files.ts';
import { SqliteTickReader } from './tick-reader.ts';
import { SqliteTickStore } from './tick-store.ts';

/** The journal and the tick store over the same files. */
export interface Ticks extends Disposable {
  readonly stream: EventStream;
  readonly store: TickStore;
}

/** Returns the ticks for the one process that writes them. Files are opened and created on first use. */
export function openTicks(options: TicksOptions): Ticks {
  const files = new WrittenTickFiles(options);
  return {
    stream: new SqliteEventStream(files),
    store: new SqliteTickStore(files),
    [Symbol.dispose]: () => files.close(),
  };
}

/** Returns the ticks for a process that only reads. It changes no file, and sees what a running writer writes. */
export function openTickReader(options: TickReaderOptions): { readonly reader: TickReader } & Disposable {
  const files = new TickFiles(options);
  return { reader: new SqliteTickReader(files), [Symbol.dispose]: () => files.close() };
}
