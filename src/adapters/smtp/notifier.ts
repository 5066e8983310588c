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

/** Notices by e-mail, each with a Message-ID of its own, by which a repeated one is known. */
export class SmtpNotifier implements Notifier {
  readonly channel = 'email';
  readonly #options: SmtpNotifierOptions;

  constructor(options: SmtpNotifierOptions) {
    this.#options = options;
  }

  async deliver({ event, notice }: NoticeEvent): Promise<void> {
    const { url, from, to, timeoutMs = TIMEOUT_MS } = this.#options;
    const { createTransport } = await import('nodemailer');
    const { hostname, port, protocol, username, password } = new URL(url);
    const isSecure = protocol === 'smtps:';
    const transport = createTransport({
      host: hostname,
      port: port === '' ? (isSecure ? 465 : 587) : Number(port),
      secure: isSecure,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    });
    const subject = event === 'opened' ? `[Condvest] ${notice.title}` : `[Condvest] Over: ${notice.title}`;
    try {
      await transport.sendMail({
        from,
        to: [...to],
        subject,
        text: `${notice.text}\n\nFirst seen ${new Date(notice.firstSeenMs).toISOString()}.\n`,
        messageId: `<${notice.id}.${event}@condvest>`,
      });
    } catch (cause) {
      throw failure(cause, hostname);
    } finally {
      transport.close();
    }
  }
}

function failure(cause: unknown, host: string): CondvestError {
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
