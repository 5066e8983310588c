import { gapsTask } from '#runtime/tasks/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { fetchAndReport } from './fetch.ts';
import { withApp } from './with-app.ts';

/** Sessions refetched for one symbol. */
const SESSIONS_MAX = 5000;

/** Fetches what `gaps` lists: missing and partial sessions, and for a symbol the sessions it is missing from. */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const [symbol] = invocation.operands;
  const gaps = await withApp(invocation, (app) => gapsTask(app, symbol, SESSIONS_MAX));
  return fetchAndReport(invocation, {
    sessions: [...gaps.sessions.map(({ session }) => session), ...(gaps.ofSymbol ?? [])],
  });
}
