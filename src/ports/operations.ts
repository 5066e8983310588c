import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * What is known of the work itself: runs and their steps, who is at work (leases), what a person was told (notices), and a
 * searchable copy of the listings. Losing all of it loses no market data: facts and ledger are in the lake.
 *
 * What is demanded of a store: every call is one transaction, durable when it resolved; calls of several processes at once
 * behave as if one came after the other (a serialization failure is tried again inside, a bounded number of times). A store
 * that cannot be reached throws a `CondvestError` of kind `transient`, code `operations-unavailable`; one that takes no such
 * statement, of kind `permanent`, code `operations-refused`. U+0000, which PostgreSQL cannot store, becomes U+FFFD in texts.
 */
export interface Operations extends AsyncDisposable {
  /** Records the start of a run. The id must be new: `operations-run-exists` (permanent) otherwise. */
  startRun(run: NewRun): Promise<void>;
  /** Begins a known run again (resume): its state is running, its end is unknown, its `tries` one more. */
  restartRun(id: string, nowMs: InstantMs): Promise<void>;
  /** Records the end of a run. */
  finishRun(id: string, end: RunEnd): Promise<void>;
  run(id: string): Promise<Run | undefined>;
  /** Newest first by start, then id. */
  runs(limit: number): Promise<Run[]>;
  /** Writes a step's present state over what was known of it: its key is run, step and attempt. */
  recordStep(step: RunStep): Promise<void>;
  /** The steps of a run, ascending by start, then name and attempt. */
  steps(runId: string): Promise<RunStep[]>;

  /**
   * Takes a lease that is free, expired at `nowMs`, or already this holder's (then it is prolonged). Otherwise says who has it. One that
   * has an hour more to go than was asked for was given by a clock that was ahead, and counts as expired.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseOutcome>;
  /** Prolongs a lease that is still this holder's; false where somebody else has taken it, or it is gone. */
  renewLease(request: LeaseRequest): Promise<boolean>;
  /** Gives a lease back; nothing happens where it is not this holder's any more. */
  releaseLease(name: string, holder: string): Promise<void>;

  /**
   * A condition holds that a person should know of. True where it is news: no notice of that key is open. So one condition is
   * told once however often it is found. An open notice keeps its first instant and gets the newest text and count.
   */
  openNotice(notice: NewNotice): Promise<boolean>;
  /** The condition is over. The notice as it was, where one was open: a person is told once that it is over. */
  resolveNotice(key: string, nowMs: InstantMs): Promise<Notice | undefined>;
  /** Newest first. */
  notices(request: { readonly openOnly: boolean; readonly limit: number }): Promise<Notice[]>;
  /**
   * Notices (told or resolved) that did not get through to a channel yet: first those that it never refused, then those that it
   * did and whose next try is due, each oldest first.
   */
  undelivered(request: UndeliveredRequest): Promise<NoticeEvent[]>;
  /** A channel refused an event for good: it is not to be tried before `nextMs`. Resolves with how often it was refused. */
  markRefused(channel: string, event: NoticeEvent, nextMs: InstantMs): Promise<number>;
  /** A notice's event got through to a channel, or is given up. */
  markDelivered(channel: string, event: NoticeEvent, nowMs: InstantMs): Promise<void>;

  /** Puts these in the place of all listings of the projection: readers see all of the old ones or all of the new ones. */
  replaceListings(rows: readonly ListedSecurity[], nowMs: InstantMs): Promise<void>;
  /** Listings whose symbol begins with a text, or whose name holds it (case aside); exact symbols first. */
  searchListings(text: string, limit: number): Promise<ListedSecurity[]>;

  /**
   * Deletes runs that ended and started before an instant, with their steps, and notices resolved before it, with their
   * deliveries. What is open or running stays. Returns how many runs and notices.
   */
  forgetBefore(ms: InstantMs): Promise<number>;
}

export type RunState = 'running' | 'succeeded' | 'failed';

export interface NewRun {
  readonly id: string;
  /** What runs: `daily`. */
  readonly kind: string;
  /** JSON of the input: a resumed run gets the same again. */
  readonly input: string;
  readonly startedMs: InstantMs;
}

export interface RunEnd {
  readonly state: 'succeeded' | 'failed';
  readonly endedMs: InstantMs;
  /** JSON of the output, or null. */
  readonly output: string | null;
  /** The message of what made it fail, or null. */
  readonly error: string | null;
}

export interface Run extends NewRun {
  readonly state: RunState;
  readonly endedMs: InstantMs | null;
  readonly output: string | null;
  readonly error: string | null;
  /** 1, and one more each time it was resumed. */
  readonly tries: number;
}

export interface RunStep {
  readonly runId: string;
  /** Name of the step, unique inside a run but for attempts: `resample 5`. */
  readonly step: string;
  /** From 1. Grows over all tries of the run. */
  readonly attempt: number;
  readonly state: RunState;
  readonly startedMs: InstantMs;
  readonly endedMs: InstantMs | null;
  /** Rows written, where it counts any. */
  readonly rows: number | null;
  /** A line for a person, or null. */
  readonly detail: string | null;
  readonly error: string | null;
}

export interface LeaseRequest {
  readonly name: string;
  readonly holder: string;
  readonly nowMs: InstantMs;
  readonly ttlMs: number;
}

export type LeaseOutcome =
  | { readonly taken: true /** It was somebody's whose time had run out. */; readonly from: string | undefined }
  | { readonly taken: false; readonly holder: string; readonly expiresMs: InstantMs };

export type Severity = 'error' | 'warning' | 'information';

export interface NewNotice {
  /** The condition's identity: `run-failed`, `session-missing:2026-11-23`. */
  readonly key: string;
  /** The class of conditions, as the operations guide lists them: `run-failed`, `session-missing`. */
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  /** What happened and what to do, in sentences. */
  readonly text: string;
  readonly session: IsoDate | null;
  readonly seenMs: InstantMs;
}

export interface Notice extends NewNotice {
  /** Unique over all notices, also of one key. */
  readonly id: string;
  readonly state: 'open' | 'resolved';
  readonly firstSeenMs: InstantMs;
  readonly lastSeenMs: InstantMs;
  readonly resolvedMs: InstantMs | null;
  /** Times the condition was found while the notice was open. */
  readonly count: number;
}

export interface UndeliveredRequest {
  readonly channel: string;
  readonly nowMs: InstantMs;
  readonly limit: number;
}

/** Something to tell: that a condition holds, or that it is over. */
export interface NoticeEvent {
  readonly event: 'opened' | 'resolved';
  readonly notice: Notice;
}

export interface ListedSecurity {
  readonly securityId: string;
  readonly symbol: string;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly exchange: string | null;
}
