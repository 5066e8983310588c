import { createInterface } from 'node:readline';
import type { SqlStore } from '#adapters/sql/store.ts';
import { CondvestError } from '#base/errors.ts';
import type { LeaseRequest } from '#ports/leases.ts';
import type { ListedSecurity } from '#ports/listings-index.ts';
import type { NewNotice } from '#ports/notices.ts';
import type { NewRun } from '#ports/runs.ts';
import { type DatabaseAddress, openSqlStore } from './sql-stores.ts';

/** Task of one of several processes, repeated for each item of a list. */
export type StoreTask =
  | { readonly task: 'open' }
  | { readonly task: 'start-runs'; readonly runs: readonly NewRun[] }
  | { readonly task: 'acquire'; readonly leases: readonly LeaseRequest[] }
  | { readonly task: 'open-notices'; readonly notices: readonly NewNotice[] }
  | { readonly task: 'resolve-notices'; readonly keys: readonly string[]; readonly nowMs: number }
  | { readonly task: 'replace-listings'; readonly times: number; readonly rows: readonly ListedSecurity[] };

/** A message of a worker. One that has `done` may live on: a lease that it took is then held by a living process. */
export type StoreMessage = { readonly ready: true } | { readonly done: readonly unknown[] };

async function perform(store: SqlStore, work: StoreTask): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  switch (work.task) {
    case 'open':
      await store.runs.latest(1);
      return ['opened'];
    case 'start-runs':
      for (const run of work.runs) outcomes.push(await store.runs.start(run).then(() => 'started', codeOf));
      return outcomes;
    case 'acquire':
      for (const lease of work.leases) outcomes.push(await store.leases.acquire(lease));
      return outcomes;
    case 'open-notices':
      for (const notice of work.notices) outcomes.push(await store.notices.open(notice));
      return outcomes;
    case 'resolve-notices':
      for (const key of work.keys) outcomes.push((await store.notices.resolve(key, work.nowMs)) !== undefined);
      return outcomes;
    case 'replace-listings':
      for (let time = 0; time < work.times; time += 1) await store.listings.replace(work.rows, time);
      return outcomes;
  }
}

/** An expected failure is an outcome; any other one fails the worker and with it the test. */
function codeOf(cause: unknown): string {
  if (cause instanceof CondvestError) return cause.code;
  throw cause;
}

function say(message: StoreMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Run as a program: the address is its argument, the task its first line. It says when it is ready, works at each
 * further line, and ends with its input.
 */
if (import.meta.main) {
  const place = JSON.parse(process.argv[2] ?? '') as DatabaseAddress;
  await using store = openSqlStore(place);
  let work: StoreTask | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (work === undefined) {
      work = JSON.parse(line) as StoreTask;
      // For the race to open the database, nothing is opened before the start.
      if (work.task !== 'open') await store.runs.latest(1);
      say({ ready: true });
    } else say({ done: await perform(store, work) });
  }
}
