import type { NoticeEvent } from './notices.ts';

/**
 * Channel that delivers notices to people. Receivers must tolerate duplicates: each event carries its notice's id.
 * `deliver` resolves once the other side has accepted the event. It throws `transient` for a failure that may pass and
 * `permanent` for a rejection, such as a wrong address or key.
 */
export interface Notifier {
  /** Name under which deliveries are recorded: `console`, `webhook`, `email`. */
  readonly channel: string;
  deliver(event: NoticeEvent, signal?: AbortSignal): Promise<void>;
}
