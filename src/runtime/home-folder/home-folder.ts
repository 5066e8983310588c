import { CondvestError } from '#base/errors.ts';
import type { Config } from '../config/config.ts';
import { makeFolder } from './make-folder.ts';

/** Creates the home folder if it does not exist. Throws `home-not-writable`. */
export async function makeHome({ home }: Config): Promise<void> {
  try {
    await makeFolder(home);
  } catch (cause) {
    throw homeNotWritable(home, cause);
  }
}

/** Returns the error for a failed write below the home folder. */
export function homeNotWritable(home: string, cause: unknown): CondvestError {
  const code = codeOf(cause);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new CondvestError({
    code: 'home-not-writable',
    kind: 'permanent',
    message: 'The home folder is not writable',
    found: `${home} (${code})`,
    action: isFull
      ? 'The disk is full: free some space and run the command again'
      : 'Set CONDVEST_HOME to a writable folder, or fix its permissions',
    cause,
  });
}

export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
