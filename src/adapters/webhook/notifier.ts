import { createHmac } from 'node:crypto';
import { CondvestError, reasonOf } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { NoticeEvent } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';

export interface WebhookNotifierOptions {
  readonly url: string;
  /** Secret that signs the posts. */
  readonly secret: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const TIMESTAMP_HEADER = 'X-Condvest-Timestamp';
const SIGNATURE_HEADER = 'X-Condvest-Signature';
/** Statuses below 500 that a retry may change. */
const AGAIN_STATUSES = new Set([408, 425, 429]);

/**
 * Posts notices as JSON. The signature is `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>`, with the timestamp in
 * seconds since 1970. A receiver that checks both knows who sent the post, and that it is not a replay of an old one.
 */
export class WebhookNotifier implements Notifier {
  readonly channel = 'webhook';
  readonly #options: WebhookNotifierOptions;

  constructor(options: WebhookNotifierOptions) {
    this.#options = options;
  }

  async deliver({ event, notice }: NoticeEvent, signal?: AbortSignal): Promise<void> {
    const { url, secret, clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const { id, kind, severity, title, text, session, firstSeenMs, resolvedMs } = notice;
    const body = JSON.stringify({
      id,
      event,
      kind,
      severity,
      title,
      text,
      session,
      first_seen: new Date(firstSeenMs).toISOString(),
      resolved_at: resolvedMs === null ? null : new Date(resolvedMs).toISOString(),
    });
    const { address, authorization } = withoutPassword(url);
    const timestamp = String(Math.floor(clock.nowMs() / 1000));
    const limit = AbortSignal.timeout(timeoutMs);
    let status: number;
    try {
      const response = await fetch(address, {
        method: 'POST',
        body,
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        headers: {
          'Content-Type': 'application/json',
          ...(authorization === undefined ? {} : { Authorization: authorization }),
          [TIMESTAMP_HEADER]: timestamp,
          [SIGNATURE_HEADER]: signatureOf(secret, timestamp, body),
        },
      });
      status = response.status;
      await response.body?.cancel();
    } catch (cause) {
      throw this.#failure('transient', limit.aborted ? `no response within ${timeoutMs / 1000} s` : reasonOf(cause));
    }
    if (status >= 200 && status < 300) return;
    const isTransient = status >= 500 || AGAIN_STATUSES.has(status);
    throw this.#failure(isTransient ? 'transient' : 'permanent', `status ${status}`);
  }

  #failure(kind: 'transient' | 'permanent', found: string): CondvestError {
    const { origin } = new URL(this.#options.url);
    return new CondvestError({
      code: kind === 'transient' ? 'webhook-unavailable' : 'webhook-refused',
      kind,
      message: kind === 'transient' ? 'The webhook is unavailable' : 'The webhook rejected a notice',
      found: `${origin}: ${found}`,
      action: 'Check CONDVEST_WEBHOOK_URL, and test it with: condvest notify test',
    });
  }
}

/** Moves a name and password from the URL into a header: `fetch` rejects URLs with credentials. */
function withoutPassword(url: string): { readonly address: string; readonly authorization: string | undefined } {
  const address = new URL(url);
  const { username, password } = address;
  if (username === '' && password === '') return { address: url, authorization: undefined };
  address.username = '';
  address.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { address: address.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
