import { createInterface } from 'node:readline';
import { openPostgresOperations } from '#adapters/sql/open-postgres.ts';
import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { systemRandom as random } from '#adapters/system/random.ts';
import { CondvestError } from '#base/errors.ts';
import type { LeaseRequest, ListedSecurity, NewNotice, NewRun, Operations } from '#ports/operations.ts';

/** Where a database of the tests is, so that another process finds it. */
export type OperationsAddress = { readonly path: string } | { readonly url: string };

/** What one of several processes does, over and over where it is a list. */
export type OperationsTask =
  | { readonly task: 'open' }
  | { readonly task: 'start-runs'; readonly runs: readonly NewRun[] }
  | { readonly task: 'acquire'; readonly leases: readonly LeaseRequest[] }
  | { readonly task: 'open-notices'; readonly notices: readonly NewNotice[] }
  | { readonly task: 'resolve-notices'; readonly keys: readonly string[]; readonly nowMs: number }
  | { readonly task: 'replace-listings'; readonly times: number; readonly rows: readonly ListedSecurity[] };

/** A message of a worker. One that has `done` may live on: a lease that it took is then held by a living process. */
export type OperationsMessage = { readonly ready: true } | { readonly done: readonly unknown[] };

export function openOperationsAt(address: OperationsAddress): Promise<Operations> {
  return 'path' in address
    ? openSqliteOperations({ path: address.path, random, nowMs: 1 })
    : openPostgresOperations({ url: address.url, random, nowMs: 1 });
}

async function perform(operations: Operations, work: OperationsTask): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  switch (work.task) {
    case 'open':
      return ['opened'];
    case 'start-runs':
      for (const run of work.runs) outcomes.push(await operations.startRun(run).then(() => 'started', codeOf));
      return outcomes;
    case 'acquire':
      for (const lease of work.leases) outcomes.push(await operations.acquireLease(lease));
      return outcomes;
    case 'open-notices':
      for (const notice of work.notices) outcomes.push(await operations.openNotice(notice));
      return outcomes;
    case 'resolve-notices':
      for (const key of work.keys) outcomes.push((await operations.resolveNotice(key, work.nowMs)) !== undefined);
      return outcomes;
    case 'replace-listings':
      for (let time = 0; time < work.times; time += 1) await operations.replaceListings(work.rows, time);
      return outcomes;
  }
}

/** An expected failure is an outcome; any other one fails the worker and with it the test. */
function codeOf(cause: unknown): string {
  if (cause instanceof CondvestError) return cause.code;
  throw cause;
}

function say(message: OperationsMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Run as a program: the address is its argument, the task its first line. It says when it is ready, works at each further
 * line, and ends with its input.
 */
if (import.meta.main) {
  const place = JSON.parse(process.argv[2] ?? '') as OperationsAddress;
  let operations: Operations | undefined;
  let work: OperationsTask | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (work === undefined) {
      work = JSON.parse(line) as OperationsTask;
      // Where opening is what they race for, nothing is opened before the start.
      if (work.task !== 'open') operations = await openOperationsAt(place);
      say({ ready: true });
    } else {
      operations ??= await openOperationsAt(place);
      say({ done: await perform(operations, work) });
    }
  }
  await operations?.[Symbol.asyncDispose]();
}
