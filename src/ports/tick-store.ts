import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { LiveBarOrigin, LiveBarState } from '#market/live-bar.ts';
import type { TickKind } from '#market/tick-block/block.ts';
import type { StreamPosition } from './event-stream.ts';

/**
 * The tick store: ticks and minute bars of recent sessions, with what is known about their completeness. One writer, any
 * number of readers. The speed and serving layers rely on:
 *
 * 1. **Durable when resolved.** A put that has resolved survives `kill -9` and a power cut.
 * 2. **All or nothing.** Blocks, bars, stretches, gaps and the checkpoint of one put become visible together, to readers
 *    in all processes. A put that was rejected has changed nothing, or everything, and may be repeated.
 * 3. **The highest rev wins.** A block or bar is stored only if its rev is higher than the stored one, so a put that is
 *    repeated or arrives late changes nothing.
 * 4. **A checkpoint never moves back**, and is never visible without the puts before it.
 * 5. **Expired is gone.** What belongs to an expired session is never returned, even before it is deleted.
 * 6. **A gap stays** until its session expires. So does a stretch, which only grows.
 * 7. **Consistent reads.** A batch that a reader is given is one state of each session. Later batches may show later
 *    states.
 *
 * Values are bytes that the store does not interpret. Failures of the outside world are thrown as `CondvestError` of kind
 * `transient` (retry), `permanent` (no space, read-only, a session that is expired) or `corrupt`.
 */
export interface TickStore extends TickReader {
  /** Stores what belongs to one session. */
  put(put: TickPut): Promise<void>;

  /** Returns the newest checkpoint, or undefined if there is none: then a restart reads the whole stream. */
  checkpoint(): Promise<Checkpoint | undefined>;

  /** Deletes expired sessions, and then the oldest ones as long as all together are over the bound of the store. */
  expire(): Promise<ExpiryReport>;
}

/** A tick store as its readers see it. */
export interface TickReader {
  /** Returns the kept sessions, ascending. */
  sessions(): Promise<readonly KeptSession[]>;

  /** Returns what is kept of each symbol in a session, ascending by symbol and kind; nothing if it is not kept. */
  symbols(session: IsoDate): Promise<readonly KeptSymbol[]>;

  /** Yields blocks in batches, ascending by session and then by minute. */
  blocks(query: BlockQuery): AsyncIterable<readonly MinuteBlock[]>;

  /** Yields minute bars in batches, ascending by session and then by start. */
  bars(query: TickQuery): AsyncIterable<readonly MinuteBar[]>;

  /** Returns the stretches that reach into a range, of one symbol (those of all symbols included) or of all. */
  stretches(query: TickQuery): Promise<readonly Stretch[]>;

  /** Returns the gaps that reach into a range, of one symbol (those of all symbols included) or of all. */
  gaps(query: TickQuery): Promise<readonly LiveGap[]>;
}

/** From an instant until before another one; of all symbols if there is none. */
export interface TickQuery {
  readonly symbol?: string;
  readonly fromMs: InstantMs;
  readonly toMs: InstantMs;
}

export interface BlockQuery extends TickQuery {
  readonly kind: TickKind;
}

export interface TickPut {
  readonly session: IsoDate;
  readonly blocks?: readonly MinuteBlock[];
  readonly bars?: readonly MinuteBar[];
  readonly stretches?: readonly Omit<Stretch, 'session'>[];
  readonly gaps?: readonly Omit<LiveGap, 'session'>[];
  readonly checkpoint?: Checkpoint;
}

/** The state of the writer after a record: what it needs, beside the store and the rest of the stream, to go on. */
export interface Checkpoint {
  /** The last record that it includes. Of two checkpoints, the one with the later record is the newer. */
  readonly position: StreamPosition;
  /**
   * A restart reads the records after this one, which may be earlier than `position`. The store may trim the stream up to
   * it.
   */
  readonly readAfter: StreamPosition;
  readonly state: Uint8Array;
}

/** The ticks of one kind of a symbol and minute, in the order of arrival. Unique by symbol, kind and minute. */
export interface MinuteBlock {
  readonly symbol: string;
  readonly kind: TickKind;
  /** The first instant of the minute. */
  readonly minuteMs: InstantMs;
  readonly rev: number;
  /** One array of bytes, or several where it would be larger than `BLOCK_BYTES_MAX` (`market/tick-block/block.ts`). */
  readonly pieces: readonly Uint8Array[];
}

/** The bar of a minute, or of its auction prints, which are a row of their own. Unique by symbol, start and part. */
export interface MinuteBar {
  readonly symbol: string;
  readonly startMs: InstantMs;
  /** The part of the trading day, and whether these are its auction prints, as the fold names it. */
  readonly part: string;
  readonly rev: number;
  readonly state: LiveBarState;
  readonly origin: LiveBarOrigin;
  readonly values: Uint8Array;
}

/** A stretch of time over which a topic was listened to, whether anything was heard or not. */
export interface Stretch {
  readonly session: IsoDate;
  /** Null if all symbols were listened to. */
  readonly symbol: string | null;
  readonly kind: TickKind | 'bars';
  readonly fromMs: InstantMs;
  /** A later put with the same beginning moves it on, never back. */
  readonly toMs: InstantMs;
}

/** A stretch of time in which the feed was lost and that was not recovered. */
export interface LiveGap {
  readonly session: IsoDate;
  /** Null for all symbols. */
  readonly symbols: readonly string[] | null;
  readonly fromMs: InstantMs;
  readonly toMs: InstantMs;
  readonly reason: string;
}

export interface KeptSession {
  readonly session: IsoDate;
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly bars: number;
}

export interface KeptSymbol {
  readonly symbol: string;
  readonly kind: TickKind | 'bars';
  /** The first instants of its first and last minute. */
  readonly firstMs: InstantMs;
  readonly lastMs: InstantMs;
  /** Blocks, or bars. */
  readonly rows: number;
}

export interface ExpiryReport {
  readonly deleted: readonly {
    readonly session: IsoDate;
    readonly sizeBytes: number;
    readonly reason: 'expired' | 'over-bound';
  }[];
  readonly sizeBytes: number;
  /** Whether the newest session alone is over the bound. It is not deleted, but may take no more rows. */
  readonly isOverBound: boolean;
}
