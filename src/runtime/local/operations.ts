import { join } from 'node:path';
import type { Keys } from '#ports/keys.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Operations } from '#ports/operations.ts';
import type { AppContext } from '../app.ts';
import type { Config } from '../config/config.ts';
import { makeHome } from '../home-folder/home-folder.ts';

type StoreDeps = Pick<AppContext, 'config' | 'clock' | 'random'>;

const DATABASE_FILE = 'operations.sqlite';

/** Opens the operational store: in PostgreSQL if `DATABASE_URL` names one, otherwise in a SQLite file in the home folder. */
export async function openOperations(deps: StoreDeps): Promise<Operations> {
  const { url, ...options } = addressOf(deps);
  if (url !== undefined) {
    const { openPostgresOperations } = await import('#adapters/sql/open-postgres.ts');
    return openPostgresOperations({ ...options, url });
  }
  await makeHome(deps.config);
  const { openSqliteOperations } = await import('#adapters/sql/open-sqlite.ts');
  return openSqliteOperations(options);
}

/** Opens the API keys, which are in the same database. */
export async function openKeys(deps: StoreDeps): Promise<Keys> {
  const { url, ...options } = addressOf(deps);
  if (url !== undefined) {
    const { openPostgresKeys } = await import('#adapters/sql/open-postgres.ts');
    return openPostgresKeys({ ...options, url });
  }
  await makeHome(deps.config);
  const { openSqliteKeys } = await import('#adapters/sql/open-sqlite.ts');
  return openSqliteKeys(options);
}

function addressOf({ config, clock, random }: StoreDeps) {
  return { url: config.databaseUrl, path: join(config.home, DATABASE_FILE), random, nowMs: clock.nowMs() };
}

/** Opens the configured notification channels. The console is always one of them. */
export async function openNotifiers(
  { config, clock }: { readonly config: Config; readonly clock: AppContext['clock'] },
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
