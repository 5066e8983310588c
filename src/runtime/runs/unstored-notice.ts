import type { InstantMs } from '#base/dates.ts';
import type { Notice } from '#ports/operations.ts';

/** A notice that just began and that the store of notices does not know: the store itself is away, or nothing is the matter. */
export function unstoredNotice(
  notice: Pick<Notice, 'id' | 'key' | 'kind' | 'severity' | 'title' | 'text'>,
  nowMs: InstantMs,
): Notice {
  return {
    ...notice,
    session: null,
    seenMs: nowMs,
    state: 'open',
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    resolvedMs: null,
    count: 1,
  };
}
