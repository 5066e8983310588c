import { type ChildProcess, spawn } from 'node:child_process';
import { AssertionError } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Building, UpkeepEvent } from '#serving/http/upkeep.ts';
import type { Work } from '../server/operations-view.ts';
import type { ScheduledRun } from './schedule.ts';
import { type SentError, type ServerMessage, WORKS_FOR, type WorkMessage } from './work-link.ts';

export interface WorkProcessOptions {
  /** The command line of the work: `up --no-serve …`. */
  readonly args: readonly string[];
  readonly nowMs: () => InstantMs;
  readonly write: (line: string) => void;
}

/** Callbacks of the process that serves, from the moment it serves. */
export interface WorkCallbacks {
  /** The lake was built. */
  readonly onBuilt: () => void;
  /** The work died: its leases are released before it is started again. */
  readonly onDied: (pid: number) => Promise<void>;
}

/** A start of a run is answered within this, or not at all. */
const START_MS = 30_000;
/** Work that died is begun again: after so long, each time twice as long. */
const AGAIN_MS = 5000;
const AGAIN_MS_MAX = 30 * 60_000;
/** Work that lived so long has not died of how it began. */
const SOUND_MS = 10 * 60_000;
/** What is under way when the server stops gets to its next sound point in this time, or is killed: it is made for that. */
const STOP_MS = 20_000;
const USAGE_EXIT = 2;

/** Does the work of `condvest up` in a process of its own, and begins it again where it dies. */
export class WorkProcess implements Work, AsyncDisposable {
  readonly #options: WorkProcessOptions;
  readonly #calls = new Map<number, { resolve(runId: string): void; reject(cause: Error): void }>();
  #child: ChildProcess | undefined;
  #onChange: (event: UpkeepEvent | undefined) => void = () => undefined;
  #building: Building | undefined;
  #next: ScheduledRun | undefined;
  #call = 0;
  #againMs = AGAIN_MS;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #callbacks: WorkCallbacks | undefined;
  #end: (exitCode: number) => void = () => undefined;
  /** Resolves with the exit code of work that ended for good because it was asked for in a wrong way. */
  readonly refused: Promise<number>;

  constructor(options: WorkProcessOptions) {
    this.#options = options;
    this.refused = new Promise((resolve) => {
      this.#end = resolve;
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

  onChange(call: (event: UpkeepEvent | undefined) => void): void {
    this.#onChange = call;
  }

  async startRun({ session }: { readonly session?: string | undefined }): Promise<string> {
    const child = this.#child;
    if (child?.connected !== true) throw notThere();
    this.#call += 1;
    const call = this.#call;
    const message: ServerMessage = { type: 'start', call, session: session ?? null };
    try {
      return await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => reject(notThere()), START_MS);
        timer.unref();
        this.#calls.set(call, { resolve, reject });
        child.send(message, (error) => {
          if (error !== null) reject(notThere());
        });
      });
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Spawns the process. It loads its modules, then waits until it is released. */
  start(): void {
    const entry = process.argv[1];
    if (entry === undefined) throw new AssertionError('the command line was started by a file');
    const child = spawn(process.execPath, [...process.execArgv, entry, ...this.#options.args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [WORKS_FOR]: String(process.pid) },
      // A Ctrl-C is for the server, which tells the work.
      detached: true,
    });
    this.#child = child;
    const startedMs = performance.now();
    const kill = (): boolean => child.kill('SIGKILL');
    process.on('exit', kill);
    if (this.#callbacks !== undefined) child.send({ type: 'release' } satisfies ServerMessage, () => undefined);
    child.on('message', (message: WorkMessage) => this.#hear(message));
    child.on('error', (cause) => this.#options.write(`condvest: the work could not be started (${cause.message})`));
    child.on('close', (code, signal) => {
      process.off('exit', kill);
      this.#child = undefined;
      for (const { reject } of this.#calls.values()) reject(notThere());
      this.#ended(child.pid ?? 0, { code, signal, livedMs: performance.now() - startedMs });
    });
  }

  /** Lets the work begin. */
  release(callbacks: WorkCallbacks): void {
    this.#callbacks = callbacks;
    this.#child?.send({ type: 'release' } satisfies ServerMessage, () => undefined);
  }

  /** Stops the work at its next consistent point. Calling it twice has no further effect. */
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

  async #again(diedPid: number): Promise<void> {
    try {
      await this.#callbacks?.onDied(diedPid);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      this.#options.write(`condvest: ${cause.message}`);
    }
    if (!this.#isStopping) this.start();
  }

  #hear(message: WorkMessage): void {
    if (message.type === 'building') {
      this.#building = message.building ?? undefined;
      this.#onChange({ type: 'building', building: this.#building });
    } else if (message.type === 'next') this.#next = message.next;
    else if (message.type === 'changed') this.#onChange(undefined);
    else if (message.type === 'built') this.#callbacks?.onBuilt();
    else if (message.type === 'started') this.#calls.get(message.call)?.resolve(message.runId);
    else this.#calls.get(message.call)?.reject(errorOf(message.error));
  }

  #ended(
    pid: number,
    of: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly livedMs: number },
  ): void {
    const { code, signal, livedMs } = of;
    this.#next = undefined;
    if (this.#isStopping || code === 0) return;
    if (code === USAGE_EXIT) {
      this.#end(code);
      return;
    }
    const how = signal === null ? `with ${code}` : `by ${signal}`;
    if (this.#building !== undefined && this.#building.error === null) {
      this.#building = { ...this.#building, error: `The work ended ${how}; it is begun again soon` };
      this.#onChange({ type: 'building', building: this.#building });
    }
    if (livedMs > SOUND_MS) this.#againMs = AGAIN_MS;
    this.#options.write(
      `condvest: the work ended ${how}; it is begun again in ${Math.round(this.#againMs / 1000)} s. The server goes on.`,
    );
    this.#timer = setTimeout(() => void this.#again(pid), this.#againMs);
    this.#againMs = Math.min(this.#againMs * 2, AGAIN_MS_MAX);
  }
}

function errorOf({ code, kind, message }: SentError): CondvestError {
  return new CondvestError({ code, kind, message: message.replace(/\.$/, '') });
}

function notThere(): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'The process that runs the pipeline cannot be asked now',
    action: 'Try again in a moment; the log of the server says why if it stays so',
  });
}
