import type { Kysely } from 'kysely';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type {
  DeadLetter,
  NewNotice,
  Notice,
  NoticeEvent,
  Notices,
  Severity,
  UndeliveredEvent,
  UndeliveredRequest,
} from '#ports/notices.ts';
import type { Random } from '#ports/random.ts';
import type { Transactions } from './database.ts';
import { deleteInBatches } from './delete-in-batches.ts';
import type { OperationsSchema } from './schema.ts';

/** `next_ms` of a dead letter. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;
/** Notices per delete transaction. */
const DELETE_ROWS = 50;

export class SqlNotices implements Notices {
  readonly #database: Transactions;
  readonly #random: Random;

  constructor(database: Transactions, random: Random) {
    this.#database = database;
    this.#random = random;
  }

  open(notice: NewNotice): Promise<boolean> {
    const id = this.#random.uuid();
    return this.#database.write(async (db) => {
      const { key, title, text, severity, seenMs } = notice;
      const open = await db.selectFrom('open_notices').selectAll().where('notice_key', '=', key).executeTakeFirst();
      if (open !== undefined) {
        await db
          .updateTable('notices')
          .set((eb) => ({
            title,
            body: text,
            severity,
            seen_ms: seenMs,
            last_seen_ms: seenMs,
            seen_count: eb('seen_count', '+', 1),
          }))
          .where('id', '=', open.notice_id)
          .execute();
        return false;
      }
      await db.insertInto('open_notices').values({ notice_key: key, notice_id: id }).execute();
      await db
        .insertInto('notices')
        .values({
          id,
          notice_key: key,
          kind: notice.kind,
          severity,
          title,
          body: text,
          session_date: notice.session,
          seen_ms: seenMs,
          state: 'open',
          first_seen_ms: seenMs,
          last_seen_ms: seenMs,
          resolved_ms: null,
          seen_count: 1,
        })
        .execute();
      return true;
    });
  }

  resolve(key: string, nowMs: InstantMs): Promise<Notice | undefined> {
    return this.#database.write(async (db) => {
      const open = await db.selectFrom('open_notices').selectAll().where('notice_key', '=', key).executeTakeFirst();
      if (open === undefined) return undefined;
      const row = await db.selectFrom('notices').selectAll().where('id', '=', open.notice_id).executeTakeFirst();
      await db.deleteFrom('open_notices').where('notice_key', '=', key).execute();
      const resolved = { state: 'resolved', resolved_ms: nowMs };
      await db.updateTable('notices').set(resolved).where('id', '=', open.notice_id).execute();
      return row === undefined ? undefined : noticeOf({ ...row, ...resolved });
    });
  }

  async list({ openOnly, limit }: { readonly openOnly: boolean; readonly limit: number }): Promise<Notice[]> {
    const rows = await this.#database.read((db) => {
      const query = db.selectFrom('notices').selectAll().orderBy('first_seen_ms', 'desc').orderBy('id').limit(limit);
      return (openOnly ? query.where('state', '=', 'open') : query).execute();
    });
    return rows.map(noticeOf);
  }

  async undelivered(request: UndeliveredRequest): Promise<UndeliveredEvent[]> {
    const due = await this.#database.read(async (db) => [
      ...(await dueEvents(db, 'opened', request)),
      ...(await dueEvents(db, 'resolved', request)),
    ]);
    return due
      .sort((a, b) => Number(a.isRetry) - Number(b.isRetry) || instantOf(a) - instantOf(b))
      .slice(0, request.limit)
      .map(({ event, notice, failures }) => ({ event, notice, failures }));
  }

  async markDelivered(channel: string, { event, notice }: NoticeEvent, nowMs: InstantMs): Promise<void> {
    await this.#database.write(async (db) => {
      await db
        .insertInto('deliveries')
        .values({ channel, notice_id: notice.id, event, delivered_ms: nowMs })
        .onConflict((conflict) => conflict.columns(['channel', 'notice_id', 'event']).doNothing())
        .execute();
    });
  }

  async markFailed(channel: string, { event, notice }: NoticeEvent, nextMs: InstantMs | undefined): Promise<void> {
    const next_ms = nextMs ?? NEVER_MS;
    await this.#database.write(async (db) => {
      await db
        .insertInto('refusals')
        .values({ channel, notice_id: notice.id, event, refused_count: 1, next_ms })
        .onConflict((conflict) =>
          conflict
            .columns(['channel', 'notice_id', 'event'])
            .doUpdateSet((eb) => ({ next_ms, refused_count: eb('refusals.refused_count', '+', 1) })),
        )
        .execute();
    });
  }

  async deadLetters(limit: number): Promise<DeadLetter[]> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom('refusals')
        .innerJoin('notices', 'notices.id', 'refusals.notice_id')
        .selectAll('notices')
        .select(['refusals.channel', 'refusals.event', 'refusals.refused_count'])
        .where('refusals.next_ms', '=', NEVER_MS)
        .orderBy('notices.first_seen_ms', 'desc')
        .orderBy('notices.id')
        .orderBy('refusals.channel')
        .orderBy('refusals.event')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ channel, event, refused_count, ...row }) => ({
      channel,
      event: event === 'resolved' ? 'resolved' : 'opened',
      notice: noticeOf(row),
      failures: refused_count,
    }));
  }

  deleteBefore(ms: InstantMs): Promise<number> {
    return deleteInBatches(this.#database, async (db) => {
      const rows = await db
        .selectFrom('notices')
        .select('id')
        .where('state', '=', 'resolved')
        .where('resolved_ms', '<', ms)
        .limit(DELETE_ROWS)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length === 0) return 0;
      await db.deleteFrom('deliveries').where('notice_id', 'in', ids).execute();
      await db.deleteFrom('refusals').where('notice_id', 'in', ids).execute();
      await db.deleteFrom('notices').where('id', 'in', ids).execute();
      return ids.length;
    });
  }
}

interface DueEvent extends UndeliveredEvent {
  /** An event of this notice has failed before. */
  readonly isRetry: boolean;
}

async function dueEvents(
  db: Kysely<OperationsSchema>,
  event: NoticeEvent['event'],
  { channel, nowMs, limit }: UndeliveredRequest,
): Promise<DueEvent[]> {
  let query = db
    .selectFrom('notices')
    .selectAll('notices')
    .leftJoin('deliveries', (join) =>
      join
        .onRef('deliveries.notice_id', '=', 'notices.id')
        .on('deliveries.channel', '=', channel)
        .on('deliveries.event', '=', event),
    )
    .leftJoin('refusals as own', (join) =>
      join.onRef('own.notice_id', '=', 'notices.id').on('own.channel', '=', channel).on('own.event', '=', event),
    )
    .leftJoin('refusals as opening', (join) =>
      join
        .onRef('opening.notice_id', '=', 'notices.id')
        .on('opening.channel', '=', channel)
        .on('opening.event', '=', 'opened'),
    )
    .select(['own.refused_count', 'opening.next_ms as opening_next_ms'])
    .where('deliveries.delivered_ms', 'is', null)
    .where((eb) => eb.or([eb('own.next_ms', 'is', null), eb('own.next_ms', '<=', nowMs)]))
    // A resolution waits while its opening waits, but not for one that is a dead letter.
    .where((eb) =>
      eb.or([
        eb('opening.next_ms', 'is', null),
        eb('opening.next_ms', '<=', nowMs),
        eb('opening.next_ms', '=', NEVER_MS),
      ]),
    );
  if (event === 'resolved') query = query.where('notices.state', '=', 'resolved');
  const rows = await query
    .orderBy((eb) =>
      eb
        .case()
        .when(eb.and([eb('own.next_ms', 'is', null), eb('opening.next_ms', 'is', null)]))
        .then(0)
        .else(1)
        .end(),
    )
    .orderBy(event === 'resolved' ? 'notices.resolved_ms' : 'notices.first_seen_ms')
    .orderBy('notices.id')
    .limit(limit)
    .execute();
  return rows.map(({ refused_count, opening_next_ms, ...row }) => ({
    event,
    notice: noticeOf(row),
    failures: refused_count ?? 0,
    isRetry: refused_count !== null || opening_next_ms !== null,
  }));
}

function instantOf({ event, notice }: NoticeEvent): InstantMs {
  return event === 'resolved' ? (notice.resolvedMs ?? notice.lastSeenMs) : notice.firstSeenMs;
}

function noticeOf(row: OperationsSchema['notices']): Notice {
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
