import type { Random } from '#ports/random.ts';
import type { AccessRecord } from './access-record.ts';
import type { HostRules } from './hosts.ts';
import type { KeyRing } from './key-ring.ts';
import type { ServerMetrics } from './metrics.ts';

export interface GateOptions {
  /** Undefined on a loopback server: whoever reaches it is at this machine, and may do all. */
  readonly keys: KeyRing | undefined;
  readonly hosts: HostRules;
  /** Origins whose pages may use this server; `*` for all. */
  readonly cors: readonly string[];
  readonly metrics: ServerMetrics;
  readonly random: Random;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  /** The address at the other end of the connection, from what the server hands on with a request. */
  readonly addressOf: (env: unknown) => string;
  /** Breaks the connection of a request, from what the server hands on with it. Undefined: there is none to break. */
  readonly breakOff: ((env: unknown) => void) | undefined;
  readonly onAccess: ((record: AccessRecord) => void) | undefined;
  readonly onBug: (error: unknown, requestId: string) => void;
}
