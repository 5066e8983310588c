import type { NoticeEvent } from './operations.ts';

/**
 * A way to reach a person. Delivering the same event twice must be harmless for the receiver: each carries the notice's id.
 * `deliver` resolves when the other side has taken it; what can be tried again later is thrown with kind `transient`, a
 * refusal (wrong address, wrong key) with kind `permanent`.
 */
export interface Notifier {
  /** The channel's name, as delivery is remembered by: `console`, `webhook`, `email`. */
  readonly channel: string;
  deliver(event: NoticeEvent, signal?: AbortSignal): Promise<void>;
}
