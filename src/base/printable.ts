/** Longest foreign text that is stored, logged or shown. */
export const PRINTABLE_CHARACTERS_MAX = 500;

/**
 * Returns foreign text in a form that is safe to store and to show: control and formatting characters, which could
 * drive a terminal or reorder a line, are escaped as `\u{1b}`, and what is too long ends in `…`.
 */
export function printable(text: string, max = PRINTABLE_CHARACTERS_MAX): string {
  // Cut first: the text may have megabytes, and escaping it makes it longer.
  const escaped = text.slice(0, max + 1).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escapeOf);
  return escaped.length <= max ? escaped : `${escaped.slice(0, max - 1)}…`;
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
