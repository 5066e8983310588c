import type { InstantMs } from '#base/dates.ts';
import { type Alignment, INTRADAY_MS, type IntradayInterval, type Part } from './intraday-interval.ts';
import { partAt, type SessionParts } from './trade-date.ts';

/** A time window of one trade date. */
export interface TimeWindow {
  readonly startMs: InstantMs;
  /** The first instant after it. */
  readonly endMs: InstantMs;
  /** Null if it may mix parts: a window of the clock longer than a minute. */
  readonly part: Part | null;
}

/**
 * Returns the window of an instant.
 *
 * - `session`: windows count from the beginning of their part: 21:00, 04:00, the open, the close. The last window of a
 *   part is cut at its end, so that none mixes two.
 * - `clock`: windows count from midnight in New York. They are cut only where the trade date begins and ends.
 */
export function timeWindow(
  parts: SessionParts,
  interval: IntradayInterval,
  alignment: Alignment,
  atMs: InstantMs,
): TimeWindow {
  const lengthMs = INTRADAY_MS[interval];
  const part = partAt(parts, atMs);
  const { anchorMs, fromMs, toMs } = alignment === 'clock' ? clockSpan(parts) : spanOf(parts, part);
  const startMs = anchorMs + Math.floor((atMs - anchorMs) / lengthMs) * lengthMs;
  return {
    startMs: Math.max(startMs, fromMs),
    endMs: Math.min(startMs + lengthMs, toMs),
    part: alignment === 'clock' && lengthMs > INTRADAY_MS['1m'] ? null : part,
  };
}

/**
 * Returns the instant at which an auction print is put into windows of an interval and alignment. Closing auctions are
 * printed after the close: from 5 minutes up, aligned to the session, what is printed outside of regular trading hours
 * belongs to the nearest window inside. Seconds, minutes and windows of the clock have it where it was printed.
 */
export function auctionAtMs(
  parts: SessionParts,
  interval: IntradayInterval,
  alignment: Alignment,
  atMs: InstantMs,
): InstantMs {
  if (alignment === 'clock' || INTRADAY_MS[interval] <= INTRADAY_MS['1m']) return atMs;
  return Math.min(Math.max(atMs, parts.openMs), parts.closeMs - 1);
}

interface Span {
  /** Where windows count from. */
  readonly anchorMs: InstantMs;
  /** Where they are cut. */
  readonly fromMs: InstantMs;
  readonly toMs: InstantMs;
}

function clockSpan(parts: SessionParts): Span {
  return { anchorMs: parts.midnightMs, fromMs: parts.startMs, toMs: parts.endMs };
}

function spanOf(parts: SessionParts, part: Part): Span {
  switch (part) {
    case 'overnight':
      return { anchorMs: parts.startMs, fromMs: parts.startMs, toMs: parts.preMs };
    case 'pre':
      // Without an overnight part, what is printed before 04:00 has windows of its own, counted backward.
      return { anchorMs: parts.preMs, fromMs: parts.hasOvernight ? parts.preMs : parts.startMs, toMs: parts.openMs };
    case 'rth':
      return { anchorMs: parts.openMs, fromMs: parts.openMs, toMs: parts.closeMs };
    case 'post':
      return { anchorMs: parts.closeMs, fromMs: parts.closeMs, toMs: parts.endMs };
  }
}
