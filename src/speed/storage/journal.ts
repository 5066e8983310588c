import { assert, defined } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { APPEND_BYTES_MAX, type EventStream, type StreamPosition, type StreamRecord } from '#ports/event-stream.ts';
import type { FeedChange } from '#ports/market-feed.ts';
import type { QueuedItem } from '../ingest/feed-queue.ts';

/** A record read again after a restart. */
export interface JournalRecord {
  readonly number: number;
  readonly receivedMs: InstantMs;
  readonly connection: number;
  readonly content:
    | { readonly kind: 'frame'; readonly bytes: Uint8Array }
    | { readonly kind: 'change'; readonly change: FeedChange }
    | { readonly kind: 'hole'; readonly hole: Hole };
}

/** A stretch of local time whose frames were used but could not be written: a restart lacks them. */
export interface Hole {
  readonly fromMs: InstantMs;
  readonly toMs: InstantMs;
}

/**
 * Writes what the engine uses before it uses it, and numbers it. Numbers rise by one and are part of the record, so a
 * record that was appended twice is read once.
 *
 * A journal that takes no records, since the disk is full, does not stop the engine: it says so once, and notes the hole
 * when it takes records again.
 */
export class Journal {
  readonly #stream: EventStream;
  readonly #onTrouble: (cause: CondvestError | undefined) => void;
  /** Positions of records that a checkpoint may name, ascending. */
  #written: { readonly number: number; readonly position: StreamPosition }[] = [];
  #last = 0;
  #lastPosition: StreamPosition = 0;
  #lastReceivedMs: InstantMs | undefined;
  #lastConnection = 0;
  /** Since when records were not written. */
  #holeFromMs: InstantMs | undefined;

  constructor(stream: EventStream, onTrouble: (cause: CondvestError | undefined) => void) {
    this.#stream = stream;
    this.#onTrouble = onTrouble;
  }

  /** Number of the last record. */
  get last(): number {
    return this.#last;
  }

  get lastReceivedMs(): InstantMs | undefined {
    return this.#lastReceivedMs;
  }

  get lastConnection(): number {
    return this.#lastConnection;
  }

  /** Position of the last record that was written. */
  get lastPosition(): StreamPosition {
    return this.#lastPosition;
  }

  /** Whether everything since the last hole has been written. */
  get isKeeping(): boolean {
    return this.#holeFromMs === undefined;
  }

  /** Yields the records after a position, or all, each once. */
  async *read(after: StreamPosition | undefined): AsyncGenerator<JournalRecord> {
    for await (const batch of this.#stream.read(after)) {
      for (const { number, kind, connection, receivedMs, bytes, position } of batch) {
        if (number <= this.#last) continue;
        this.#note(number, position, receivedMs, connection);
        yield { number, receivedMs, connection, content: contentOf(kind, bytes) };
      }
    }
  }

  /** Goes on after a number: those up to it are in a checkpoint. */
  startAfter(number: number): void {
    this.#last = Math.max(this.#last, number);
  }

  /** Writes items received until now, and returns the number of the first one. */
  async write(items: readonly QueuedItem[], nowMs: InstantMs): Promise<number> {
    const first = this.#last + (this.#holeFromMs === undefined ? 1 : 2);
    const records = items.map((item, index) => recordOf(item, first + index));
    try {
      if (this.#holeFromMs !== undefined) {
        await this.#append([holeRecord(first - 1, { fromMs: this.#holeFromMs, toMs: nowMs })]);
        this.#holeFromMs = undefined;
        this.#onTrouble(undefined);
      }
      await this.#append(records);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      if (this.#holeFromMs === undefined) this.#onTrouble(cause);
      this.#holeFromMs ??= records[0]?.receivedMs ?? nowMs;
      this.#last = first + records.length - 1;
    }
    return first;
  }

  /** Returns the position before a number, from which it can be read again; undefined if all must be read. */
  before(number: number): StreamPosition | undefined {
    const index = this.#written.findLastIndex((entry) => entry.number < number);
    return this.#written[index]?.position;
  }

  /** Forgets positions before a number, which no checkpoint will name again. */
  forget(number: number): void {
    const index = this.#written.findLastIndex((entry) => entry.number < number);
    if (index > 0) this.#written = this.#written.slice(index);
  }

  async #append(records: readonly StreamRecord[]): Promise<void> {
    const positions = await this.#stream.append(records);
    assert(positions.length === records.length, 'each record has a position');
    for (const [index, { number, receivedMs, connection }] of records.entries()) {
      this.#note(number, defined(positions[index], 'each record has a position'), receivedMs, connection);
    }
  }

  #note(number: number, position: StreamPosition, receivedMs: InstantMs, connection: number): void {
    this.#written.push({ number, position });
    this.#last = number;
    this.#lastPosition = position;
    this.#lastReceivedMs = receivedMs;
    this.#lastConnection = Math.max(this.#lastConnection, connection);
  }
}

/** Bytes of items that are written at once. */
export const WRITE_BYTES_MAX = APPEND_BYTES_MAX;

function recordOf(item: QueuedItem, number: number): StreamRecord {
  if (item.kind === 'frame') {
    const { connection, receivedMs, bytes } = item.frame;
    return { number, kind: 'frame', connection, receivedMs, bytes };
  }
  const { connection, atMs } = item.change;
  return { number, kind: 'change', connection, receivedMs: atMs, bytes: jsonBytes(item.change) };
}

function holeRecord(number: number, hole: Hole): StreamRecord {
  return { number, kind: 'hole', connection: 0, receivedMs: hole.toMs, bytes: jsonBytes(hole) };
}

function contentOf(kind: StreamRecord['kind'], bytes: Uint8Array): JournalRecord['content'] {
  switch (kind) {
    case 'frame':
      return { kind, bytes };
    case 'change':
      return { kind, change: parsed<FeedChange>(bytes) };
    case 'hole':
      return { kind, hole: parsed<Hole>(bytes) };
    default:
      throw new CondvestError({
        code: 'journal-record-unknown',
        kind: 'corrupt',
        message: 'The journal of live events has a record of an unknown kind',
        found: kind.slice(0, 40),
        allowed: 'frame, change, hole',
        action: 'Use the version of Condvest that wrote it, or move the folder "live" of the home folder away',
      });
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The journal is written by this module alone, and its store keeps bytes intact. */
function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
