import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { gapsTask } from '#runtime/tasks/fetch-tasks.ts';
import type { DamageReport } from '#runtime/tasks/reports.ts';
import { removeDamageTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { fetchAndReport } from './fetch.ts';
import { flagOption } from './options.ts';
import { report } from './report.ts';
import { withReader, withWriter } from './with-app.ts';

/** Sessions refetched for one symbol. */
const SESSIONS_MAX = 5000;

/** Fetches what `gaps` lists: missing and partial sessions, and for a symbol the sessions it is missing from. */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const [symbol] = invocation.operands;
  if (flagOption(invocation, 'damaged')) return repairDamage(invocation, symbol);
  if (flagOption(invocation, 'dryRun')) {
    throw new UsageError({
      code: 'option-invalid',
      message: '--dry-run belongs to --damaged',
      action: 'List what repair would fetch with: condvest gaps',
    });
  }
  const gaps = await withReader(invocation, (app) => gapsTask(app, symbol, SESSIONS_MAX));
  return fetchAndReport(invocation, {
    sessions: [...gaps.sessions.map(({ session }) => session), ...(gaps.ofSymbol ?? [])],
  });
}

/** Removes damage, then fetches the lost sessions. What cannot be fetched is said, with the way to import it. */
async function repairDamage(invocation: Invocation, symbol: string | undefined): Promise<ExitCode> {
  if (symbol !== undefined) {
    throw new UsageError({ code: 'option-invalid', message: '--damaged concerns whole files', found: symbol });
  }
  const dryRun = flagOption(invocation, 'dryRun');
  const { terminal, signal } = invocation;
  const damage = await (dryRun ? withReader : withWriter)(invocation, (app) =>
    removeDamageTask(app, { dryRun, signal }),
  );
  await report(terminal, damage, () => describeDamage(damage));
  if (damage.unreadable.length > 0) return 1;
  const toFetch = damage.tables.some(({ remedy }) => remedy === 'fetched');
  if (dryRun) return damage.tables.length > 0 ? 3 : 0;
  return toFetch ? fetchAndReport(invocation, { sessions: damage.sessions }) : 0;
}

const FILES_SHOWN = 5;

function describeDamage({ tables, sessions, unreadable, dryRun }: DamageReport): string[] {
  const lines = tables.flatMap(({ table, files, remedy, version }) => {
    const rows = {
      derived: 'its rows are derived again',
      fetched:
        'its rows are fetched again; if the source does not have them, import them or restore an earlier version',
      imported: 'import its rows again, or restore an earlier version of the table',
    }[remedy];
    const shown = files.slice(0, FILES_SHOWN).map((file) => `  ${file}`);
    const more = files.length > FILES_SHOWN ? [`  and ${files.length - FILES_SHOWN} more`] : [];
    const removed = version === undefined ? '' : ` → version ${version}`;
    return [`${table}: ${plural(files.length, 'damaged file')}${removed}; ${rows}`, ...shown, ...more];
  });
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (first !== undefined) lines.push(`${plural(sessions.length, 'session')} lost, ${first} to ${last}`);
  lines.push(...unreadable.map(({ message }) => message));
  if (lines.length === 0) lines.push('No damaged files.');
  if (dryRun) lines.push('Dry run: nothing was written.');
  return lines;
}
