import type { Notifier } from '#ports/notifier.ts';
import type { AppContext } from '../app.ts';

/** Opens the configured notification channels. The console is always one of them. */
export async function openNotifiers(
  { config, clock }: Pick<AppContext, 'config' | 'clock'>,
  write: (line: string) => void,
): Promise<Notifier[]> {
  const { ConsoleNotifier } = await import('#adapters/console/notifier.ts');
  const notifiers: Notifier[] = [new ConsoleNotifier({ write })];
  if (config.webhookUrl !== undefined && config.webhookSecret !== undefined) {
    const { WebhookNotifier } = await import('#adapters/webhook/notifier.ts');
    notifiers.push(new WebhookNotifier({ url: config.webhookUrl, secret: config.webhookSecret, clock }));
  }
  if (config.smtpUrl !== undefined && config.emailFrom !== undefined) {
    const { SmtpNotifier } = await import('#adapters/smtp/notifier.ts');
    notifiers.push(new SmtpNotifier({ url: config.smtpUrl, from: config.emailFrom, to: config.emailTo }));
  }
  return notifiers;
}
