/**
 * Finds out how the dates of a text column are written, from a sample of its values. A style is used only if it has one
 * meaning: 01/02/2024 has two, and needs either the user's word or a value that rules one of them out.
 */

/**
 * - `iso`: 2024-01-02, possibly with a time: midnight as written, or an instant.
 * - `ymd`: 2024/01/02 or 2024.01.02.
 * - `digits`: 20240102.
 * - `mdy`, `dmy`: 01/02/2024, with month or day first.
 * - `named`: with the name of the month: Jan 02, 2024 or 2-Jan-24.
 */
export type DateStyle = 'iso' | 'ymd' | 'digits' | 'mdy' | 'dmy' | 'named';

/** Orders that the user can state. */
export const DATE_ORDERS = ['ymd', 'mdy', 'dmy'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

const TIME = String.raw`([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[AP]M|[+-]\d{2}(:?\d{2})?))?)?`;
const SHAPES: readonly (readonly [DateStyle | 'parts', RegExp])[] = [
  ['iso', new RegExp(String.raw`^\d{4}-\d{2}-\d{2}${TIME}$`)],
  ['ymd', new RegExp(String.raw`^\d{4}[/.-]\d{1,2}[/.-]\d{1,2}${TIME}$`)],
  ['digits', /^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/],
  ['parts', new RegExp(String.raw`^\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})${TIME}$`)],
  ['named', /^(\d{1,2}[- ]?[A-Za-z]{3,9}[- ,]*(\d{4}|\d{2})|[A-Za-z]{3,9} \d{1,2},? \d{4})$/],
];

/** Returns the style of most values: `parts` if month and day are still to be told apart, undefined if there is none. */
export function styleOf(sample: readonly string[]): DateStyle | 'parts' | undefined {
  const counts = new Map<DateStyle | 'parts', number>();
  for (const value of sample) {
    const shape = SHAPES.find(([, pattern]) => pattern.test(value.trim()))?.[0];
    if (shape !== undefined) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** The largest first and second number of all dates of a column such as 01/31/2024. */
export interface DateParts {
  readonly first: number | null;
  readonly second: number | null;
}

/** Returns the order of month and day that the numbers prove; undefined if they prove neither or both. */
export function provenOrder({ first, second }: DateParts): 'mdy' | 'dmy' | undefined {
  const isDayFirst = (first ?? 0) > 12;
  const isMonthFirst = (second ?? 0) > 12;
  if (isDayFirst === isMonthFirst) return undefined;
  return isMonthFirst ? 'mdy' : 'dmy';
}
