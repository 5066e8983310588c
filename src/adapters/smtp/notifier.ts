import { CondvestError } from '#base/errors.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { NoticeEvent } from '#ports/operations.ts';

export interface SmtpNotifierOptions {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** Events of which some receivers have theirs and others do not. */
const HALF_SENT_MAX = 100;

/** Notices by e-mail, each with a Message-ID of its own, by which a repeated one is known. */
export class SmtpNotifier implements Notifier {
  readonly channel = 'email';
  readonly #options: SmtpNotifierOptions;
  /** By message, the receivers that the server refused: only they are written to again. */
  readonly #left = new Map<string, readonly string[]>();

  constructor(options: SmtpNotifierOptions) {
    this.#options = options;
  }

  async deliver({ event, notice }: NoticeEvent): Promise<void> {
    const { url, from, to, timeoutMs = TIMEOUT_MS } = this.#options;
    const { createTransport } = await import('nodemailer');
    const { hostname, port, protocol, username, password } = new URL(url);
    // An address of IPv6 has brackets in a URL, and none anywhere else.
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
    const receivers = left ?? to;
    const subject = event === 'opened' ? `[Condvest] ${notice.title}` : `[Condvest] Over: ${notice.title}`;
    try {
      const { rejected, rejectedErrors = [] } = await transport.sendMail({
        from,
        to: [...receivers],
        subject,
        text: `${notice.text}\n\nFirst seen ${new Date(notice.firstSeenMs).toISOString()}.\n`,
        messageId: `<${id}>`,
      });
      // The server takes a message for some receivers and refuses others: they have not been told.
      this.#keep(id, rejected.map(addressOf));
      if (rejected.length > 0) throw receiversRefused(rejected.map(addressOf), rejectedErrors, hostname);
    } catch (cause) {
      // The others have theirs, and are not to wait for the next one until somebody's mailbox has room.
      if (left !== undefined && isAnswer(cause)) throw leftOut(left, hostname);
      throw failure(cause, hostname);
    } finally {
      transport.close();
    }
  }

  #keep(id: string, receivers: readonly string[]): void {
    this.#left.delete(id);
    if (receivers.length === 0) return;
    this.#left.set(id, receivers);
    const [oldest] = this.#left.keys();
    if (this.#left.size > HALF_SENT_MAX && oldest !== undefined) this.#left.delete(oldest);
  }
}

function addressOf(receiver: string | { readonly address: string }): string {
  return typeof receiver === 'string' ? receiver : receiver.address;
}

function receiversRefused(
  receivers: readonly string[],
  errors: readonly { readonly responseCode?: number | undefined }[],
  host: string,
): CondvestError {
  const codes = errors.flatMap(({ responseCode }) => (responseCode === undefined ? [] : [responseCode]));
  const isPermanent = codes.length > 0 && codes.every((code) => code >= 500);
  return new CondvestError({
    code: isPermanent ? 'email-refused' : 'email-unavailable',
    kind: isPermanent ? 'permanent' : 'transient',
    message: 'The mail server took a notice for some receivers and refused others',
    found: `${host}: ${receivers.join(', ')}${codes.length > 0 ? ` (${[...new Set(codes)].join(', ')})` : ''}`,
    action: 'See CONDVEST_EMAIL_TO, and try it with: condvest notify test',
  });
}

/** Receivers that are still refused after the others got the message. */
function leftOut(receivers: readonly string[], host: string): CondvestError {
  return new CondvestError({
    code: 'email-refused',
    kind: 'permanent',
    message: 'The mail server goes on refusing a notice for some receivers, which others have got',
    found: `${host}: ${receivers.join(', ')}`,
    action: 'See CONDVEST_EMAIL_TO, and try it with: condvest notify test',
  });
}

/** The server said so, and is not merely out of reach. */
function isAnswer(cause: unknown): boolean {
  return cause instanceof CondvestError || (cause as { readonly responseCode?: number }).responseCode !== undefined;
}

function failure(cause: unknown, host: string): CondvestError {
  if (cause instanceof CondvestError) return cause;
  const { responseCode, code } = cause as { readonly responseCode?: number; readonly code?: string };
  const isPermanent = code === 'EAUTH' || (responseCode !== undefined && responseCode >= 500);
  // The server's own words are left out: some of them repeat the password they were given.
  const found = `${host}: ${[code, responseCode].filter((part) => part !== undefined).join(' ') || 'no connection'}`;
  return new CondvestError({
    code: isPermanent ? 'email-refused' : 'email-unavailable',
    kind: isPermanent ? 'permanent' : 'transient',
    message: isPermanent ? 'The mail server refused a notice' : 'The mail server could not be reached',
    found,
    action: 'See CONDVEST_SMTP_URL, and try it with: condvest notify test',
    cause,
  });
}
