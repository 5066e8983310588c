import type { InstantMs } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import type { PlannedSession } from './plan.ts';
import type { ValidatedReply } from './validate-reply.ts';

/** What a source said about one session. */
export type Reply = BarsReplied | NothingReplied | FailedReply;

interface Asked {
  readonly planned: PlannedSession;
  /** The instant before the request: what the vendor changes while it answers is not known to be in the answer. */
  readonly fetchedAtMs: InstantMs;
}

export interface BarsReplied extends Asked {
  readonly kind: 'bars';
  readonly validated: ValidatedReply;
}

export interface NothingReplied extends Asked {
  readonly kind: 'not-yet' | 'beyond-plan';
  /** The source's own words. */
  readonly detail: string;
}

export interface FailedReply extends Asked {
  readonly kind: 'failed';
  readonly error: CondvestError;
}

/** Too many rows of a session were refused to store any: says nothing about the source, nor about the next session. */
export const OVER_BOUND = 'fetch-over-bound';
