/** Parsers from text and configuration file values to setting values. */

/** Result of a parser for an invalid value. */
export class Invalid {
  readonly found: string;
  constructor(found: string) {
    this.found = found;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Parses a size such as `512MB`, or a number of bytes; at least `min`. */
export function readBytes(value: unknown, min: number): number | Invalid {
  if (typeof value === 'number') return whole(value, min, Number.MAX_SAFE_INTEGER);
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$/.exec(String(value));
  const unit = UNITS[match?.[2]?.toUpperCase() ?? ''];
  if (match === null || unit === undefined) return new Invalid(shown(value));
  const bytes = Math.floor(Number(match[1]) * unit);
  return bytes >= min ? bytes : new Invalid(shown(value));
}

/** Parses a boolean: true, false, yes, no, 1 or 0. */
function readYesOrNo(value: unknown): boolean | Invalid {
  if (typeof value === 'boolean') return value;
  const text = String(value).trim().toLowerCase();
  if (text === 'true' || text === '1' || text === 'yes') return true;
  if (text === 'false' || text === '0' || text === 'no') return false;
  return new Invalid(shown(value));
}

export function urlOf(value: unknown, protocols: readonly string[]): string | Invalid {
  if (typeof value !== 'string' || !URL.canParse(value)) return new Invalid(shown(value));
  return protocols.includes(new URL(value).protocol) ? value : new Invalid(shown(value));
}

/** Parses a URL that may contain a password; an invalid one is not shown. */
export function hiddenUrl(value: unknown, protocols: readonly string[]): string | Invalid {
  const url = urlOf(value, protocols);
  if (url instanceof Invalid) return new Invalid('a hidden value');
  const { username, password } = new URL(url);
  return [username, password].every(isEncoded)
    ? url
    : new Invalid('a hidden value with a % that is not written as %25');
}

/** Returns whether every `%` starts an escape. One that does not is usually part of a password. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function readShare(value: unknown): number | Invalid {
  const number = numberOf(value);
  return number !== undefined && number >= 0 && number <= 1 ? number : new Invalid(shown(value));
}

export function whole(value: unknown, min: number, max: number): number | Invalid {
  const number = numberOf(value);
  return number !== undefined && Number.isInteger(number) && number >= min && number <= max
    ? number
    : new Invalid(shown(value));
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

export function listOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()) : undefined;
}

export function fieldOf(item: unknown, name: string): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const value = (item as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}

/** Longest part of a value that is shown. */
const SHOWN_MAX = 80;

export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

/** Kinds of values that several settings have: what is allowed, and the parser. */
export const yesOrNo = { allowed: 'true or false', read: readYesOrNo };
export const share = { allowed: 'a number from 0 to 1', read: readShare };
export const path = {
  allowed: 'a path',
  read: (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : new Invalid(shown(value))),
};

export function wholeNumber(min: number, max: number) {
  return { allowed: `a whole number from ${min} to ${max}`, read: (value: unknown) => whole(value, min, max) };
}
