import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openTickReader, openTicks, type Ticks } from '#adapters/sqlite-ticks/open-ticks.ts';
import type { SetAsideFile } from '#adapters/sqlite-ticks/tick-files.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import type { StreamPosition } from '#ports/event-stream.ts';
import type { Checkpoint, TickReader } from '#ports/tick-store.ts';
import { memoryFolder } from '#test/fixtures/memory-folder.ts';

/** Address with which another process opens the same ticks: plain text for its command line. */
export interface TicksAddress {
  readonly kind: 'sqlite';
  readonly folder: string;
}

/** The present, as tests set it. */
export interface Present {
  session: IsoDate;
  oldest: IsoDate;
  nowMs: number;
}

/** A new place for ticks, removed on dispose. */
export interface TickPlace extends AsyncDisposable {
  readonly address: TicksAddress;
  readonly present: Present;
  /** Opens the ticks for writing; closed on dispose. */
  readonly open: () => Ticks;
  readonly openReader: () => { readonly reader: TickReader } & Disposable;
  readonly setAside: SetAsideFile[];
}

export const SESSION = isoDate('2026-12-01');
export const NEXT_SESSION = isoDate('2026-12-02');
export const BYTES_MAX = 32 * 2 ** 20;

export function presentOf(session: IsoDate = SESSION): Present {
  return { session, oldest: isoDate('2026-11-24'), nowMs: Date.parse('2026-12-01T15:00:00Z') };
}

/** All adapters that keep ticks. A new one adds a line here and must pass the suites unchanged. */
export const TICK_PLACES: Readonly<Record<TicksAddress['kind'], () => Promise<TickPlace>>> = {
  sqlite: async () => {
    const root = await mkdtemp(join(memoryFolder(), 'condvest-ticks-'));
    const address: TicksAddress = { kind: 'sqlite', folder: join(root, 'live') };
    const present = presentOf();
    const setAside: SetAsideFile[] = [];
    return {
      address,
      present,
      setAside,
      open: () => openTicksAt(address, present, (file) => setAside.push(file)),
      openReader: () => openTickReader({ folder: address.folder, oldestSession: () => present.oldest }),
      [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
    };
  },
};

export function openTicksAt(
  address: TicksAddress,
  present: Present,
  onSetAside: (file: SetAsideFile) => void = () => undefined,
  bytesMax = BYTES_MAX,
): Ticks {
  return openTicks({
    folder: address.folder,
    currentSession: () => present.session,
    oldestSession: () => present.oldest,
    bytesMax,
    clock: { nowMs: () => present.nowMs },
    onSetAside,
  });
}

/** Returns everything that an iterable of batches yields. */
export async function flat<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** Returns whether each position is after the one before it. */
export function areRising(positions: readonly StreamPosition[]): boolean {
  return positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? 0));
}

/** Returns a checkpoint at a record, up to which nothing is needed any more. */
export function checkpointAt(position: StreamPosition): Checkpoint {
  return { position, readAfter: position, state: new TextEncoder().encode(`state at ${position}`) };
}
