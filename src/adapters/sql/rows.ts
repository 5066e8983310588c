import type { IsoDate } from '#base/dates.ts';
import type { Notice, Run, RunState, Severity } from '#ports/operations.ts';
import type { OperationsSchema } from './schema.ts';

/** Rows of the store, as the program holds them. */

export function noticeOf(row: OperationsSchema['notices']): Notice {
  return {
    id: row.id,
    key: row.notice_key,
    kind: row.kind,
    severity: row.severity as Severity,
    title: row.title,
    text: row.body,
    session: row.session_date as IsoDate | null,
    seenMs: row.seen_ms,
    state: row.state === 'resolved' ? 'resolved' : 'open',
    firstSeenMs: row.first_seen_ms,
    lastSeenMs: row.last_seen_ms,
    resolvedMs: row.resolved_ms,
    count: row.seen_count,
  };
}

export function runOf(row: OperationsSchema['runs']): Run {
  return {
    id: row.id,
    kind: row.kind,
    input: row.input,
    state: row.state as RunState,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    output: row.output,
    error: row.error,
    tries: row.tries,
  };
}
