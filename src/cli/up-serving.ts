import type { WorkProcess } from '#runtime/daemon/work-process.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { hasBars } from '#runtime/tasks/has-bars.ts';
import type { ExitCode, Invocation } from './command.ts';
import { type ListeningOptions, stopped } from './listening.ts';
import { VERSION } from './version.ts';

/** Serves the lake at once, and releases the process that fills it and keeps it up to date. */
export async function serveWith(
  { config, terminal, signal }: Invocation,
  listening: ListeningOptions,
  work: WorkProcess,
): Promise<ExitCode> {
  const write = (line: string): void => terminal.note(line);
  const opening = openLocal(config, { readOnly: true });
  // DuckDB opens on a thread of its own while the modules of the server load.
  const [app, { startServer }] = await Promise.all([opening, import('#runtime/server/server.ts')]);
  await using _ = app;
  if (!(await hasBars(app))) work.expectBuild();
  const server = await startServer(app, {
    ...listening,
    work,
    version: VERSION,
    isErrorTty: terminal.isErrorTty,
    write,
  });
  const { url } = server;
  if (server.isOtherPort) write(`The default port is in use, so the server listens on port ${server.port}.`);
  write(`Serving at ${url}${server.needsKeys ? ' to callers with an API key' : ''}`);
  work.release({
    onCrashed: async (pid) => {
      const { releaseLeaseOf } = await import('#runtime/runs/work-lease.ts');
      await releaseLeaseOf(pid, app);
    },
    onBuilt: () => write(`Open it in a browser: ${url}`),
  });
  const exitCode = await Promise.race([stopped(signal).then(() => 0), work.rejected]);
  await Promise.all([work.stop(), server.stop()]);
  return exitCode === 0 ? 0 : 2;
}
