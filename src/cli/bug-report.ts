import { inspect } from 'node:util';
import { printableLines } from '#base/printable.ts';

/** An error with its causes may take a few hundred lines; what comes after is of no use. */
const LINES_MAX = 200;

/**
 * Describes an error that nobody expected, with the stack traces of all its causes. Their texts may come from anywhere,
 * so API keys are hidden and control characters escaped.
 */
export function bugReport(error: unknown): string {
  const text = inspect(error, { depth: 8, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 1000 });
  return [
    'condvest: this is a bug in Condvest. Please report it with these lines and the command:',
    printableLines(text, { linesMax: LINES_MAX }),
  ].join('\n');
}
