import type { NoticeEvent } from './operations.ts';

/**
 * A channel for notices. Delivering the same event twice must be harmless for the receiver: each carries the notice's
 * id. `deliver` resolves when the receiver has accepted it. It throws with kind `transient` if a retry may help, and
 * `permanent` for a rejection (wrong address, wrong key).
 */
export interface Notifier {
  /** The channel's name, under which deliveries are recorded: `console`, `webhook`, `email`. */
  readonly channel: string;
  deliver(event: NoticeEvent, signal?: AbortSignal): Promise<void>;
}
