import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CondvestError, type ErrorParts } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import type { Config } from '../config/config.ts';
import { homeNotWritable, makeHome } from './home-folder.ts';

/** Small JSON objects beside the lake that record how a home was set up. */

/** Writes the file atomically: after a crash it holds either the old value or the new one. */
export async function saveHomeFile(config: Config, name: string, value: object): Promise<void> {
  const path = join(config.home, name);
  await makeHome(config);
  try {
    await writeFile(`${path}.part`, `${JSON.stringify(value, undefined, 2)}\n`);
    await rename(`${path}.part`, path);
  } catch (cause) {
    throw homeNotWritable(config.home, cause);
  }
}

/** Reads and parses the file; undefined if there is none. If `parse` returns undefined, throws `unreadable` as `corrupt`. */
export async function readHomeFile<T>(
  config: Config,
  name: string,
  parse: (value: Readonly<Record<string, unknown>>) => T | undefined,
  unreadable: Pick<ErrorParts, 'code' | 'message' | 'action'>,
): Promise<T | undefined> {
  const path = join(config.home, name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  const value = objectOf(text);
  const parsed = value === undefined ? undefined : parse(value);
  if (parsed !== undefined) return parsed;
  throw new CondvestError({ ...unreadable, kind: 'corrupt', found: path });
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
