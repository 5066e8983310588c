import type { InstantMs } from '#base/dates.ts';
import type { Notice } from '#ports/notices.ts';

/** Returns a new open notice that is not in the store: because the store is unavailable, or because it is a test. */
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
