import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { deadLettersTask, noticesTask, testNotifiers } from '#runtime/tasks/pipeline-tasks.ts';

import type { DeadLetterView } from '#runtime/tasks/reports.ts';
import type { ExitCode, Invocation } from './command.ts';
import { flagOption, wholeOption } from './options.ts';
import { formatInstant } from './render/text.ts';
import { withApp } from './with-app.ts';

const LIMIT_DEFAULT = 20;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const [action] = invocation.operands;
  if (action === 'test') return test(invocation);
  if (action === 'digest') return digest(invocation);
  throw new UsageError({
    code: 'notify-action',
    message: 'Unknown action',
    found: action ?? 'nothing',
    allowed: 'test, digest',
  });
}

async function test(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const results = await withApp(invocation, (app) => testNotifiers(app, (line) => terminal.note(line)));
  if (terminal.json) await terminal.line(JSON.stringify(results, undefined, 2));
  else
    for (const { channel, error } of results)
      await terminal.line(error === undefined ? `${channel}: delivered` : `${channel}: FAILED: ${error}`);
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function digest(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const limit = wholeOption(invocation, 'limit', 1, 1000) ?? LIMIT_DEFAULT;
  const { notices, dead } = await withApp(invocation, async (app) => ({
    notices: await noticesTask(app, !flagOption(invocation, 'all'), limit),
    dead: await deadLettersTask(app, limit),
  }));
  if (terminal.json) {
    await terminal.line(JSON.stringify(notices, undefined, 2));
    return 0;
  }
  await terminal.line(notices.length === 0 ? 'No open notices.' : plural(notices.length, 'notice'));
  for (const notice of notices) {
    const since = `since ${formatInstant(notice.firstSeenMs)}${notice.count > 1 ? `, seen ${notice.count} times` : ''}`;
    const resolved = notice.resolvedMs === null ? '' : `, resolved ${formatInstant(notice.resolvedMs)}`;
    await terminal.line(`\n${notice.severity.toUpperCase()}  ${notice.title} (${since}${resolved})`);
    await terminal.line(`  ${notice.text.replaceAll('\n', '\n  ')}`);
  }
  if (dead.length > 0) await terminal.line('');
  for (const letter of dead) await terminal.line(describeDeadLetter(letter));
  return 0;
}

export function describeDeadLetter({ channel, event, notice, failures }: DeadLetterView): string {
  return `Not delivered   ${channel}: ${notice.title} (${event}; ${plural(failures, 'attempt')})`;
}
