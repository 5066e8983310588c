import { CondvestError } from '#base/errors.ts';
import type {
  LeaseOutcome,
  LeaseRequest,
  ListedSecurity,
  NewNotice,
  NewRun,
  Notice,
  NoticeEvent,
  Operations,
  Run,
  RunEnd,
  RunState,
  RunStep,
  UndeliveredRequest,
} from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import type { Database } from './database.ts';
import { markRefused, undelivered } from './deliveries.ts';
import { acquireLease, releaseLease, renewLease } from './leases.ts';
import { ListingsProjection } from './listings-projection.ts';
import { noticeOf, runOf } from './rows.ts';

/** The operational store over any of our databases: one schema, one set of queries. */
export class SqlOperations implements Operations {
  readonly #database: Database;
  readonly #random: Random;
  readonly #listings: ListingsProjection;

  constructor(database: Database, random: Random) {
    this.#database = database;
    this.#random = random;
    this.#listings = new ListingsProjection(database, random);
  }

  async startRun({ id, kind, input, startedMs }: NewRun): Promise<void> {
    await this.#database.write(async (db) => {
      const known = await db.selectFrom('runs').select('id').where('id', '=', id).executeTakeFirst();
      if (known !== undefined) throw runExists(id);
      const run = { id, kind, input, state: 'running', started_ms: startedMs, tries: 1 };
      await db
        .insertInto('runs')
        .values({ ...run, ended_ms: null, output: null, error: null })
        .execute();
    });
  }

  async restartRun(id: string): Promise<void> {
    await this.#database.write(async (db) => {
      const again = { state: 'running', ended_ms: null, output: null, error: null };
      await db
        .updateTable('runs')
        .set((eb) => ({ ...again, tries: eb('tries', '+', 1) }))
        .where('id', '=', id)
        .execute();
    });
  }

  async finishRun(id: string, { state, endedMs, output, error }: RunEnd): Promise<void> {
    await this.#database.write(async (db) => {
      await db.updateTable('runs').set({ state, ended_ms: endedMs, output, error }).where('id', '=', id).execute();
    });
  }

  async run(id: string): Promise<Run | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : runOf(row);
  }

  async runs(limit: number): Promise<Run[]> {
    const rows = await this.#database.read((db) =>
      db.selectFrom('runs').selectAll().orderBy('started_ms', 'desc').orderBy('id', 'desc').limit(limit).execute(),
    );
    return rows.map(runOf);
  }

  async recordStep(step: RunStep): Promise<void> {
    const values = {
      state: step.state,
      started_ms: step.startedMs,
      ended_ms: step.endedMs,
      row_count: step.rows,
      detail: step.detail,
      error: step.error,
    };
    await this.#database.write(async (db) => {
      await db
        .insertInto('run_steps')
        .values({ run_id: step.runId, step: step.step, attempt: step.attempt, ...values })
        .onConflict((conflict) => conflict.columns(['run_id', 'step', 'attempt']).doUpdateSet(values))
        .execute();
    });
  }

  async steps(runId: string): Promise<RunStep[]> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom('run_steps')
        .selectAll()
        .where('run_id', '=', runId)
        .orderBy('started_ms')
        .orderBy('step')
        .orderBy('attempt')
        .execute(),
    );
    return rows.map((row) => ({
      runId: row.run_id,
      step: row.step,
      attempt: row.attempt,
      state: row.state as RunState,
      startedMs: row.started_ms,
      endedMs: row.ended_ms,
      rows: row.row_count,
      detail: row.detail,
      error: row.error,
    }));
  }

  acquireLease(request: LeaseRequest): Promise<LeaseOutcome> {
    return acquireLease(this.#database, request);
  }

  renewLease(request: LeaseRequest): Promise<boolean> {
    return renewLease(this.#database, request);
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return releaseLease(this.#database, name, holder);
  }

  openNotice(notice: NewNotice): Promise<boolean> {
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

  resolveNotice(key: string, nowMs: number): Promise<Notice | undefined> {
    return this.#database.write(async (db) => {
      const open = await db.selectFrom('open_notices').selectAll().where('notice_key', '=', key).executeTakeFirst();
      if (open === undefined) return undefined;
      const row = await db.selectFrom('notices').selectAll().where('id', '=', open.notice_id).executeTakeFirst();
      await db.deleteFrom('open_notices').where('notice_key', '=', key).execute();
      const over = { state: 'resolved', resolved_ms: nowMs };
      await db.updateTable('notices').set(over).where('id', '=', open.notice_id).execute();
      return row === undefined ? undefined : noticeOf({ ...row, ...over });
    });
  }

  async notices({ openOnly, limit }: { readonly openOnly: boolean; readonly limit: number }): Promise<Notice[]> {
    const rows = await this.#database.read((db) => {
      const query = db.selectFrom('notices').selectAll().orderBy('first_seen_ms', 'desc').orderBy('id').limit(limit);
      return (openOnly ? query.where('state', '=', 'open') : query).execute();
    });
    return rows.map(noticeOf);
  }

  undelivered(request: UndeliveredRequest): Promise<NoticeEvent[]> {
    return this.#database.read((db) => undelivered(db, request));
  }

  markRefused(channel: string, event: NoticeEvent, nextMs: number): Promise<number> {
    return this.#database.write((db) => markRefused(db, channel, event, nextMs));
  }

  async markDelivered(channel: string, { event, notice }: NoticeEvent, nowMs: number): Promise<void> {
    await this.#database.write(async (db) => {
      await db
        .insertInto('deliveries')
        .values({ channel, notice_id: notice.id, event, delivered_ms: nowMs })
        .onConflict((conflict) => conflict.columns(['channel', 'notice_id', 'event']).doNothing())
        .execute();
    });
  }

  replaceListings(rows: readonly ListedSecurity[], nowMs: number): Promise<void> {
    return this.#listings.replace(rows, nowMs);
  }

  searchListings(text: string, limit: number): Promise<ListedSecurity[]> {
    return this.#listings.search(text, limit);
  }

  async forgetBefore(ms: number): Promise<number> {
    let forgotten = 0;
    for (;;) {
      const some = await this.#database.write(async (db) => {
        const runs = await db
          .selectFrom('runs')
          .select('id')
          .where('state', '!=', 'running')
          .where('started_ms', '<', ms)
          .limit(FORGET_ROWS)
          .execute();
        const notices = await db
          .selectFrom('notices')
          .select('id')
          .where('state', '=', 'resolved')
          .where('resolved_ms', '<', ms)
          .limit(FORGET_ROWS)
          .execute();
        const [runIds, noticeIds] = [runs.map(({ id }) => id), notices.map(({ id }) => id)];
        if (runIds.length > 0) {
          await db.deleteFrom('run_steps').where('run_id', 'in', runIds).execute();
          await db.deleteFrom('runs').where('id', 'in', runIds).execute();
        }
        if (noticeIds.length > 0) {
          await db.deleteFrom('deliveries').where('notice_id', 'in', noticeIds).execute();
          await db.deleteFrom('refusals').where('notice_id', 'in', noticeIds).execute();
          await db.deleteFrom('notices').where('id', 'in', noticeIds).execute();
        }
        return runIds.length + noticeIds.length;
      });
      if (some === 0) return forgotten;
      forgotten += some;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
  }
}

/** A run has some twenty steps: far below what a transaction may delete. */
const FORGET_ROWS = 50;

function runExists(id: string): CondvestError {
  return new CondvestError({
    code: 'operations-run-exists',
    kind: 'permanent',
    message: 'There is a run of this id already',
    found: id,
  });
}
