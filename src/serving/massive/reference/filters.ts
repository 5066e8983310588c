import type { z } from '@hono/zod-openapi';
import { parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { sqlText } from '#lake/sql-text.ts';
import { list, optional } from '../../http/parameters.ts';

/** Filters of one field: the value itself, `field.gt`, `.gte`, `.lt`, `.lte` and, where a list may be given, `.any_of`. */
export interface Range<T extends string | number> {
  readonly eq?: T | undefined;
  readonly gt?: T | undefined;
  readonly gte?: T | undefined;
  readonly lt?: T | undefined;
  readonly lte?: T | undefined;
  readonly anyOf?: readonly T[] | undefined;
}

/** Values that one `.any_of` may name. */
const ANY_OF_MAX = 250;

const textFilter = optional((text) => text, 'a text', undefined).openapi({ type: 'string' });

/** Clients that have an instant send it as such; its date is meant. */
const dateFilter = optional((text) => parseIsoDate(text.slice(0, 10)), 'a date as YYYY-MM-DD', undefined).openapi({
  type: 'string',
  format: 'date',
});

const numberFilter = optional(
  (text) => (/^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined),
  'a number',
  undefined,
).openapi({ type: 'number' });

/** The parameters of a field's filters, for a schema. */
export function rangeOf<const Name extends string, S extends z.ZodType>(name: Name, one: S) {
  return {
    [name]: one,
    [`${name}.gt`]: one,
    [`${name}.gte`]: one,
    [`${name}.lt`]: one,
    [`${name}.lte`]: one,
  } as { [K in Name | `${Name}.${'gt' | 'gte' | 'lt' | 'lte'}`]: S };
}

export function textRange<const Name extends string>(name: Name) {
  return rangeOf(name, textFilter);
}

export function dateRange<const Name extends string>(name: Name) {
  return rangeOf(name, dateFilter);
}

export function numberRange<const Name extends string>(name: Name) {
  return rangeOf(name, numberFilter);
}

export function anyOf<const Name extends string>(name: Name) {
  return { [`${name}.any_of`]: list(ANY_OF_MAX) } as { [K in `${Name}.any_of`]: ReturnType<typeof list> };
}

/** Reads a field's filters out of a parsed query. */
export function rangeIn<T extends string | number>(query: Readonly<Record<string, unknown>>, name: string): Range<T> {
  const anyOfValue = query[`${name}.any_of`] as readonly T[] | undefined;
  return {
    eq: query[name] as T | undefined,
    gt: query[`${name}.gt`] as T | undefined,
    gte: query[`${name}.gte`] as T | undefined,
    lt: query[`${name}.lt`] as T | undefined,
    lte: query[`${name}.lte`] as T | undefined,
    anyOf: anyOfValue === undefined || anyOfValue.length === 0 ? undefined : anyOfValue,
  };
}

export function isOpen(range: Range<string | number>): boolean {
  return Object.values(range).every((value) => value === undefined);
}

export function isWithin<T extends string | number>(value: T | null, range: Range<T>): boolean {
  if (isOpen(range)) return true;
  if (value === null) return false;
  const { eq, gt, gte, lt, lte, anyOf: values } = range;
  return (
    (eq === undefined || value === eq) &&
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte) &&
    (values === undefined || values.includes(value))
  );
}

/** Refuses a filter by something that none of the rows is known to have: an empty list would say that no row matches. */
export function filterUnknown(rows: string, name: string, action: string): UsageError {
  return new UsageError({
    code: 'filter-unknown',
    message: `${rows} cannot be filtered by ${name}, which is not known for any of them`,
    action,
  });
}

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** Conditions on an expression of SQL, to be joined by AND. `literal` writes a checked value: `sqlText`, a date, a number. */
export function rangeSql<T extends string | number>(
  expression: string,
  range: Range<T>,
  literal: (value: T) => string,
): string[] {
  const conditions: string[] = [];
  for (const name of ['eq', 'gt', 'gte', 'lt', 'lte'] as const) {
    const value = range[name];
    if (value !== undefined) conditions.push(`${expression} ${OPERATORS[name]} ${literal(value)}`);
  }
  const { anyOf: values } = range;
  if (values !== undefined) conditions.push(`${expression} IN (${values.map(literal).join(', ')})`);
  return conditions;
}

export const dateLiteral = (date: string): string => `DATE ${sqlText(date)}`;
export const numberLiteral = (value: number): string => `${value}::DOUBLE`;
