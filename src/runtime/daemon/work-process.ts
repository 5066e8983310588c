import { type ChildProcess, spawn } from 'node:child_process';
import { AssertionError } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Building, OperationsEvent } from '#serving/http/operations.ts';
import type { Work } from '../server/operations-view.ts';
import type { ScheduledRun } from './schedule.ts';
import { PARENT_PID_ENV, type SentError, type ServerMessage, type WorkMessage } from './work-link.ts';

export interface WorkProcessOptions {
  /** Command line of the worker: `up --no-serve …`. */
  readonly args: readonly string[];
  readonly nowMs: () => InstantMs;
  readonly write: (line: string) => void;
}

/** Callbacks of the server, from the moment it serves. */
export interface WorkCallbacks {
  /** Called when the lake has been built. */
  readonly onBuilt: () => void;
  /** Called when the worker has crashed, to release what it held before it is restarted. */
  readonly onCrashed: (pid: number) => Promise<void>;
}

/** Timeout of a request to start a run. */
const START_MS = 30_000;
/** Delay before a crashed worker is restarted, doubled each time. */
const RESTART_MS = 5000;
const RESTART_MS_MAX = 30 * 60_000;
/** A worker that lived this long did not crash on startup, so the delay starts over. */
const STABLE_MS = 10 * 60_000;
/**
 * Time for the worker to reach its next safe point when the server stops. Then it is killed, which it is built to
 * survive.
 */
const STOP_MS = 20_000;
const USAGE_EXIT = 2;

/** Does the work of `condvest up` in its own process, and restarts it after a crash. */
export class WorkProcess implements Work, AsyncDisposable {
  readonly #options: WorkProcessOptions;
  readonly #calls = new Map<number, { resolve(runId: string): void; reject(cause: Error): void }>();
  #child: ChildProcess | undefined;
  #onChange: (event: OperationsEvent | undefined) => void = () => undefined;
  #building: Building | undefined;
  #next: ScheduledRun | undefined;
  #call = 0;
  #restartMs = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #callbacks: WorkCallbacks | undefined;
  #reject: (exitCode: number) => void = () => undefined;
  /** Resolves with the exit code if the worker rejects its command line. */
  readonly rejected: Promise<number>;

  constructor(options: WorkProcessOptions) {
    this.#options = options;
    this.rejected = new Promise((resolve) => {
      this.#reject = resolve;
    });
  }

  /** Marks the lake as being built, before the work itself can report it. */
  expectBuild(): void {
    this.#building = { startedMs: this.#options.nowMs(), steps: [], error: null };
  }

  building(): Building | undefined {
    return this.#building;
  }

  nextRun(): ScheduledRun | undefined {
    return this.#next;
  }

  onChange(call: (event: OperationsEvent | undefined) => void): void {
    this.#onChange = call;
  }

  async startRun({ session }: { readonly session?: string | undefined }): Promise<string> {
    const child = this.#child;
    if (child?.connected !== true) throw workerUnavailable();
    this.#call += 1;
    const call = this.#call;
    const message: ServerMessage = { type: 'start', call, session: session ?? null };
    try {
      return await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => reject(workerUnavailable()), START_MS);
        timer.unref();
        this.#calls.set(call, { resolve, reject });
        child.send(message, (error) => {
          if (error !== null) reject(workerUnavailable());
        });
      });
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Spawns the process. It loads its modules, then waits until it is released. */
  start(): void {
    const entry = process.argv[1];
    if (entry === undefined) throw new AssertionError('the command line was started from a file');
    const child = spawn(process.execPath, [...process.execArgv, entry, ...this.#options.args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [PARENT_PID_ENV]: String(process.pid) },
      // Ctrl-C goes to the server alone, which stops the worker.
      detached: true,
    });
    this.#child = child;
    const startedMs = performance.now();
    const kill = (): boolean => child.kill('SIGKILL');
    process.on('exit', kill);
    if (this.#callbacks !== undefined) child.send({ type: 'release' } satisfies ServerMessage, () => undefined);
    child.on('message', (message: WorkMessage) => this.#receive(message));
    child.on('error', (cause) => this.#options.write(`condvest: the worker could not be started (${cause.message})`));
    child.on('close', (code, signal) => {
      process.off('exit', kill);
      this.#child = undefined;
      for (const { reject } of this.#calls.values()) reject(workerUnavailable());
      this.#exited(child.pid ?? 0, { code, signal, livedMs: performance.now() - startedMs });
    });
  }

  /** Lets the work begin. */
  release(callbacks: WorkCallbacks): void {
    this.#callbacks = callbacks;
    this.#child?.send({ type: 'release' } satisfies ServerMessage, () => undefined);
  }

  /** Stops the worker at its next safe point. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const closed = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
    });
    // Not released yet, it has begun nothing.
    if (this.#callbacks === undefined) child.kill('SIGKILL');
    else if (child.connected) child.send({ type: 'stop' } satisfies ServerMessage, () => undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #restart(crashedPid: number): Promise<void> {
    try {
      await this.#callbacks?.onCrashed(crashedPid);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      this.#options.write(`condvest: ${cause.message}`);
    }
    if (!this.#isStopping) this.start();
  }

  #receive(message: WorkMessage): void {
    if (message.type === 'building') {
      this.#building = message.building ?? undefined;
      this.#onChange({ type: 'building', building: this.#building });
    } else if (message.type === 'next') this.#next = message.next;
    else if (message.type === 'changed') this.#onChange(undefined);
    else if (message.type === 'built') this.#callbacks?.onBuilt();
    else if (message.type === 'started') this.#calls.get(message.call)?.resolve(message.runId);
    else this.#calls.get(message.call)?.reject(errorOf(message.error));
  }

  #exited(
    pid: number,
    exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly livedMs: number },
  ): void {
    const { code, signal, livedMs } = exit;
    this.#next = undefined;
    if (this.#isStopping || code === 0) return;
    if (code === USAGE_EXIT) {
      this.#reject(code);
      return;
    }
    const how = signal === null ? `exited with ${code}` : `was killed by ${signal}`;
    if (this.#building !== undefined && this.#building.error === null) {
      this.#building = { ...this.#building, error: `The worker ${how} and will be restarted` };
      this.#onChange({ type: 'building', building: this.#building });
    }
    if (livedMs > STABLE_MS) this.#restartMs = RESTART_MS;
    this.#options.write(
      `condvest: the worker ${how}; restarting it in ${Math.round(this.#restartMs / 1000)} s. The server keeps running.`,
    );
    this.#timer = setTimeout(() => void this.#restart(pid), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS_MAX);
  }
}

function errorOf({ code, kind, message }: SentError): CondvestError {
  return new CondvestError({ code, kind, message: message.replace(/\.$/, '') });
}

function workerUnavailable(): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'The worker process is unavailable',
    action: 'Try again in a moment; if it stays unavailable, see the log of the server',
  });
}
