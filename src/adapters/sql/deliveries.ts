import type { Kysely } from 'kysely';
import type { NoticeEvent, UndeliveredRequest } from '#ports/operations.ts';
import type { OperationsTransaction } from './database.ts';
import { noticeOf } from './rows.ts';
import type { OperationsSchema } from './schema.ts';

/** What a channel has not taken yet: what is new before what it refused before, each oldest first. */
export async function undelivered(
  db: Kysely<OperationsSchema>,
  { channel, nowMs, limit }: UndeliveredRequest,
): Promise<NoticeEvent[]> {
  const rows = await db
    .selectFrom('notices')
    .selectAll('notices')
    .leftJoin('deliveries as told', (join) =>
      join.onRef('told.notice_id', '=', 'notices.id').on('told.channel', '=', channel).on('told.event', '=', 'opened'),
    )
    .leftJoin('deliveries as over', (join) =>
      join
        .onRef('over.notice_id', '=', 'notices.id')
        .on('over.channel', '=', channel)
        .on('over.event', '=', 'resolved'),
    )
    .leftJoin('refusals as told_refused', (join) =>
      join
        .onRef('told_refused.notice_id', '=', 'notices.id')
        .on('told_refused.channel', '=', channel)
        .on('told_refused.event', '=', 'opened'),
    )
    .leftJoin('refusals as over_refused', (join) =>
      join
        .onRef('over_refused.notice_id', '=', 'notices.id')
        .on('over_refused.channel', '=', channel)
        .on('over_refused.event', '=', 'resolved'),
    )
    .select([
      'told.delivered_ms as told_ms',
      'over.delivered_ms as over_ms',
      'told_refused.next_ms as told_next_ms',
      'over_refused.next_ms as over_next_ms',
    ])
    .where((eb) =>
      eb.or([
        eb.and([
          eb('told.delivered_ms', 'is', null),
          eb.or([eb('told_refused.next_ms', 'is', null), eb('told_refused.next_ms', '<=', nowMs)]),
        ]),
        eb.and([
          eb('notices.state', '=', 'resolved'),
          eb('over.delivered_ms', 'is', null),
          eb.or([eb('over_refused.next_ms', 'is', null), eb('over_refused.next_ms', '<=', nowMs)]),
        ]),
      ]),
    )
    .orderBy((eb) =>
      eb
        .case()
        .when(eb.and([eb('told_refused.next_ms', 'is', null), eb('over_refused.next_ms', 'is', null)]))
        .then(0)
        .else(1)
        .end(),
    )
    .orderBy((eb) =>
      eb
        .case()
        .when('told.delivered_ms', 'is', null)
        .then(eb.ref('notices.first_seen_ms'))
        .else(eb.ref('notices.resolved_ms'))
        .end(),
    )
    .orderBy('notices.id')
    .limit(limit)
    .execute();
  const events = rows.flatMap(({ told_ms, over_ms, told_next_ms, over_next_ms, ...row }): Waiting[] => {
    const notice = noticeOf(row);
    const waiting: Waiting[] = [];
    if (told_ms === null) waiting.push({ event: 'opened', notice, nextMs: told_next_ms });
    if (notice.state === 'resolved' && over_ms === null)
      waiting.push({ event: 'resolved', notice, nextMs: over_next_ms });
    return waiting.filter(({ nextMs }) => nextMs === null || nextMs <= nowMs);
  });
  // A notice that gives two events gives the later one too early.
  return events
    .sort(
      (one, other) => Number(one.nextMs !== null) - Number(other.nextMs !== null) || instantOf(one) - instantOf(other),
    )
    .slice(0, limit)
    .map(({ event, notice }) => ({ event, notice }));
}

interface Waiting extends NoticeEvent {
  /** Not before; null where it was never refused. */
  readonly nextMs: number | null;
}

/** Notes a refusal; resolves with how many there were. */
export async function markRefused(
  db: OperationsTransaction,
  channel: string,
  { event, notice }: NoticeEvent,
  nextMs: number,
): Promise<number> {
  const row = await db
    .insertInto('refusals')
    .values({ channel, notice_id: notice.id, event, refused_count: 1, next_ms: nextMs })
    .onConflict((conflict) =>
      conflict
        .columns(['channel', 'notice_id', 'event'])
        .doUpdateSet((eb) => ({ next_ms: nextMs, refused_count: eb('refusals.refused_count', '+', 1) })),
    )
    .returning('refused_count')
    .executeTakeFirstOrThrow();
  return Number(row.refused_count);
}

function instantOf({ event, notice }: NoticeEvent): number {
  return event === 'resolved' ? (notice.resolvedMs ?? notice.lastSeenMs) : notice.firstSeenMs;
}
