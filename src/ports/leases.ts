import type { InstantMs } from '#base/dates.ts';

/**
 * Named leases with a time to live: mutual exclusion across processes. Gives the guarantees of `Runs`, and:
 *
 * 1. **One holder.** Of concurrent `acquire` calls for one name, at most one gets the lease.
 * 2. **Crash-safe.** A lease that is not renewed expires and can be taken over.
 * 3. **Robust against a wrong clock.** A lease that lasts over an hour longer than the requested time to live was
 *    granted by a clock
 *    that was ahead; it counts as expired.
 */
export interface Leases {
  /**
   * Takes a lease that is free, expired at `nowMs`, or already held by this holder (which renews it); otherwise says
   * who holds it.
   */
  acquire(request: LeaseRequest): Promise<LeaseOutcome>;
  /** Extends a lease this holder still has. Returns false if another holder took it, or if it is gone. */
  renew(request: LeaseRequest): Promise<boolean>;
  /** Releases a lease; does nothing if this holder no longer has it. */
  release(name: string, holder: string): Promise<void>;
}

export interface LeaseRequest {
  readonly name: string;
  readonly holder: string;
  readonly nowMs: InstantMs;
  readonly ttlMs: number;
}

export type LeaseOutcome =
  | {
      readonly taken: true;
      /** Holder whose expired lease was taken over. */
      readonly from: string | undefined;
    }
  | { readonly taken: false; readonly holder: string; readonly expiresMs: InstantMs };
