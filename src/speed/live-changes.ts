import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { BarValues } from '#market/bar.ts';
import type { LiveBarOrigin, LiveBarState } from '#market/live-bar.ts';
import type { MarketEvent } from '#market/trade.ts';
import type { FeedChange } from '#ports/market-feed.ts';
import type { LiveGap } from '#ports/tick-store.ts';
import type { PassesSnapshot } from './aggregate/passes.ts';
import type { SealedMinute } from './aggregate/symbol-book.ts';
import type { CoverageSnapshot } from './ingest/coverage.ts';
import type { FeedClockSnapshot } from './ingest/feed-clock.ts';

/** Values that go into the state of the live layer, and that come out of it. */

/** A record of the journal, decoded. */
export type LiveRecord =
  | { readonly kind: 'frame'; readonly receivedMs: InstantMs; readonly events: readonly MarketEvent[] }
  | { readonly kind: 'change'; readonly change: FeedChange }
  /** A stretch of local time whose frames the journal lacks. Only a restart meets it. */
  | { readonly kind: 'hole'; readonly fromMs: InstantMs; readonly toMs: InstantMs };

/** A stretch of time in which trades may have been missed, of whichever session. */
export type GapOfSymbols = Omit<LiveGap, 'session'>;

/** Events by what became of them, since the trade date began. */
export interface LiveCounts {
  events: number;
  duplicates: number;
  /** After the watermark had passed their minute, and before its seal. */
  late: number;
  /** After the seal: they changed nothing. */
  afterSeal: number;
  /** Cancels and corrections without their trade that are not even kept waiting. */
  dropped: number;
  /** On a day that is no session. */
  outside: number;
}

/** A minute of a symbol that is final, or was changed after that. */
export interface MinuteUpdate {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly startMs: InstantMs;
  readonly state: LiveBarState;
  readonly origin: LiveBarOrigin;
  readonly rev: number;
  /** Undefined if no price in it counts, or counts any more. */
  readonly values: BarValues | undefined;
}

export interface SealedMinuteOf extends SealedMinute {
  readonly symbol: string;
  readonly session: IsoDate;
}

/** The effects of the records since the last `takeChanges`. */
export interface LiveChanges {
  readonly minutes: readonly MinuteUpdate[];
  readonly sealed: readonly SealedMinuteOf[];
  readonly gaps: readonly GapOfSymbols[];
  /** Ids of conditions seen for the first time that no table knows. */
  readonly unknownConditions: readonly number[];
}

/** Enough to go on after a restart, beside the sealed minutes. */
export interface LiveCheckpoint {
  /** The first record whose events are needed again. */
  readonly from: number;
  /** The last record that everything else of this checkpoint includes. */
  readonly through: number;
  readonly clock: FeedClockSnapshot;
  readonly coverage: CoverageSnapshot;
  readonly seconds: PassesSnapshot;
  readonly minutes: PassesSnapshot;
  readonly seals: PassesSnapshot;
  readonly lostMs: InstantMs | null;
  readonly counts: LiveCounts;
}
