import { plural } from '#base/plural.ts';
import { testNotifiers } from '#runtime/tasks/pipeline-tasks.ts';

import type { DeadLetterView, NoticeView } from '#runtime/tasks/reports.ts';
import type { ExitCode, Invocation } from './command.ts';
import { flagOption, unknownAction, wholeOption } from './options.ts';
import { formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withApp, withReader } from './with-app.ts';

const LIMIT_DEFAULT = 20;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const [action] = invocation.operands;
  if (action === 'test') return test(invocation);
  if (action === 'digest') return digest(invocation);
  throw unknownAction('notify', action, ['test', 'digest']);
}

async function test(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const results = await withApp(invocation, (app) => testNotifiers(app, (line) => terminal.note(line)));
  await report(terminal, results, () =>
    results.map(({ channel, error }) => `${channel}: ${error === undefined ? 'delivered' : `FAILED: ${error}`}`),
  );
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function digest(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const limit = wholeOption(invocation, 'limit', 1, 1000) ?? LIMIT_DEFAULT;
  const { notices, dead } = await withReader(invocation, async (app) => ({
    notices: await app.notices.list({ openOnly: !flagOption(invocation, 'all'), limit }),
    dead: await app.notices.deadLetters(limit),
  }));
  await report(terminal, notices, () => [
    notices.length === 0 ? 'No open notices.' : plural(notices.length, 'notice'),
    ...notices.flatMap(describeNotice),
    ...(dead.length > 0 ? ['', ...dead.map(describeDeadLetter)] : []),
  ]);
  return 0;
}

function describeNotice(notice: NoticeView): string[] {
  const since = `since ${formatInstant(notice.firstSeenMs)}${notice.count > 1 ? `, seen ${notice.count} times` : ''}`;
  const resolved = notice.resolvedMs === null ? '' : `, resolved ${formatInstant(notice.resolvedMs)}`;
  return [
    `\n${notice.severity.toUpperCase()}  ${notice.title} (${since}${resolved})`,
    `  ${notice.text.replaceAll('\n', '\n  ')}`,
  ];
}

export function describeDeadLetter({ channel, event, notice, failures }: DeadLetterView): string {
  return `Not delivered   ${channel}: ${notice.title} (${event}; ${plural(failures, 'attempt')})`;
}
