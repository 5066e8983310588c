import { UsageError } from '#base/errors.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { createKeyTask, type KeyView, listKeysTask, revokeKeyTask } from '#runtime/tasks/key-tasks.ts';
import type { ExitCode, Invocation } from './command.ts';
import { invalid, textOption, unknownAction, wholeOption } from './options.ts';
import { renderTable, right } from './render/table.ts';
import { formatCount, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const SCOPES = ['read', 'admin'] as const;
const PER_MINUTE_DEFAULT = 600;
const PER_MINUTE_MAX = 1_000_000;
const PER_DAY_MAX = 1_000_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const [action, name] = invocation.operands;
  if (action === 'create') return create(invocation, needed(name, 'create', 'a name for the key'));
  if (action === 'list') return list(invocation);
  if (action === 'revoke') return revoke(invocation, needed(name, 'revoke', 'the id or name of a key'));
  throw unknownAction('keys', action, ['create', 'list', 'revoke']);
}

function needed(value: string | undefined, action: string, what: string): string {
  if (value !== undefined) return value;
  throw new UsageError({
    code: 'keys-operand-needed',
    message: `condvest keys ${action} needs ${what}`,
    action:
      action === 'create' ? 'For example: condvest keys create notebook' : 'List the keys with: condvest keys list',
  });
}

async function create(invocation: Invocation, name: string): Promise<ExitCode> {
  const { terminal, config } = invocation;
  if (!/^[\w][\w .@-]{0,63}$/.test(name)) {
    throw new UsageError({
      code: 'key-name-invalid',
      message: 'Invalid key name',
      found: name.slice(0, 100),
      allowed: '1 to 64 letters, digits, spaces and . _ @ -, starting with a letter or digit',
    });
  }
  const scopes = scopesOf(textOption(invocation, 'scopes') ?? 'read');
  const perMinute = wholeOption(invocation, 'perMinute', 0, PER_MINUTE_MAX) ?? PER_MINUTE_DEFAULT;
  const perDay = wholeOption(invocation, 'perDay', 0, PER_DAY_MAX) ?? 0;
  await using app = await openLocal(config, { readOnly: true });
  const { key, id } = await createKeyTask(app, {
    name,
    scopes,
    requestsPerMinute: perMinute === 0 ? null : perMinute,
    requestsPerDay: perDay === 0 ? null : perDay,
  });
  if (!terminal.json) terminal.note(`Key ${id} "${name}" (${scopes.join(', ')}). It is shown only this once:`);
  await report(terminal, { key, id, name, scopes }, () => [key]);
  return 0;
}

function scopesOf(text: string): (typeof SCOPES)[number][] {
  const wanted = text.split(',').map((item) => item.trim());
  const scopes = SCOPES.filter((scope) => wanted.includes(scope) || wanted.includes('admin'));
  if (scopes.length > 0 && wanted.every((item) => SCOPES.some((scope) => scope === item))) return scopes;
  throw invalid('scopes', text, 'read, or admin, which includes read');
}

async function list(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const keys = await withReader(invocation, listKeysTask);
  const columns = ['id', 'name', 'state', 'scopes', right('per minute'), right('per day'), 'created', 'last used'];
  await report(terminal, keys, () =>
    keys.length === 0
      ? ['There are no keys. Create one with: condvest keys create NAME']
      : renderTable(columns, keys.map(rowOf), terminal.width),
  );
  return 0;
}

function rowOf(key: KeyView): string[] {
  const limit = (value: number | null): string => (value === null ? 'no limit' : formatCount(value));
  return [
    key.id,
    key.name,
    key.revokedMs === null ? 'active' : 'revoked',
    key.scopes.join(', '),
    limit(key.requestsPerMinute),
    limit(key.requestsPerDay),
    formatInstant(key.createdMs),
    key.lastUsedMs === null ? 'never' : formatInstant(key.lastUsedMs),
  ];
}

async function revoke(invocation: Invocation, idOrName: string): Promise<ExitCode> {
  const { terminal, config } = invocation;
  await using app = await openLocal(config, { readOnly: true });
  const key = await revokeKeyTask(app, idOrName);
  await report(terminal, key, () => [
    key.revokedMs === null
      ? `Key ${key.id} "${key.name}" is revoked; servers reject it within seconds`
      : `Key ${key.id} "${key.name}" was already revoked, ${formatInstant(key.revokedMs)}`,
  ]);
  return 0;
}
