import { symbolsTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { wholeOption } from './options.ts';
import { csvLine } from './render/csv.ts';
import { renderTable, right } from './render/table.ts';
import { formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const SYMBOLS_SHOWN = 50;
const SYMBOLS_MAX = 1_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const isTable = terminal.isOutputTty && !terminal.json;
  const limit = wholeOption(invocation, 'limit', 1, SYMBOLS_MAX) ?? (isTable ? SYMBOLS_SHOWN : SYMBOLS_MAX);
  const symbols = await withReader(invocation, (app) => symbolsTask(app, operands[0], limit));
  if (symbols.length === 0 && !terminal.json) {
    terminal.note(
      operands[0] === undefined ? 'There are no symbols yet.' : `No symbol or name contains "${operands[0]}".`,
    );
    return 0;
  }
  if (!isTable && !terminal.json) {
    await terminal.line('symbol,security_id,name,type,exchange,first_session,last_session,bars');
    for (const row of symbols) {
      const isOpen = await terminal.write(csvLine(Object.values(row)));
      if (!isOpen) break;
    }
    return 0;
  }
  const columns = ['symbol', 'name', 'type', 'first', 'last', right('bars'), 'security'];
  const rows = symbols.map((row) => [
    row.symbol,
    row.name ?? '',
    row.type ?? '',
    row.first_session,
    row.last_session,
    formatCount(row.bars),
    row.security_id === row.symbol ? '' : row.security_id,
  ]);
  await report(terminal, symbols, () => renderTable(columns, rows, terminal.width));
  if (symbols.length === limit && isTable)
    terminal.note(`(first ${limit}; more with --limit, or search with: condvest symbols TEXT)`);
  return 0;
}
