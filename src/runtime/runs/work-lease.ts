import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';

export interface WorkLeaseDeps {
  readonly operations: Operations;
  readonly clock: Clock;
  readonly random: Random;
}

/** The right to work on the lake by schedule: one holder at a time, over all processes that share an operational store. */
export interface WorkLease {
  /** Aborted when the work must stop: the caller wants it to, or the lease is somebody else's. */
  readonly signal: AbortSignal;
  /** Gives the lease back, where it can be; otherwise it runs out by itself. */
  release(): Promise<void>;
}

const LEASE = 'pipeline:daily';
/** A holder that died is taken over from after this time. */
export const LEASE_TTL_MS = 120_000;
const HEARTBEAT_MS = 20_000;

/** Takes the lease, or throws `pipeline-busy` (transient) with who has it. It is kept alive until it is released. */
export async function holdWork(
  deps: WorkLeaseDeps,
  options: { readonly signal?: AbortSignal | undefined; readonly heartbeatMs?: number | undefined } = {},
): Promise<WorkLease> {
  const { operations, clock, random } = deps;
  const holder = holderOf(process.pid, random);
  const lease = { name: LEASE, holder, ttlMs: LEASE_TTL_MS };
  let outcome = await operations.acquireLease({ ...lease, nowMs: clock.nowMs() });
  if (!outcome.taken && isKnownDead(outcome.holder)) {
    await operations.releaseLease(LEASE, outcome.holder);
    outcome = await operations.acquireLease({ ...lease, nowMs: clock.nowMs() });
  }
  if (!outcome.taken) throw busy(outcome.holder, outcome.expiresMs);
  const abort = new AbortController();
  const stop = (): void => abort.abort(options.signal?.reason);
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener('abort', stop, { once: true });
  let renewedMs = clock.nowMs();
  const beat = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    try {
      if (await operations.renewLease({ ...lease, nowMs })) renewedMs = nowMs;
      else abort.abort(lost());
    } catch (cause) {
      // A store that cannot be reached for a moment ends nothing: the lease has some heartbeats left.
      if (!(cause instanceof CondvestError)) abort.abort(cause);
      else if (nowMs - renewedMs >= LEASE_TTL_MS) abort.abort(lost());
    }
  };
  const heartbeat = setInterval(() => void beat(), options.heartbeatMs ?? HEARTBEAT_MS);
  heartbeat.unref();
  return {
    signal: abort.signal,
    release: async () => {
      clearInterval(heartbeat);
      options.signal?.removeEventListener('abort', stop);
      try {
        await operations.releaseLease(LEASE, holder);
      } catch (cause) {
        if (!(cause instanceof CondvestError)) throw cause;
      }
    },
  };
}

/**
 * Frees the lease that a process of this machine held, which is known to be dead: whoever started it saw it end. Others are left
 * to run out, since nobody here can tell whether they live.
 */
export async function freeWorkOf(pid: number, { operations, clock, random }: WorkLeaseDeps): Promise<void> {
  const holder = holderOf(process.pid, random);
  const outcome = await operations.acquireLease({ name: LEASE, holder, ttlMs: 1, nowMs: clock.nowMs() });
  if (outcome.taken) await operations.releaseLease(LEASE, holder);
  else if (outcome.holder.startsWith(`${hostname()}:${pid}:`)) await operations.releaseLease(LEASE, outcome.holder);
}

function holderOf(pid: number, random: Random): string {
  return `${hostname()}:${pid}:${placeOfProcesses()}:${random.uuid().slice(0, 8)}`;
}

/** A holder on this very machine whose process is gone: nobody needs to wait for its lease to run out. */
function isKnownDead(holder: string): boolean {
  const [host, pid, place] = holder.split(':');
  if (host !== hostname() || place === UNKNOWN_PLACE || place !== placeOfProcesses()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
  }
}

const UNKNOWN_PLACE = 'unknown';

/**
 * Where process ids mean the same: one boot of one machine, one namespace of processes (containers have their own). Unknown where
 * the system does not say; then a dead holder is waited for.
 */
function placeOfProcesses(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8);
    return `${boot}-${readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')}`;
  } catch {
    return UNKNOWN_PLACE;
  }
}

function busy(holder: string, expiresMs: number): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'A run of the pipeline is under way',
    found: `${holder}, until ${new Date(expiresMs).toISOString()} unless it prolongs`,
    action: 'Watch it with: condvest pipeline status. A run that died is taken over after that instant',
  });
}

function lost(): CondvestError {
  return new CondvestError({
    code: 'pipeline-lease-lost',
    kind: 'transient',
    message:
      'This run was stopped, because nothing was heard of it for too long and another process may have taken over',
  });
}
