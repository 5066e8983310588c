import { WorkProcess } from '#runtime/daemon/work-process.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { startServer } from '#runtime/server/server.ts';
import { freeWorkTask } from '#runtime/tasks/pipeline-tasks.ts';
import { hasBars } from '#runtime/tasks/tasks.ts';
import type { ExitCode, Invocation } from './command.ts';
import { textOption } from './options.ts';
import { listeningOptions, stopped } from './serve.ts';
import { VERSION } from './version.ts';

/** Options that are for the work and not for the server. */
const WORK_OPTIONS = ['symbols', 'years', 'seed'] as const;

/** Serves at once, and has the work done by a process of its own. */
export async function serveAndWork(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal, signal } = invocation;
  const listening = listeningOptions(invocation);
  const write = (line: string): void => terminal.note(line);
  await using app = await openLocal(config, { readOnly: true });
  const args = ['up', '--no-serve', ...(terminal.json ? ['--json'] : [])];
  for (const name of WORK_OPTIONS) {
    const value = textOption(invocation, name);
    if (value !== undefined) args.push(`--${name}`, value);
  }
  let url = '';
  const work = new WorkProcess({
    args,
    isNew: !(await hasBars(app)),
    nowMs: () => app.clock.nowMs(),
    write,
    onDied: (pid) => freeWorkTask(app, pid),
    onBuilt: () => write(`Look at it in a browser: ${url}`),
  });
  const server = await startServer(app, {
    ...listening,
    work,
    version: VERSION,
    isErrorTty: terminal.isErrorTty,
    write,
  });
  ({ url } = server);
  if (server.isOtherPort) write(`The usual port is taken by another program, so this is port ${server.port}.`);
  write(`Serving at ${url}${server.needsKeys ? ' to those who have a key' : ''}`);
  work.start();
  const exitCode = await Promise.race([stopped(signal).then(() => 0), work.refused]);
  await Promise.all([work.stop(), server.stop()]);
  return exitCode === 0 ? 0 : 2;
}
