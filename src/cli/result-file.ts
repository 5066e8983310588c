import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { finished } from 'node:stream/promises';

import { CondvestError, UsageError } from '#base/errors.ts';
import type { Invocation } from './command.ts';
import { choiceOption, textOption } from './options.ts';

export const FORMATS = ['table', 'csv', 'json', 'ndjson', 'parquet', 'arrow'] as const;
export type Format = (typeof FORMATS)[number];

const BY_ENDING: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.parquet': 'parquet',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.txt': 'table',
};

/** Returns the requested format, or a default: a table on a terminal, CSV in a pipe, JSON with `--json`. */
export function formatFor(invocation: Invocation): Format {
  const asked = choiceOption(invocation, 'format', FORMATS);
  if (asked !== undefined) return asked;
  const output = textOption(invocation, 'output');
  if (output !== undefined) {
    const format = BY_ENDING[extname(output).toLowerCase()];
    if (format !== undefined) return format;
    throw new UsageError({
      code: 'output-format-unknown',
      message: 'The extension of the output file does not determine a format',
      found: output,
      allowed: Object.keys(BY_ENDING).join(', '),
      action: 'Or choose one with --format',
    });
  }
  if (invocation.terminal.json) return 'json';
  return invocation.terminal.isOutputTty ? 'table' : 'csv';
}

/**
 * Writes chunks to the file named by `--output`, or to standard output. A file appears under its name only once it is
 * complete. Binary formats are not written to a terminal.
 */
export async function writeResult(
  invocation: Invocation,
  format: Format,
  chunks: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const output = textOption(invocation, 'output');
  if (output === undefined) {
    refuseBinaryTerminal(invocation, format);
    for await (const chunk of chunks) {
      invocation.signal.throwIfAborted();
      if (!(await invocation.terminal.write(chunk))) return;
    }
    return;
  }
  await writeWhole(output, async (partial) => {
    const stream = createWriteStream(partial, { flags: 'wx' });
    // `finished` reports failures, in order.
    stream.on('error', () => undefined);
    for await (const chunk of chunks) {
      invocation.signal.throwIfAborted();
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), finished(stream)]);
    }
    stream.end();
    await finished(stream);
  });
  invocation.terminal.note(`wrote ${output}`);
}

/** Runs `write` on a temporary file and renames it once complete. A failure leaves nothing behind. */
export async function writeWhole(output: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${output}.${process.pid}.part`;
  try {
    await write(partial);
    await rename(partial, output);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    if (cause instanceof CondvestError || !(cause instanceof Error) || !('code' in cause)) throw cause;
    throw new CondvestError({
      code: 'output-unwritable',
      kind: 'permanent',
      message: 'The output file is not writable',
      found: `${output} (${String(cause.code)})`,
      action: 'Choose another file, or free some space',
      cause,
    });
  }
}

export function refuseBinaryTerminal(invocation: Invocation, format: Format): void {
  if (!invocation.terminal.isOutputTty || (format !== 'parquet' && format !== 'arrow')) return;
  throw new UsageError({
    code: 'output-is-terminal',
    message: `${format} is not readable on a terminal`,
    action: 'Name a file with --output, or pipe the output',
  });
}
