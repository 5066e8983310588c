import { mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { UsageError } from '#base/errors.ts';
import type { AccessRecord } from '#serving/http/gate/access-record.ts';
import type { Config } from '../config/config.ts';

export interface AccessLog {
  readonly write: ((record: AccessRecord) => void) | undefined;
  close(): void;
}

const STDERR = 2;
/** Lines are gathered up to so many characters, or to the end of a second. */
const GATHERED_MAX = 8192;
const FLUSH_MS = 1000;
/** Characters that wait for a disk or a reader that takes none; lines that come then are lost. */
const WAITING_MAX = 1 << 20;
/** A reader of a pipe that takes nothing is asked again so often. */
const AGAIN_MS = 100;

/**
 * One line of JSON for each request, where the configuration says so. A log that cannot be written any more, as on a disk that is
 * full, ends no server: that is told once by `write`, and what comes later is tried again. Throws `access-log-unwritable` for a
 * file that cannot be opened.
 */
export function openAccessLog(
  config: Pick<Config, 'accessLog'>,
  options: { readonly isErrorTty: boolean; readonly write: (line: string) => void },
): AccessLog {
  const { accessLog } = config;
  if (accessLog === 'off' || (accessLog === 'auto' && options.isErrorTty)) {
    return { write: undefined, close: () => undefined };
  }
  const lines = new LineWriter(accessLog === 'auto' || accessLog === 'stderr' ? STDERR : openFile(accessLog), (cause) =>
    options.write(`condvest: the access log cannot be written (${codeOf(cause)}); the server goes on without it`),
  );
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines);
  const timer = setInterval(() => lines.flush(), FLUSH_MS);
  timer.unref();
  return {
    write: (record) => logger.info(record, 'request'),
    close: () => {
      clearInterval(timer);
      lines.flushNow();
    },
  };
}

/**
 * Appends lines to an open file. pino's own destination ends the process on the first write that fails, and waits for ever for a
 * disk to take the last lines.
 */
class LineWriter {
  readonly #fd: number;
  readonly #onFailure: (cause: unknown) => void;
  #waiting = '';
  #isWriting = false;
  #isFailing = false;

  /** `onFailure` is called for the first write that fails, and again only after one that has not. */
  constructor(fd: number, onFailure: (cause: unknown) => void) {
    this.#fd = fd;
    this.#onFailure = onFailure;
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > WAITING_MAX) return;
    this.#waiting += line;
    if (this.#waiting.length >= GATHERED_MAX) this.flush();
  }

  flush(): void {
    if (this.#isWriting || this.#waiting === '') return;
    this.#isWriting = true;
    this.#put(this.#taken());
  }

  /** Returns when what waits is written or lost. */
  flushNow(): void {
    try {
      for (let bytes = this.#taken(); bytes.byteLength > 0; ) bytes = bytes.subarray(writeSync(this.#fd, bytes));
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #taken(): Buffer {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    return bytes;
  }

  #put(bytes: Buffer): void {
    write(this.#fd, bytes, (cause, written) => {
      if (cause?.code === 'EAGAIN') {
        setTimeout(() => this.#put(bytes), AGAIN_MS).unref();
        return;
      }
      if (cause !== null) this.#failed(cause);
      else {
        this.#isFailing = false;
        if (written < bytes.byteLength) {
          this.#put(bytes.subarray(written));
          return;
        }
      }
      this.#isWriting = false;
    });
  }

  #failed(cause: unknown): void {
    if (!this.#isFailing) this.#onFailure(cause);
    this.#isFailing = true;
  }
}

function openFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a');
  } catch (cause) {
    throw new UsageError({
      code: 'access-log-unwritable',
      message: 'The access log cannot be written',
      found: `${path} (${codeOf(cause)})`,
      allowed: 'a file in a folder that can be written to',
      action: 'Name another with CONDVEST_ACCESS_LOG, or set it to off',
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
