import { constants, setPriority } from 'node:os';
import { CondvestError } from '#base/errors.ts';
import type { Building } from '#serving/http/upkeep.ts';
import type { ScheduledRun } from './schedule.ts';

/**
 * Between the process that serves and the one that does the work for it: messages, and the working side of them. The work has a
 * process of its own so that no answer waits for it, and so that its end is not the server's.
 */

/** From the working process. */
export type WorkMessage =
  | { readonly type: 'building'; readonly building: Building | null }
  | { readonly type: 'built' }
  | { readonly type: 'next'; readonly next: ScheduledRun }
  /** A run or one of its steps is not what it was. */
  | { readonly type: 'changed' }
  | { readonly type: 'started'; readonly call: number; readonly runId: string }
  | { readonly type: 'refused'; readonly call: number; readonly error: SentError };

/** To the working process. */
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

/** Says to a process that it works for its parent: the parent's process id. No setting, so not one of `CONDVEST_*`. */
export const WORKS_FOR = '_CONDVEST_WORKS_FOR';

export interface WorkLink {
  /** Aborted when the server tells the work to stop, and when the server is gone. */
  readonly signal: AbortSignal;
  /** Resolves once the server has released the work. Rejects with the signal's reason. */
  readonly released: Promise<void>;
  send(message: WorkMessage): void;
  /** Answers requests to start a run: with its id, once it has begun. */
  serveRuns(start: (session: string | undefined) => Promise<string>): void;
}

/** The link to the server that this process works for; undefined where it works for none. */
export function openWorkLink(): WorkLink | undefined {
  const { send, env, ppid } = process;
  if (send === undefined || env[WORKS_FOR] === undefined) return undefined;
  // What answers a caller goes first on a busy machine.
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
    // The server may be gone already: then nobody needs to know.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const { promise: released, resolve: release, reject } = Promise.withResolvers<void>();
  abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
  // It may be rejected before anything waits for it.
  released.catch(() => undefined);
  process.on('disconnect', stop);
  // A server that was killed before this line leaves nobody to work for, and nothing would ever say so.
  if (!process.connected || env[WORKS_FOR] !== String(ppid)) stop();
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
        post({ type: 'refused', call, error: { code, kind, message: text } });
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
    action: 'Start a run when that is done',
  });
}
