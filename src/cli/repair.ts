import { gapsTask } from '#runtime/tasks/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { fetchAndReport } from './fetch.ts';
import { withLaptop } from './opened.ts';

/** Sessions looked at again for one symbol. */
const SESSIONS_MAX = 5000;

/** Fetches what `gaps` lists: holes and partial sessions, and with a symbol the sessions that it is missing from. */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const [symbol] = invocation.operands;
  const gaps = await withLaptop(invocation, (laptop) => gapsTask(laptop, symbol, SESSIONS_MAX));
  return fetchAndReport(invocation, {
    sessions: [...gaps.sessions.map(({ session }) => session), ...(gaps.ofSymbol ?? [])],
  });
}
