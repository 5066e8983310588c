import { mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '#base/errors.ts';
import type { AccessRecord } from '#serving/http/gate/access-record.ts';
import type { Config } from '../config/config.ts';

export interface AccessLog {
  readonly write: ((record: AccessRecord) => void) | undefined;
  close(): void;
}

const STDERR = 2;
/** Lines are buffered up to this many characters, or for a second. */
const GATHERED_MAX = 8192;
const FLUSH_MS = 1000;
/** Longest backlog for a slow disk or reader. Lines beyond it are dropped. */
const WAITING_MAX = 1 << 20;
/** Retry delay for a full pipe. */
const AGAIN_MS = 100;

/**
 * Opens the access log that the configuration selects: one line of JSON per request. A log that becomes unwritable, for
 * example on a full disk, does not end the server: `write` gets one warning, and later lines are tried again. Throws
 * `access-log-unwritable` if the file cannot be opened.
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
    options.write(`condvest: the access log is not writable (${codeOf(cause)}); the server continues without it`),
  );
  const timer = setInterval(() => lines.flush(), FLUSH_MS);
  timer.unref();
  return {
    write: (record) => lines.write(`${JSON.stringify({ time: new Date().toISOString(), ...record })}\n`),
    close: () => {
      clearInterval(timer);
      lines.flushNow();
    },
  };
}

/** Appends lines to an open file. A write that fails does not end the process, and nothing waits for a full disk. */
class LineWriter {
  readonly #fd: number;
  readonly #onFailure: (cause: unknown) => void;
  #backlog = '';
  #isWriting = false;
  #isFailing = false;

  /** `onFailure` is called for the first failed write, and again only after a successful one. */
  constructor(fd: number, onFailure: (cause: unknown) => void) {
    this.#fd = fd;
    this.#onFailure = onFailure;
  }

  write(line: string): void {
    if (this.#backlog.length + line.length > WAITING_MAX) return;
    this.#backlog += line;
    if (this.#backlog.length >= GATHERED_MAX) this.flush();
  }

  flush(): void {
    if (this.#isWriting || this.#backlog === '') return;
    this.#isWriting = true;
    this.#put(this.#take());
  }

  /** Returns once the backlog is written or dropped. */
  flushNow(): void {
    try {
      for (let bytes = this.#take(); bytes.byteLength > 0; ) bytes = bytes.subarray(writeSync(this.#fd, bytes));
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #take(): Buffer {
    const bytes = Buffer.from(this.#backlog);
    this.#backlog = '';
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
      message: 'The access log is not writable',
      found: `${path} (${codeOf(cause)})`,
      allowed: 'a file in a writable folder',
      action: 'Set CONDVEST_ACCESS_LOG to another file, or to off',
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
