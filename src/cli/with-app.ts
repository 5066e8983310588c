import { CondvestError } from '#base/errors.ts';
import type { AppContext } from '#runtime/app.ts';
import type { Config } from '#runtime/config/config.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import type { Invocation } from './command.ts';

/** Opens the application context, runs a command on it, and closes it whatever happens. */
export async function withApp<T>({ config }: Invocation, work: (app: AppContext) => Promise<T>): Promise<T> {
  await using app = await openLocal(config);
  return await work(app);
}

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
