import { plural } from '#base/plural.ts';
import { gapsTask } from '#runtime/tasks/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { NO_BARS_YET } from './no-bars.ts';
import { wholeOption } from './options.ts';
import { renderTable } from './render/table.ts';
import { formatCount } from './render/text.ts';
import { withApp } from './with-app.ts';

const LIMIT_DEFAULT = 20;
/** Lists every session that one symbol is missing from. */
const SESSIONS_MAX = 1_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const [symbol] = invocation.operands;
  const limit = wholeOption(invocation, 'limit', 1, 1_000_000) ?? LIMIT_DEFAULT;
  const gaps = await withApp(invocation, (app) => gapsTask(app, symbol, symbol === undefined ? limit : SESSIONS_MAX));
  const sessions = gaps.ofSymbol ?? [];
  const hasHoles = gaps.sessions.length > 0;
  if (terminal.json) {
    const shown = gaps.ofSymbol === undefined ? gaps : { ...gaps, ofSymbol: sessions.slice(0, limit) };
    await terminal.line(JSON.stringify(shown, undefined, 2));
    return (symbol === undefined ? hasHoles : sessions.length > 0) ? 3 : 0;
  }
  if (gaps.isEmpty) {
    await terminal.line(NO_BARS_YET);
    return 0;
  }
  if (symbol !== undefined) {
    for (const session of sessions.slice(0, limit)) await terminal.line(session);
    if (sessions.length > limit) await terminal.line(`… and ${formatCount(sessions.length - limit)} more`);
    await terminal.line(
      sessions.length === 0
        ? `${symbol} has a bar in every published session since its first one.`
        : `${symbol} lacks a bar in ${plural(sessions.length, 'session')} in which it should have one. Fetch them with: condvest repair ${symbol}`,
    );
    return sessions.length > 0 ? 3 : 0;
  }
  if (gaps.sessions.length > limit)
    await terminal.line(`… and ${plural(gaps.sessions.length - limit, 'earlier session')}`);
  for (const { session, reason } of gaps.sessions.slice(-limit)) await terminal.line(`${session}  ${reason}`);
  await terminal.line(
    hasHoles
      ? `${plural(gaps.sessions.length, 'session')} missing or partial. Fetch them with: condvest repair`
      : 'No sessions are missing.',
  );
  if (gaps.horizon !== undefined) {
    await terminal.line(`Your plan has no history up to ${gaps.horizon}: those sessions are not gaps.`);
  }
  if (gaps.symbols.length > 0) {
    await terminal.line();
    await terminal.line('Symbols without a bar in sessions in which they are listed (including halted ones):');
    const columns = [
      { name: 'symbol' },
      { name: 'listed from' },
      { name: 'sessions', align: 'right' as const },
      { name: 'without a bar', align: 'right' as const },
    ];
    const rows = gaps.symbols.map((row) => [
      row.symbol,
      row.firstSession,
      formatCount(row.sessions),
      formatCount(row.missing),
    ]);
    for (const line of renderTable(columns, rows, terminal.width)) await terminal.line(line);
    if (rows.length === limit) await terminal.line(`… those with the most; show more with --limit ${limit * 10}`);
  }
  return hasHoles ? 3 : 0;
}
