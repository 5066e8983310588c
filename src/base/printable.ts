import { withoutKeys } from './without-keys.ts';

/** Longest foreign text that is stored, logged or shown. */
export const PRINTABLE_CHARACTERS_MAX = 500;

/** The last word of a text that was cut, if it could be the beginning of a vendor's key. */
const CUT_KEY = /(?<![A-Za-z0-9_-])[A-Za-z0-9_]{8,31}$/;

/**
 * Returns foreign text in a form that is safe to store and to show: API keys are hidden, control and formatting
 * characters, which could drive a terminal or reorder a line, are escaped as `\u{1b}`, and what is too long ends in `…`.
 */
export function printable(text: string, max = PRINTABLE_CHARACTERS_MAX): string {
  // Cut first: the text may have megabytes, and escaping it makes it longer.
  const cut = text.length <= max ? text : text.slice(0, max + 1).replace(CUT_KEY, '');
  const escaped = withoutKeys(cut).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escapeOf);
  return escaped.length <= max && text.length <= max ? escaped : `${escaped.slice(0, max - 1)}…`;
}

/** Returns a text of several lines, such as a stack trace, with each line printable and at most `linesMax` of them. */
export function printableLines(
  text: string,
  { linesMax = 50, charactersMax = PRINTABLE_CHARACTERS_MAX }: { linesMax?: number; charactersMax?: number } = {},
): string {
  return text
    .split('\n', linesMax)
    .map((line) => printable(line, charactersMax))
    .join('\n');
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
