import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Invocation } from './command.ts';

/** Parsers of option values. Each throws one clear error for an invalid value. */

export function textOption(invocation: Invocation, name: string): string | undefined {
  const value = invocation.options[name];
  return typeof value === 'string' ? value : undefined;
}

export function flagOption(invocation: Invocation, name: string): boolean {
  return invocation.options[name] === true;
}

export function wholeOption(invocation: Invocation, name: string, min: number, max: number): number | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw invalid(name, text, `a whole number from ${min} to ${max}`);
}

export function choiceOption<T extends string>(
  invocation: Invocation,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw invalid(name, text, choices.join(', '));
  return choice;
}

export function dateOption(invocation: Invocation, name: string): IsoDate | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const date = parseIsoDate(text);
  if (date === undefined) throw invalid(name, text, 'an existing date in the form YYYY-MM-DD');
  return date;
}

/**
 * Parses an instant with a zone or offset, such as `2026-11-24T03:00:00Z`, or a date, which means its last millisecond
 * in UTC.
 */
export function instantOption(invocation: Invocation, name: string): number | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const date = parseIsoDate(text);
  if (date !== undefined) return Date.parse(`${date}T23:59:59.999Z`);
  const isInstant = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})$/.test(text);
  const ms = isInstant ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(ms))
    throw invalid(name, text, 'an instant with its zone (2026-11-24T03:00:00Z) or a date (2026-11-24)');
  return ms;
}

/** Parses sessions per bar: `3`, `3d`, `1d`. */
export function intervalOf(text: string, name = 'interval'): number {
  const match = /^(\d{1,4})d?$/.exec(text.trim());
  const interval = match === null ? Number.NaN : Number(match[1]);
  if (interval >= 1 && interval <= 252) return interval;
  throw invalid(name, text, '1d for daily bars, or 2d to 252d');
}

export function intervalsOption(invocation: Invocation, name: string): number[] | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const intervals = text.split(',').map((item) => intervalOf(item, name));
  if (intervals.includes(1)) throw invalid(name, text, 'lengths from 2 to 252 sessions; daily bars are not resampled');
  return [...new Set(intervals)].sort((a, b) => a - b);
}

/** Returns the error for an action that a command does not have. */
export function unknownAction(command: string, found: string | undefined, actions: readonly string[]): UsageError {
  const code = `${command}-action`;
  return new UsageError({ code, message: 'Unknown action', found: found ?? 'nothing', allowed: actions.join(', ') });
}

export function invalid(name: string, found: string, allowed: string): UsageError {
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new UsageError({ code: 'option-invalid', message: `Invalid value for --${flag}`, found, allowed });
}
