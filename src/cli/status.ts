import { plural } from '#base/plural.ts';
import type { AppContext } from '#runtime/app.ts';
import { statusTask } from '#runtime/tasks/fetch-tasks.ts';
import { runTask } from '#runtime/tasks/pipeline-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { NO_BARS_YET } from './no-bars.ts';
import { describeDeadLetter } from './notify.ts';
import { describeRun } from './pipeline.ts';
import { formatCount, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const NOTICES_SHOWN = 10;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const found = await withReader(invocation, readStatus);
  const { status, latest, notices, deadLetters } = found;
  const isWhole = status.first !== undefined && status.workCount === 0;
  const value = { ...status, latestRun: latest?.run ?? null, notices, deadLetters };
  await report(terminal, value, () => (status.first === undefined ? [NO_BARS_YET] : describeStatus(found)));
  return isWhole ? 0 : 3;
}

async function readStatus(app: AppContext) {
  return {
    status: await statusTask(app),
    latest: await runTask(app, undefined),
    notices: await app.notices.list({ openOnly: true, limit: NOTICES_SHOWN }),
    deadLetters: await app.notices.deadLetters(NOTICES_SHOWN),
  };
}

function describeStatus({ status, latest, notices, deadLetters }: Awaited<ReturnType<typeof readStatus>>): string[] {
  const { settled, provisional, partial, missing } = status.sessions;
  const lines = [
    `Daily bars      ${status.last === undefined ? 'none' : `${status.first} to ${status.last}`} (last closed session: ${status.lastClosed})`,
    `Complete to     ${status.watermark ?? 'none'}`,
    `Sessions        ${formatCount(settled)} settled, ${formatCount(provisional)} provisional, ${formatCount(partial)} partial, ${formatCount(missing)} missing`,
    `Symbols         ${formatCount(status.symbolsListed)} listed`,
    `Last fetch      ${status.lastFetchMs === undefined ? 'never' : formatInstant(status.lastFetchMs)}`,
    ...(status.horizon === undefined ? [] : [`Plan            no history up to ${status.horizon}`]),
    `Pipeline        ${latest === undefined ? 'has not run yet' : describeRun(latest.run)}`,
  ];
  for (const { session, reason, rows, counted, expected } of status.work)
    lines.push(`  to do         ${session} ${reason}${rows > 0 ? `: ${counted} of ${expected ?? '?'} bars` : ''}`);
  if (status.workCount > status.work.length)
    lines.push(`  …             ${plural(status.workCount, 'session')} in total`);
  for (const notice of notices) lines.push(`${notice.severity.padEnd(15)} ${notice.title}`);
  for (const letter of deadLetters) lines.push(describeDeadLetter(letter));
  return lines;
}
