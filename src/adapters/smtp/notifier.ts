import { CondvestError } from '#base/errors.ts';
import type { NoticeEvent } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';

export interface SmtpNotifierOptions {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** Messages that some recipients have received and others have not. */
const HALF_SENT_MAX = 100;

/** Sends notices by e-mail. A repeated message has the same Message-ID, so that duplicates can be detected. */
export class SmtpNotifier implements Notifier {
  readonly channel = 'email';
  readonly #options: SmtpNotifierOptions;
  /** Recipients that the server rejected, by message. Only they are sent it again. */
  readonly #left = new Map<string, readonly string[]>();

  constructor(options: SmtpNotifierOptions) {
    this.#options = options;
  }

  async deliver({ event, notice }: NoticeEvent): Promise<void> {
    const { url, from, to, timeoutMs = TIMEOUT_MS } = this.#options;
    const { createTransport } = await import('nodemailer');
    const { hostname, port, protocol, username, password } = new URL(url);
    // IPv6 addresses have brackets in URLs only.
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const isSecure = protocol === 'smtps:';
    const transport = createTransport({
      host,
      port: port === '' ? (isSecure ? 465 : 587) : Number(port),
      secure: isSecure,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    });
    const id = `${notice.id}.${event}@condvest`;
    const left = this.#left.get(id);
    const recipients = left ?? to;
    const subject = event === 'opened' ? `[Condvest] ${notice.title}` : `[Condvest] Resolved: ${notice.title}`;
    try {
      const { rejected, rejectedErrors = [] } = await transport.sendMail({
        from,
        to: [...recipients],
        subject,
        text: `${notice.text}\n\nFirst seen ${new Date(notice.firstSeenMs).toISOString()}.\n`,
        messageId: `<${id}>`,
      });
      // The server may accept a message for some recipients and reject others, which have not received it then.
      this.#remember(id, rejected.map(addressOf));
      if (rejected.length > 0) throw recipientsRejected(rejected.map(addressOf), rejectedErrors, hostname);
    } catch (cause) {
      // The other recipients have received it. A transient error here would delay their next notices until one mailbox
      // has room.
      if (left !== undefined && isResponse(cause)) throw stillRejected(left, hostname);
      throw failure(cause, hostname);
    } finally {
      transport.close();
    }
  }

  #remember(id: string, recipients: readonly string[]): void {
    this.#left.delete(id);
    if (recipients.length === 0) return;
    this.#left.set(id, recipients);
    const [oldest] = this.#left.keys();
    if (this.#left.size > HALF_SENT_MAX && oldest !== undefined) this.#left.delete(oldest);
  }
}

function addressOf(recipient: string | { readonly address: string }): string {
  return typeof recipient === 'string' ? recipient : recipient.address;
}

function recipientsRejected(
  recipients: readonly string[],
  errors: readonly { readonly responseCode?: number | undefined }[],
  host: string,
): CondvestError {
  const codes = errors.flatMap(({ responseCode }) => (responseCode === undefined ? [] : [responseCode]));
  const isPermanent = codes.length > 0 && codes.every((code) => code >= 500);
  return new CondvestError({
    code: isPermanent ? 'email-refused' : 'email-unavailable',
    kind: isPermanent ? 'permanent' : 'transient',
    message: 'The mail server rejected some recipients of a notice',
    found: `${host}: ${recipients.join(', ')}${codes.length > 0 ? ` (${[...new Set(codes)].join(', ')})` : ''}`,
    action: 'Check CONDVEST_EMAIL_TO, and test it with: condvest notify test',
  });
}

/** Returns the error for recipients that are still rejected after the others received the message. */
function stillRejected(recipients: readonly string[], host: string): CondvestError {
  return new CondvestError({
    code: 'email-refused',
    kind: 'permanent',
    message: 'The mail server keeps rejecting some recipients of a notice that others have received',
    found: `${host}: ${recipients.join(', ')}`,
    action: 'Check CONDVEST_EMAIL_TO, and test it with: condvest notify test',
  });
}

/** Returns whether the server responded, rather than being unreachable. */
function isResponse(cause: unknown): boolean {
  return cause instanceof CondvestError || (cause as { readonly responseCode?: number }).responseCode !== undefined;
}

function failure(cause: unknown, host: string): CondvestError {
  if (cause instanceof CondvestError) return cause;
  const { responseCode, code } = cause as { readonly responseCode?: number; readonly code?: string };
  const isPermanent = code === 'EAUTH' || (responseCode !== undefined && responseCode >= 500);
  // The server's own text is omitted: some servers repeat the password they were given.
  const found = `${host}: ${[code, responseCode].filter((part) => part !== undefined).join(' ') || 'no connection'}`;
  return new CondvestError({
    code: isPermanent ? 'email-refused' : 'email-unavailable',
    kind: isPermanent ? 'permanent' : 'transient',
    message: isPermanent ? 'The mail server rejected a notice' : 'The mail server is unavailable',
    found,
    action: 'Check CONDVEST_SMTP_URL, and test it with: condvest notify test',
    cause,
  });
}
