import { plural } from '#base/plural.ts';
import { gapsTask } from '#runtime/tasks/fetch-tasks.ts';
import type { GapsReport } from '#runtime/tasks/reports.ts';

import type { ExitCode, Invocation } from './command.ts';
import { NO_BARS_YET } from './no-bars.ts';
import { wholeOption } from './options.ts';
import { renderTable, right } from './render/table.ts';
import { formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const LIMIT_DEFAULT = 20;
/** Lists every session that one symbol is missing from. */
const SESSIONS_MAX = 1_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const [symbol] = invocation.operands;
  const limit = wholeOption(invocation, 'limit', 1, 1_000_000) ?? LIMIT_DEFAULT;
  const gaps = await withReader(invocation, (app) =>
    gapsTask(app, symbol, symbol === undefined ? limit : SESSIONS_MAX),
  );
  const sessions = gaps.ofSymbol ?? [];
  const shown = gaps.ofSymbol === undefined ? gaps : { ...gaps, ofSymbol: sessions.slice(0, limit) };
  await report(terminal, shown, () => {
    if (gaps.isEmpty) return [NO_BARS_YET];
    return symbol === undefined ? describeGaps(gaps, limit, terminal.width) : describeSymbol(symbol, sessions, limit);
  });
  return (symbol === undefined ? gaps.sessions : sessions).length > 0 ? 3 : 0;
}

function describeSymbol(symbol: string, sessions: readonly string[], limit: number): string[] {
  const more = sessions.length - limit;
  return [
    ...sessions.slice(0, limit),
    ...(more > 0 ? [`… and ${formatCount(more)} more`] : []),
    sessions.length === 0
      ? `${symbol} has a bar in every published session since its first one.`
      : `${symbol} lacks a bar in ${plural(sessions.length, 'session')} in which it should have one. Fetch them with: condvest repair ${symbol}`,
  ];
}

function describeGaps({ sessions, symbols, horizon }: GapsReport, limit: number, width: number): string[] {
  const lines = sessions.slice(-limit).map(({ session, reason }) => `${session}  ${reason}`);
  if (sessions.length > limit) lines.unshift(`… and ${plural(sessions.length - limit, 'earlier session')}`);
  lines.push(
    sessions.length > 0
      ? `${plural(sessions.length, 'session')} missing or partial. Fetch them with: condvest repair`
      : 'No sessions are missing.',
  );
  if (horizon !== undefined) lines.push(`Your plan has no history up to ${horizon}: those sessions are not gaps.`);
  if (symbols.length === 0) return lines;
  const columns = ['symbol', 'listed from', right('sessions'), right('without a bar')];
  const rows = symbols.map((row) => [
    row.symbol,
    row.firstSession,
    formatCount(row.sessions),
    formatCount(row.missing),
  ]);
  lines.push('', 'Symbols without a bar in sessions in which they are listed (including halted ones):');
  lines.push(...renderTable(columns, rows, width));
  if (rows.length === limit) lines.push(`… those with the most; show more with --limit ${limit * 10}`);
  return lines;
}
