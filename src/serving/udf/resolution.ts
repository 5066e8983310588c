import { UsageError } from '#base/errors.ts';
import { INTERVAL_MAX } from '#market/window.ts';
import type { Grain } from '../read/bar-series.ts';

/** The charting library's name for the length of a bar: `1D`, `21D`, `1W`, `1M`; without a number it means one. */
export interface Resolution {
  readonly grain: Grain;
  /** One text for each length: `D` and `1D` are the same. */
  readonly name: string;
}

/** Throws `resolution-invalid` for lengths that are not served, such as minutes. */
export function readResolution(text: string): Resolution {
  const [, digits, unit] = /^(\d{0,3})([DWM])$/.exec(text.trim().toUpperCase()) ?? [];
  const count = digits === undefined || digits === '' ? 1 : Number(digits);
  if (unit === 'D' && count === 1) return { grain: { unit: 'day', multiplier: 1 }, name: '1D' };
  if (unit === 'D' && count >= 2 && count <= INTERVAL_MAX)
    return { grain: { unit: 'session', multiplier: count, includePartial: true }, name: `${count}D` };
  if (unit === 'W' && count === 1) return { grain: { unit: 'week', multiplier: 1 }, name: '1W' };
  if (unit === 'M' && count === 1) return { grain: { unit: 'month', multiplier: 1 }, name: '1M' };
  throw new UsageError({
    code: 'resolution-invalid',
    message: 'Unsupported resolution',
    found: text.slice(0, 20),
    allowed: `1D to ${INTERVAL_MAX}D, 1W, 1M`,
  });
}

/** Returns the supported resolutions: the stored lengths, weeks and months. */
export function offeredResolutions(intervals: readonly number[]): string[] {
  return [...dailyMultipliers(intervals).map((count) => `${count}D`), '1W', '1M'];
}

/**
 * Lengths in days that the library must ask for. Any that is missing here it would build from daily bars, by its own
 * rule.
 */
export function dailyMultipliers(intervals: readonly number[]): string[] {
  return [1, ...intervals].map(String);
}
