import { constants, setPriority } from 'node:os';
import { CondvestError } from '#base/errors.ts';
import type { Building } from '#serving/http/operations.ts';
import type { ScheduledRun } from './schedule.ts';

/**
 * Messages between the server process and the worker process, and the worker's side of the link. The work has its own
 * process so that it never delays a response and cannot crash the server.
 */

/** Message from the worker. */
export type WorkMessage =
  | { readonly type: 'building'; readonly building: Building | null }
  | { readonly type: 'built' }
  | { readonly type: 'next'; readonly next: ScheduledRun }
  /** A run or one of its steps has changed. */
  | { readonly type: 'changed' }
  | { readonly type: 'started'; readonly call: number; readonly runId: string }
  | { readonly type: 'rejected'; readonly call: number; readonly error: SentError };

/** Message to the worker. */
export type ServerMessage =
  | { readonly type: 'start'; readonly call: number; readonly session: string | null }
  /** The server is up: the work may begin. */
  | { readonly type: 'release' }
  | { readonly type: 'stop' };

export interface SentError {
  readonly code: string;
  readonly kind: CondvestError['kind'];
  readonly message: string;
}

/**
 * Environment variable that holds the server's process id in its worker. Not a setting, hence not one of `CONDVEST_*`.
 */
export const PARENT_PID_ENV = '_CONDVEST_PARENT_PID';

export interface WorkLink {
  /** Aborted when the server stops the worker or has exited. */
  readonly signal: AbortSignal;
  /** Resolves once the server has released the work. Rejects with the signal's reason. */
  readonly released: Promise<void>;
  send(message: WorkMessage): void;
  /** Handles requests to start a run. `start` resolves with the run's id once it has started. */
  serveRuns(start: (session: string | undefined) => Promise<string>): void;
}

/** Opens the link to the server if this process is its worker; otherwise returns undefined. */
export function openWorkLink(): WorkLink | undefined {
  const { send, env, ppid } = process;
  if (send === undefined || env[PARENT_PID_ENV] === undefined) return undefined;
  // The server's responses take precedence on a busy machine.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const abort = new AbortController();
  // Waiting to be released keeps this process alive; after that, the channel alone does not.
  const unref = (): void => process.channel?.unref();
  const stop = (): void => {
    abort.abort(new CondvestError({ code: 'interrupted', kind: 'transient', message: 'Stopped' }));
    unref();
  };
  let start: ((session: string | undefined) => Promise<string>) | undefined;
  const post = (message: WorkMessage): void => {
    // The server may have exited; the failed send does not matter then.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const { promise: released, resolve: release, reject } = Promise.withResolvers<void>();
  abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
  // It may be rejected before anything waits for it.
  released.catch(() => undefined);
  process.on('disconnect', stop);
  // A server killed before this line emits no disconnect event.
  if (!process.connected || env[PARENT_PID_ENV] !== String(ppid)) stop();
  process.on('message', (message: ServerMessage) => {
    if (message.type === 'stop') stop();
    if (message.type === 'release') {
      release();
      unref();
    }
    if (message.type !== 'start') return;
    const { call, session } = message;
    const starting = start === undefined ? Promise.reject(notYet()) : start(session ?? undefined);
    starting.then(
      (runId) => post({ type: 'started', call, runId }),
      (cause: unknown) => {
        if (!(cause instanceof CondvestError)) throw cause;
        const { code, kind, message: text } = cause;
        post({ type: 'rejected', call, error: { code, kind, message: text } });
      },
    );
  });
  return {
    signal: abort.signal,
    released,
    send: post,
    serveRuns: (serve) => {
      start = serve;
    },
  };
}

function notYet(): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'The lake is being built or caught up',
    action: 'Start the run when that is done',
  });
}
