import { join } from 'node:path';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Operations } from '#ports/operations.ts';
import type { Config } from '../config/config.ts';
import { makeHome } from '../home-folder/home-folder.ts';

const DATABASE_FILE = 'operations.sqlite';

/** The file of the store, where it is one. */
export function operationsPath(config: Config): string {
  return join(config.home, DATABASE_FILE);
}

/** Runs, leases and notices: in PostgreSQL where `DATABASE_URL` names one, in a SQLite file of the home otherwise. */
export async function openOperations(config: Config): Promise<Operations> {
  if (config.databaseUrl !== undefined) {
    const { openPostgresOperations } = await import('#adapters/sql/open-postgres.ts');
    return openPostgresOperations({ url: config.databaseUrl, random: systemRandom, nowMs: systemClock.nowMs() });
  }
  await makeHome(config);
  const { openSqliteOperations } = await import('#adapters/sql/open-sqlite.ts');
  return openSqliteOperations({
    path: operationsPath(config),
    random: systemRandom,
    nowMs: systemClock.nowMs(),
  });
}

/** The ways to a person that are configured: the console always. */
export async function openNotifiers(
  config: Config,
  deps: {
    readonly clock: { nowMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
    readonly write: (line: string) => void;
  },
): Promise<Notifier[]> {
  const { ConsoleNotifier } = await import('#adapters/console/notifier.ts');
  const notifiers: Notifier[] = [new ConsoleNotifier({ write: deps.write })];
  if (config.webhookUrl !== undefined && config.webhookSecret !== undefined) {
    const { WebhookNotifier } = await import('#adapters/webhook/notifier.ts');
    notifiers.push(new WebhookNotifier({ url: config.webhookUrl, secret: config.webhookSecret, clock: deps.clock }));
  }
  if (config.smtpUrl !== undefined && config.emailFrom !== undefined) {
    const { SmtpNotifier } = await import('#adapters/smtp/notifier.ts');
    notifiers.push(new SmtpNotifier({ url: config.smtpUrl, from: config.emailFrom, to: config.emailTo }));
  }
  return notifiers;
}
