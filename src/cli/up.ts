import { WorkProcess } from '#runtime/daemon/work-process.ts';
import type { ExitCode, Invocation } from './command.ts';
import { listeningOptions } from './listening.ts';
import { flagOption, textOption, wholeOption } from './options.ts';

const SYMBOLS_MAX = 12_000;
const YEARS_MAX = 60;
const SEED_MAX = 2 ** 31 - 1;

/** Options of the work, as opposed to those of the server. */
export interface WorkOptions {
  readonly symbols: number | undefined;
  readonly years: number | undefined;
  readonly seed: number | undefined;
}

/** Runs `condvest up`. The server and the work are separate processes, and each loads only the modules it needs. */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const options: WorkOptions = {
    symbols: wholeOption(invocation, 'symbols', 1, SYMBOLS_MAX),
    years: wholeOption(invocation, 'years', 1, YEARS_MAX),
    seed: wholeOption(invocation, 'seed', 0, SEED_MAX),
  };
  const isServing = !flagOption(invocation, 'once') && invocation.options.serve !== false;
  if (!isServing) return (await import('./up-work.ts')).runWork(invocation, options);
  const { terminal } = invocation;
  const listening = listeningOptions(invocation);
  const args = ['up', '--no-serve', ...(terminal.json ? ['--json'] : [])];
  if (flagOption(invocation, 'clockIsRight')) args.push('--clock-is-right');
  for (const name of ['symbols', 'years', 'seed'] as const) {
    const value = textOption(invocation, name);
    if (value !== undefined) args.push(`--${name}`, value);
  }
  // Spawned first: it loads its modules while this process starts the server, and then waits to be released.
  await using work = new WorkProcess({ args, nowMs: () => Date.now(), write: (line) => terminal.note(line) });
  work.start();
  return await (await import('./up-serving.ts')).serveWith(invocation, listening, work);
}
