import { encodeBars } from '#runtime/tasks/formats.ts';
import { barsTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { choiceOption, dateOption, flagOption, instantOption, intervalOf, textOption, wholeOption } from './options.ts';
import { renderBars } from './render/bars.ts';
import { type Format, formatFor, refuseBinaryTerminal, writeResult } from './result-file.ts';
import { withReader } from './with-app.ts';

const BARS_SHOWN = 30;
const BARS_MAX = 100_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const format: Format = formatFor(invocation);
  const limit = wholeOption(invocation, 'limit', 1, BARS_MAX) ?? (format === 'table' ? BARS_SHOWN : BARS_MAX);
  const request = {
    symbol: operands[0] ?? '',
    interval: intervalOf(textOption(invocation, 'interval') ?? '1d'),
    from: dateOption(invocation, 'from'),
    to: dateOption(invocation, 'to'),
    adjust: choiceOption(invocation, 'adjust', ['raw', 'split', 'total']),
    asOfMs: instantOption(invocation, 'asOf'),
    explain: flagOption(invocation, 'explain'),
  };
  refuseBinaryTerminal(invocation, format);
  return withReader(invocation, async (app): Promise<ExitCode> => {
    const result = await barsTask(app, request);
    for (const { kind, exDate, terms, reason } of result.held) {
      terminal.note(`not applied: ${kind} on ${exDate}, ${terms}: ${reason}`);
    }
    if (result.bars.length === 0) terminal.note(`${request.symbol} has no bars in this range.`);
    const shown = { ...result, bars: result.bars.slice(-limit) } as typeof result;
    if (format === 'table') {
      const lines = renderBars(shown, {
        total: result.bars.length,
        plot: flagOption(invocation, 'plot'),
        width: terminal.width,
      });
      await writeResult(invocation, format, asChunks(lines.map((line) => `${line}\n`)));
      return 0;
    }
    if (format === 'json') {
      await writeResult(invocation, format, asChunks([`${JSON.stringify(shown, undefined, 2)}\n`]));
      return 0;
    }
    await writeResult(invocation, format, encodeBars(app, shown, format));
    return 0;
  });
}

async function* asChunks(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}
