import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';

import { fromEpochDay, isoDate, toEpochDay } from '#base/dates.ts';

/**
 * Conversion of SQL values: DATE to `YYYY-MM-DD`, every TIMESTAMP to whole epoch milliseconds (UTC), integers and
 * DECIMAL to numbers (bigint if a number would lose digits), nested values to plain objects, the rest unchanged.
 */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | SqlValue[]
  | { [key: string]: SqlValue };

/** Returns the values of one column of one chunk. */
export function convertColumn(values: readonly DuckDBValue[], type: DuckDBType): SqlValue[] {
  const name = String(type);
  if (name === 'DOUBLE' || name === 'INTEGER' || name === 'BOOLEAN' || name === 'VARCHAR' || name === 'FLOAT')
    return values as SqlValue[];
  if (name === 'TIME' || name === 'TIMETZ' || name === 'INTERVAL')
    return values.map((value) => (value === null ? null : String(value)));
  return values.map(convertValue);
}

function convertValue(value: DuckDBValue): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return safe(value);
  if (typeof value !== 'object') return value;
  if ('days' in value && !('months' in value)) return dateText(value);
  if ('millis' in value) return safe(value.millis);
  if ('nanos' in value && !('offset' in value)) return Number(value.nanos / 1_000_000n);
  if ('seconds' in value) return safe(value.seconds * 1000n);
  if ('micros' in value && !('months' in value) && !('offset' in value)) return Number(value.micros / 1000n);
  if ('scale' in value) return value.toDouble();
  if ('bytes' in value) return value.bytes;
  if ('items' in value) return value.items.map(convertValue);
  if ('entries' in value && Array.isArray(value.entries)) {
    const map: Record<string, SqlValue> = {};
    for (const entry of value.entries) map[String(convertValue(entry.key))] = convertValue(entry.value);
    return map;
  }
  if ('entries' in value) {
    const struct: Record<string, SqlValue> = {};
    for (const [key, field] of Object.entries(value.entries)) struct[key] = convertValue(field);
    return struct;
  }
  return String(value);
}

function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** SQL has dates beyond the years 0001 to 9999, and infinity; they are shown as the driver formats them. */
function dateText(value: { readonly days: number }): string {
  return value.days >= DAYS_MIN && value.days <= DAYS_MAX ? fromEpochDay(value.days) : String(value);
}

const DAYS_MIN = toEpochDay(isoDate('0001-01-01'));
const DAYS_MAX = toEpochDay(isoDate('9999-12-31'));
