import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * Notices about conditions that need a person's attention, and their delivery to each channel. Gives the guarantees of
 * `Runs`, and:
 *
 * 1. **One notice per condition.** While a notice is open, opening its key again only updates it, whichever process
 *    does so.
 * 2. **Nothing is skipped.** The opening and the resolution of a notice are due for each channel until they are marked.
 * 3. **Retries never hold up new events.** A failed event waits for its next attempt, and comes after events that have
 *    not failed.
 * 4. **In order per notice.** A resolution is not due while its opening waits for its next attempt.
 */
export interface Notices {
  /**
   * Opens a notice and returns true, or updates the open notice of that key and returns false. An update keeps the
   * first instant, takes the new text and increments the count.
   */
  open(notice: NewNotice): Promise<boolean>;
  /** Resolves the open notice of a key and returns it; undefined if none is open. */
  resolve(key: string, nowMs: InstantMs): Promise<Notice | undefined>;
  /** Returns notices, newest first. */
  list(request: { readonly openOnly: boolean; readonly limit: number }): Promise<Notice[]>;
  /**
   * Returns the events that are due for a channel: first those of notices that never failed, then retries, each oldest
   * first.
   */
  undelivered(request: UndeliveredRequest): Promise<UndeliveredEvent[]>;
  /** Marks an event as delivered to a channel, or as one it need not get. */
  markDelivered(channel: string, event: NoticeEvent, nowMs: InstantMs): Promise<void>;
  /**
   * Counts a failed delivery. The event is due again at `nextMs`; without one it becomes a dead letter, which is never
   * due.
   */
  markFailed(channel: string, event: NoticeEvent, nextMs: InstantMs | undefined): Promise<void>;
  /** Returns the dead letters, newest notice first. */
  deadLetters(limit: number): Promise<DeadLetter[]>;
  /** Deletes notices resolved before an instant, with their deliveries, in batches. Returns the number of notices. */
  deleteBefore(ms: InstantMs): Promise<number>;
}

export type Severity = 'error' | 'warning' | 'information';

export interface NewNotice {
  /** Identity of the condition: `run-failed`, `session-missing:2026-11-23`. */
  readonly key: string;
  /** Kind of condition, as listed in the operations guide: `run-failed`, `session-missing`. */
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  /** Description of the condition and of the remedy, in sentences. */
  readonly text: string;
  readonly session: IsoDate | null;
  readonly seenMs: InstantMs;
}

export interface Notice extends NewNotice {
  /** Unique across all notices, including those of one key. */
  readonly id: string;
  readonly state: 'open' | 'resolved';
  readonly firstSeenMs: InstantMs;
  readonly lastSeenMs: InstantMs;
  readonly resolvedMs: InstantMs | null;
  /** Times the condition was found while the notice was open. */
  readonly count: number;
}

/** The opening or the resolution of a notice. */
export interface NoticeEvent {
  readonly event: 'opened' | 'resolved';
  readonly notice: Notice;
}

export interface UndeliveredRequest {
  readonly channel: string;
  readonly nowMs: InstantMs;
  readonly limit: number;
}

export interface UndeliveredEvent extends NoticeEvent {
  /** Failed deliveries to the channel so far. */
  readonly failures: number;
}

export interface DeadLetter extends UndeliveredEvent {
  readonly channel: string;
}
