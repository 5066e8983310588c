import { gapsTask } from '#runtime/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { NO_BARS_YET } from './no-bars.ts';
import { withLaptop } from './opened.ts';
import { wholeOption } from './options.ts';
import { renderTable } from './render/table.ts';
import { formatCount, plural } from './render/text.ts';

const LIMIT_DEFAULT = 20;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const [symbol] = invocation.operands;
  const limit = wholeOption(invocation, 'limit', 1, 1_000_000) ?? LIMIT_DEFAULT;
  const gaps = await withLaptop(invocation, (laptop) => gapsTask(laptop, symbol, limit));
  const hasHoles = gaps.sessions.length > 0;
  if (terminal.json) {
    await terminal.line(JSON.stringify(gaps, undefined, 2));
    return hasHoles ? 3 : 0;
  }
  if (gaps.isEmpty) {
    await terminal.line(NO_BARS_YET);
    return 0;
  }
  if (symbol !== undefined) {
    const sessions = gaps.ofSymbol ?? [];
    for (const session of sessions) await terminal.line(session);
    await terminal.line(
      sessions.length === 0
        ? `${symbol} has a bar in every published session since its first one.`
        : `${symbol} has no bar in ${plural(sessions.length, 'session')} in which it should have one. Fetch them again: condvest repair ${symbol}`,
    );
    return sessions.length > 0 ? 3 : 0;
  }
  for (const { session, reason } of gaps.sessions.slice(-limit)) await terminal.line(`${session}  ${reason}`);
  await terminal.line(
    hasHoles
      ? `${plural(gaps.sessions.length, 'session')} missing or partial. Fetch them: condvest repair`
      : 'No session of the market is missing.',
  );
  if (gaps.horizon !== undefined) {
    await terminal.line(`Up to ${gaps.horizon} your plan has no history: those sessions are no gaps.`);
  }
  if (gaps.symbols.length > 0) {
    await terminal.line();
    await terminal.line('Symbols without a bar in sessions that they are listed in (halted ones among them):');
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
  }
  return hasHoles ? 3 : 0;
}
