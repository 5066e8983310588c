import { CondvestError } from '#base/errors.ts';
import type { AppContext } from '#runtime/app.ts';
import type { Config } from '#runtime/config/config.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { checkClock } from '#runtime/tasks/check-clock.ts';
import type { Invocation } from './command.ts';
import { flagOption } from './options.ts';

/** Opens the application context, runs a command on it, and closes it whatever happens. */
export async function withApp<T>({ config }: Invocation, work: (app: AppContext) => Promise<T>): Promise<T> {
  await using app = await openLocal(config);
  return await work(app);
}

/**
 * As `withApp`, for a command that writes to the lake: the clock must be plausible. On a terminal, a person can say that
 * it is right, otherwise only `--clock-is-right`.
 */
export async function withWriter<T>(invocation: Invocation, work: (app: AppContext) => Promise<T>): Promise<T> {
  return withApp(invocation, async (app) => {
    await checkClockOf(invocation, app);
    return work(app);
  });
}

/** Throws `clock-doubtful`. */
export async function checkClockOf(invocation: Invocation, app: AppContext): Promise<void> {
  if (flagOption(invocation, CLOCK_IS_RIGHT)) return;
  const { confirm } = invocation.terminal;
  await checkClock(app, async (doubt) => (await confirm?.(`${doubt}. Is the clock right?`)) === true);
}

/** The option `--clock-is-right`. */
const CLOCK_IS_RIGHT = 'clockIsRight';

/**
 * As `withApp`, for a command that only reads: in a home folder that this user may not write to, temporary files and a
 * copy of the operational store go into the system's folder for temporary files.
 */
export async function withReader<T>({ config }: Invocation, work: (app: AppContext) => Promise<T>): Promise<T> {
  await using app = await openReader(config);
  return await work(app);
}

const FORBIDDEN: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

async function openReader(config: Config): Promise<AppContext> {
  try {
    return await openLocal(config, { onlyReads: true });
  } catch (error) {
    if (!(error instanceof CondvestError) || error.code !== 'home-not-writable') throw error;
    const { cause } = error;
    if (!(cause instanceof Error && 'code' in cause && FORBIDDEN.has(cause.code))) throw error;
    return openLocal(config, { readOnly: true, onlyReads: true });
  }
}
