import type { InstantMs } from '#base/dates.ts';

/**
 * The journal: events as received, written before anything is made of them and read again after a restart. It relies on
 * little, so that a local file and a shard of a managed stream can both provide it; where events are sharded, each shard
 * is a stream of its own. The speed layer relies on:
 *
 * 1. **Durable when resolved.** Records whose append has resolved survive `kill -9` and a power cut.
 * 2. **At least once.** An append that was rejected, or that never returned, may have been stored and may be repeated.
 *    Readers meet such records twice, at different positions. One batch is stored as a whole or not at all.
 * 3. **Order is by position only.** Records of one batch, and batches that one writer appends one after another, have
 *    rising positions. Nothing else is ordered: not by time, and not between writers.
 * 4. **Positions rise and never recur**, whatever was trimmed, expired or lost before.
 * 5. **Read your writes.** Once an append has resolved, every later read, in any process, finds its records.
 * 6. **A trim takes nothing else.** Records after the position stay. Those up to it may still be read for a while.
 *
 * Failures of the outside world are thrown as `CondvestError` of kind `transient` (retry), `permanent` (no space,
 * read-only, forbidden) or `corrupt`.
 */
export interface EventStream {
  /**
   * Appends records and returns their positions, in the same order. A batch has at most `APPEND_BYTES_MAX` bytes, or is
   * a single record of at most `RECORD_BYTES_MAX`.
   */
  append(records: readonly StreamRecord[]): Promise<readonly StreamPosition[]>;

  /** Yields the records after a position, or all, in the order of their positions, in batches bounded as an append is. */
  read(after?: StreamPosition): AsyncIterable<readonly StoredRecord[]>;

  /** Forgets the records up to a position and the one at it. */
  trim(through: StreamPosition): Promise<void>;
}

/** Bounds of an append, counted in the `bytes` of its records. */
export const APPEND_BYTES_MAX = 4 * 2 ** 20;
export const RECORD_BYTES_MAX = 8 * 2 ** 20;

/** A place in a stream: a safe integer above 0. The later of two is the greater, and some are skipped. */
export type StreamPosition = number;

/** A frame that a connection received, or a note of the writer between two of them. */
export interface StreamRecord {
  /** Given by the writer, rising. A record that was appended twice has one number, so that a reader can tell. */
  readonly number: number;
  /** Whether the bytes are a frame or a note, and of which kind. The stream does not interpret it. */
  readonly kind: string;
  /** Number of the connection that received it; 0 for a note about none. */
  readonly connection: number;
  readonly receivedMs: InstantMs;
  /** Of a frame: as received, byte for byte. */
  readonly bytes: Uint8Array;
}

export interface StoredRecord extends StreamRecord {
  readonly position: StreamPosition;
}
