import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Leases } from '#ports/leases.ts';
import type { Random } from '#ports/random.ts';

export interface WorkLeaseDeps {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly random: Random;
}

/** Exclusive right to do scheduled work on the lake, across all processes that share an operational store. */
export interface WorkLease {
  /** Aborted when the work must stop: the caller aborted it, or another process took the lease. */
  readonly signal: AbortSignal;
  /** Releases the lease. If the store is unavailable, the lease expires by itself. */
  release(): Promise<void>;
}

const LEASE = 'pipeline:daily';
/** After this time without a renewal the lease can be taken over. */
export const LEASE_TTL_MS = 120_000;
const HEARTBEAT_MS = 20_000;

/**
 * Acquires the lease and renews it until it is released. Throws `pipeline-busy` (transient), naming the lease holder.
 */
export async function acquireWorkLease(
  { leases, clock, random }: WorkLeaseDeps,
  options: { readonly signal?: AbortSignal | undefined; readonly heartbeatMs?: number | undefined } = {},
): Promise<WorkLease> {
  const holder = holderOf(process.pid, random);
  const lease = { name: LEASE, holder, ttlMs: LEASE_TTL_MS };
  let outcome = await leases.acquire({ ...lease, nowMs: clock.nowMs() });
  if (!outcome.taken && isKnownDead(outcome.holder)) {
    await leases.release(LEASE, outcome.holder);
    outcome = await leases.acquire({ ...lease, nowMs: clock.nowMs() });
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
      if (await leases.renew({ ...lease, nowMs })) renewedMs = nowMs;
      else abort.abort(lost());
    } catch (cause) {
      // A brief outage of the store does not stop the work: the lease outlives several heartbeats.
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
        await leases.release(LEASE, holder);
      } catch (cause) {
        if (!(cause instanceof CondvestError)) throw cause;
      }
    },
  };
}

/**
 * Releases the lease of a process on this machine that the caller saw exit. The lease of any other process is left to
 * expire, since nobody here can tell whether it is alive.
 */
export async function releaseLeaseOf(pid: number, { leases, clock, random }: WorkLeaseDeps): Promise<void> {
  const holder = holderOf(process.pid, random);
  const outcome = await leases.acquire({ name: LEASE, holder, ttlMs: 1, nowMs: clock.nowMs() });
  if (outcome.taken) await leases.release(LEASE, holder);
  else if (outcome.holder.startsWith(`${hostname()}:${pid}:`)) await leases.release(LEASE, outcome.holder);
}

function holderOf(pid: number, random: Random): string {
  return `${hostname()}:${pid}:${pidNamespace()}:${random.uuid().slice(0, 8)}`;
}

/**
 * Returns whether the holder was a process of this very machine that is gone, so that nobody needs to wait for its
 * lease.
 */
function isKnownDead(holder: string): boolean {
  const [host, pid, namespace] = holder.split(':');
  if (host !== hostname() || namespace === UNKNOWN_NAMESPACE || namespace !== pidNamespace()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
  }
}

const UNKNOWN_NAMESPACE = 'unknown';

/**
 * Identifies where process ids are comparable: one boot of one machine and one pid namespace (containers have their
 * own). Unknown if the system does not say; then a dead holder's lease has to expire.
 */
function pidNamespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8);
    return `${boot}-${readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')}`;
  } catch {
    return UNKNOWN_NAMESPACE;
  }
}

function busy(holder: string, expiresMs: number): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'Another run is in progress',
    found: `${holder}, until ${new Date(expiresMs).toISOString()} unless renewed`,
    action: 'Watch it with: condvest pipeline status. If it crashed, its lease can be taken over after that time',
  });
}

function lost(): CondvestError {
  return new CondvestError({
    code: 'pipeline-lease-lost',
    kind: 'transient',
    message: 'The run was stopped: its lease expired, so another process may have taken over',
  });
}
