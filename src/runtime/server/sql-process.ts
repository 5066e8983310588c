import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { Random } from '#ports/random.ts';
import type { SqlRequest, SqlRunner } from '#serving/http/sql-runner.ts';
import { REPORT_DESCRIPTOR, type SqlJob, type SqlReport } from './sql-worker-protocol.ts';

/** JavaScript heap of a statement's process, in MB: values on their way out. */
const HEAP_MB = 256;

/** Runs each statement in its own process; `sql-worker.ts` describes the limits. */
export function sqlProcesses(deps: { readonly scratchFolder: string; readonly random: Random }): SqlRunner {
  return {
    run: async (request, signal) => {
      signal.throwIfAborted();
      const running = new SqlProcess(request, deps, signal);
      try {
        await running.begun;
      } catch (cause) {
        await running.end();
        throw cause;
      }
      return running.bytes();
    },
  };
}

class SqlProcess {
  /** Resolves with the first bytes; rejects if there will be none. */
  readonly begun: Promise<void>;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #scratchPath: string;
  readonly #signal: AbortSignal;
  readonly #kill: () => void;
  #last: SqlReport | undefined;

  constructor(
    request: SqlRequest,
    { scratchFolder, random }: { readonly scratchFolder: string; readonly random: Random },
    signal: AbortSignal,
  ) {
    this.#scratchPath = join(scratchFolder, `sql-${random.uuid()}.parquet`);
    this.#signal = signal;
    // In the package, the worker is compiled to JavaScript.
    const worker = fileURLToPath(new URL(`./sql-worker${import.meta.url.slice(-3)}`, import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${HEAP_MB}`];
    this.#child = spawn(process.execPath, [...flags, worker], {
      // The server's environment may contain secrets.
      env: {},
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    });
    this.#closed = once(this.#child, 'close').catch((cause: unknown) => cause);
    this.#kill = () => this.#child.kill('SIGKILL');
    signal.addEventListener('abort', this.#kill);
    this.begun = this.#reports();
    const job: SqlJob = { ...request, scratchPath: this.#scratchPath };
    // A process that has died closes its input; its reports say why.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdin?.write(`${JSON.stringify(job)}\n`);
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#child.stdout ?? []) yield chunk as Uint8Array;
      await this.#closed;
      if (this.#last?.type !== 'done') throw this.#failure();
    } finally {
      await this.end();
    }
  }

  async end(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#kill);
    this.#kill();
    await this.#closed;
    await rm(this.#scratchPath, { force: true });
  }

  async #reports(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdio[REPORT_DESCRIPTOR] as Readable });
    return new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        this.#last = JSON.parse(line) as SqlReport;
        if (this.#last.type === 'begun') resolve();
      });
      this.#closed.then(() => reject(this.#failure()), reject);
    });
  }

  #failure(): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    const last = this.#last;
    if (last?.type !== 'failed') {
      return new CondvestError({
        code: 'query-too-large',
        kind: 'permanent',
        message: 'The process that ran the statement died, most likely for lack of memory',
        action: 'Select fewer rows before sorting or grouping',
      });
    }
    return failureOf(last);
  }
}

/** Returns the error that the process reported. Its message is already complete. */
function failureOf({ code, message, found, allowed, action }: Extract<SqlReport, { readonly type: 'failed' }>): Error {
  const parts = { code, message, found, allowed, action };
  const error = code.startsWith('query-') ? new UsageError(parts) : new CondvestError({ ...parts, kind: 'permanent' });
  error.message = message;
  return error;
}
