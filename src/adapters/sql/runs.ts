import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { NewRun, Run, RunEnd, RunState, RunStep, Runs } from '#ports/runs.ts';
import type { Transactions } from './database.ts';
import { deleteInBatches } from './delete-in-batches.ts';
import type { OperationsSchema } from './schema.ts';

/** Runs per delete transaction. A run has about twenty steps, which keeps the transaction small. */
const DELETE_ROWS = 50;

export class SqlRuns implements Runs {
  readonly #database: Transactions;

  constructor(database: Transactions) {
    this.#database = database;
  }

  async start({ id, kind, input, startedMs }: NewRun): Promise<void> {
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

  async restart(id: string): Promise<void> {
    await this.#database.write(async (db) => {
      const again = { state: 'running', ended_ms: null, output: null, error: null };
      await db
        .updateTable('runs')
        .set((eb) => ({ ...again, tries: eb('tries', '+', 1) }))
        .where('id', '=', id)
        .execute();
    });
  }

  async finish(id: string, { state, endedMs, output, error }: RunEnd): Promise<void> {
    await this.#database.write(async (db) => {
      await db.updateTable('runs').set({ state, ended_ms: endedMs, output, error }).where('id', '=', id).execute();
    });
  }

  async find(id: string): Promise<Run | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : runOf(row);
  }

  async latest(limit: number): Promise<Run[]> {
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
    return rows.map(stepOf);
  }

  deleteBefore(ms: InstantMs): Promise<number> {
    return deleteInBatches(this.#database, async (db) => {
      const rows = await db
        .selectFrom('runs')
        .select('id')
        .where('state', '!=', 'running')
        .where('started_ms', '<', ms)
        .limit(DELETE_ROWS)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length === 0) return 0;
      await db.deleteFrom('run_steps').where('run_id', 'in', ids).execute();
      await db.deleteFrom('runs').where('id', 'in', ids).execute();
      return ids.length;
    });
  }
}

function runOf(row: OperationsSchema['runs']): Run {
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

function stepOf(row: OperationsSchema['run_steps']): RunStep {
  return {
    runId: row.run_id,
    step: row.step,
    attempt: row.attempt,
    state: row.state as RunState,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    rows: row.row_count,
    detail: row.detail,
    error: row.error,
  };
}

function runExists(id: string): CondvestError {
  return new CondvestError({
    code: 'operations-run-exists',
    kind: 'permanent',
    message: 'A run with this id already exists',
    found: id,
  });
}
