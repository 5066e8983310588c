import { openLocal } from '#runtime/local/open-local.ts';
import { type RunningServer, startServer } from '#runtime/server/server.ts';
import type { ExitCode, Invocation } from './command.ts';
import { listeningOptions, stopped } from './listening.ts';
import type { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal, signal } = invocation;
  const listening = listeningOptions(invocation);
  await using app = await openLocal(config, { readOnly: true });
  const server = await startServer(app, {
    ...listening,
    version: VERSION,
    isErrorTty: terminal.isErrorTty,
    write: (line) => terminal.note(line),
  });
  await announce(terminal, server);
  await stopped(signal);
  await server.stop();
  return 0;
}

/** Announces the server's URL. */
export async function announce(terminal: Terminal, server: RunningServer): Promise<void> {
  const { url, host, port, isOtherPort, needsKeys } = server;
  if (isOtherPort) terminal.note(`The default port is in use, so the server listens on port ${port}.`);
  if (terminal.json) await terminal.line(JSON.stringify({ url, host, port, needsKeys }));
  else await terminal.line(`Serving at ${url}${needsKeys ? ' to callers with an API key' : ''}`);
}
