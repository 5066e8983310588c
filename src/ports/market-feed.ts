import type { InstantMs } from '#base/dates.ts';
import type { MarketEvent } from '#market/trade.ts';

/**
 * A feed of live market events: a vendor's socket, a simulated market, a recording. Guarantees:
 *
 * 1. **In order of receipt.** Every frame of data is handed over once, in the order in which it arrived, with the bytes as
 *    received, the number of its connection, and the local instant. Frames that only steer the connection may be left out.
 * 2. **Nothing but reading.** The feed's loop reads, notes the instant and calls the listener. It decodes no data and waits
 *    for nobody: both callbacks are synchronous and only queue.
 * 3. **Bounded.** The feed holds no frame that it has handed over. It drops one above `frameBytesMax`, and reports that.
 *    Bounding the queue is up to the listener.
 * 4. **Connections are numbered.** Every attempt has a higher number than the one before. All frames of a connection lie
 *    between its `connected` and its `lost`.
 * 5. **Every loss is reported**, with its reason and the instant of the next attempt, whether the other side closed the
 *    connection, refused it, or fell silent. Until then, a connection is known to be alive up to its last `alive` only. Any
 *    byte received counts: a frame or a heartbeat.
 * 6. **Persistent.** The feed connects again on its own, with growing pauses, and asks for the topics that are followed. It
 *    gives up only if nothing but a person can help, and says so.
 * 7. **Ends on its signal.** `run` resolves soon after its signal is aborted, whatever the feed is waiting for, and calls
 *    the listener no more.
 * 8. **Decoding is pure.** The same bytes give the same events and rejects on any day and in any process, so that a journal
 *    of frames can be read again. No input makes it throw.
 *
 * A feed remembers nothing of what it sent: what was missed between two connections comes from `trade-history.ts`.
 */
export interface MarketFeed {
  /** Short, lower-case, stable: part of the lease that keeps two programs from following one feed. */
  readonly name: string;
  readonly capabilities: FeedCapabilities;

  /**
   * Connects, and stays connected until the signal is aborted or `gave-up` was reported. May be called again after it
   * has resolved, not while it runs.
   */
  run(listener: FeedListener, options: FeedRun): Promise<void>;

  /**
   * Asks for topics from now on, in this connection and in later ones. Takes effect when `following` reports it. A topic
   * that is already followed changes nothing. Throws `feed-too-many-topics` above `capabilities.topicsMax`.
   */
  follow(topics: readonly FeedTopic[]): void;

  /** Lets topics go. Events that are on their way still arrive. */
  unfollow(topics: readonly FeedTopic[]): void;

  /** Returns the events in a frame, in its order. Status messages are neither events nor rejects. */
  decode(bytes: Uint8Array): DecodedFrame;
}

export interface FeedCapabilities {
  /** Lag of events behind the market by design; 0 for a feed in real time. Such a lag is no fault. */
  readonly delayMs: number;
  /** Whether it tells cancels and corrections. If not, only `trade-history.ts` or the batch layer knows of them. */
  readonly cancels: boolean;
  readonly channels: readonly FeedChannel[];
  /** Largest number of topics that may be followed at once. */
  readonly topicsMax: number;
  /** Largest frame that is handed over. */
  readonly frameBytesMax: number;
}

/** `seconds` and `minutes`: bars that the vendor built. `halts`: halts, their ends, and price bands. */
export type FeedChannel = 'trades' | 'quotes' | 'seconds' | 'minutes' | 'halts';

/** One channel of one symbol or, if the symbol is null, of all symbols. */
export interface FeedTopic {
  readonly channel: FeedChannel;
  readonly symbol: string | null;
}

export interface FeedRun {
  /** Number of the first connection. A caller that keeps frames gives one above all those it has kept. */
  readonly firstConnection: number;
  readonly signal: AbortSignal;
}

/** Called from the feed's loop. Both only queue: a callback that takes long delays every later frame. */
export interface FeedListener {
  frame(frame: FeedFrame): void;
  changed(change: FeedChange): void;
}

export interface FeedFrame {
  readonly connection: number;
  /** Processing time: when it was received, by the local clock. */
  readonly receivedMs: InstantMs;
  /** As received. The listener may keep them; the feed does not touch them again. */
  readonly bytes: Uint8Array;
}

/** A change of the connection. `atMs` is the local instant. */
export type FeedChange =
  | (FeedMoment & { readonly kind: 'connecting' })
  /** Accepted by the other side. Topics are being asked for. */
  | (FeedMoment & { readonly kind: 'connected' })
  /** Topics whose events arrive without a gap from now on. */
  | (FeedMoment & { readonly kind: 'following'; readonly topics: readonly FeedTopic[] })
  /** Topics that the other side does not offer. They are not asked for again in this connection. */
  | (FeedMoment & { readonly kind: 'declined'; readonly topics: readonly FeedTopic[]; readonly reason: string })
  /** Bytes have arrived since the last change. At most one a second, and at least one in 30 s, however quiet it is. */
  | (FeedMoment & { readonly kind: 'alive' })
  /** A frame above `frameBytesMax` was dropped. The connection goes on if the protocol allows. */
  | (FeedMoment & { readonly kind: 'dropped'; readonly reject: FrameReject })
  /** An established connection has ended. Every event after `lastReceivedMs` may be missing. */
  | (FeedMoment & {
      readonly kind: 'lost';
      readonly reason: LossReason;
      readonly detail: string;
      readonly lastReceivedMs: InstantMs;
      readonly retryAtMs: InstantMs;
    })
  /** An attempt did not lead to a connection. */
  | (FeedMoment & {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly detail: string;
      readonly retryAtMs: InstantMs;
    })
  /** No further attempt will be made: only a person can help. `run` resolves. */
  | (FeedMoment & { readonly kind: 'gave-up'; readonly reason: RefusalReason; readonly detail: string });

interface FeedMoment {
  readonly connection: number;
  readonly atMs: InstantMs;
}

/**
 * - `closed`: the other side ended it, or the network did.
 * - `silent`: open, but nothing has arrived for too long.
 * - `key-elsewhere`: ended because another program connected with the same key.
 * - `too-slow`: ended because we did not read fast enough.
 */
export type LossReason = 'closed' | 'silent' | 'key-elsewhere' | 'too-slow';

/**
 * - `unreachable`: no connection, or no answer in time.
 * - `credentials`: the key is not accepted.
 * - `not-entitled`: the key does not include this feed.
 * - `key-elsewhere`: another program holds the only connection that the key allows.
 */
export type RefusalReason = 'unreachable' | 'credentials' | 'not-entitled' | 'key-elsewhere';

export interface DecodedFrame {
  readonly events: readonly MarketEvent[];
  /** The first parts of the frame that could not be read (`frame-rejects.ts`). */
  readonly rejects: readonly FrameReject[];
  /** Number of all such parts. */
  readonly rejected: number;
}

/** A frame, or one event of it, that could not be read. */
export interface FrameReject {
  /**
   * - `too-large`: above `frameBytesMax`.
   * - `not-text`, `not-json`, `not-a-list`: the frame as a whole.
   * - `unknown-event`: an event of a kind that we do not know.
   * - `bad-value`: a field is missing, or its value is not allowed.
   */
  readonly reason: 'too-large' | 'not-text' | 'not-json' | 'not-a-list' | 'unknown-event' | 'bad-value';
  /** The field and the value found, or the error of the parser. */
  readonly detail: string;
  /** Its beginning, at most 2 KB. */
  readonly excerpt: string;
}

/** Returns the name of a topic: `trades.AAPL`, `minutes.*`. */
export function topicName({ channel, symbol }: FeedTopic): string {
  return `${channel}.${symbol ?? '*'}`;
}
