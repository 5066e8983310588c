import type { InstantMs } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import type { PlannedSession } from './plan.ts';
import type { ValidatedReply } from './validate-reply.ts';

/** Reply of a source to a request for one session. */
export type Reply = BarsReplied | NothingReplied | FailedReply;

interface Requested {
  readonly planned: PlannedSession;
  /** The instant before the request: changes that the vendor makes during it may be missing from the reply. */
  readonly fetchedAtMs: InstantMs;
}

export interface BarsReplied extends Requested {
  readonly kind: 'bars';
  readonly validated: ValidatedReply;
}

export interface NothingReplied extends Requested {
  readonly kind: 'not-yet' | 'beyond-plan';
  /** Reason given by the source. */
  readonly detail: string;
}

export interface FailedReply extends Requested {
  readonly kind: 'failed';
  readonly error: CondvestError;
}

/** Too many rows of a session were rejected to store any. Says nothing about the source or other sessions. */
export const OVER_BOUND = 'fetch-over-bound';
