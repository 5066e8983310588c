import { type Field, type Row, streamRows, type TableStream } from '../export/table-stream.ts';
import type { BarsResult, WindowPart } from './served-bars.ts';

const VALUES: readonly Field[] = [
  { name: 'open', type: 'double' },
  { name: 'high', type: 'double' },
  { name: 'low', type: 'double' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'double' },
  { name: 'vwap', type: 'double' },
  { name: 'trades', type: 'long' },
];

const DAILY_FIELDS: readonly Field[] = [
  { name: 'symbol', type: 'string' },
  { name: 'session', type: 'date' },
  ...VALUES,
  { name: 'finality', type: 'string' },
];

const WINDOW_FIELDS: readonly Field[] = [
  { name: 'symbol', type: 'string' },
  { name: 'first_session', type: 'date' },
  { name: 'last_session', type: 'date' },
  ...VALUES,
  { name: 'sessions', type: 'integer' },
  { name: 'expected', type: 'integer' },
  { name: 'complete', type: 'boolean' },
  { name: 'finality', type: 'string' },
];

const EXPLAIN_FIELDS: readonly Field[] = [
  { name: 'raw_open', type: 'double' },
  { name: 'raw_high', type: 'double' },
  { name: 'raw_low', type: 'double' },
  { name: 'raw_close', type: 'double' },
  { name: 'raw_volume', type: 'double' },
  { name: 'price_factor', type: 'double' },
  { name: 'volume_factor', type: 'double' },
  { name: 'events', type: 'string' },
];

/** Of windows besides: the factors of each run of sessions, where they have several. */
const EXPLAIN_WINDOW_FIELDS: readonly Field[] = [...EXPLAIN_FIELDS, { name: 'parts', type: 'string' }];

/** The bars of an answer as a table with the lake's own column names, for every file format. */
export function barsTable(result: BarsResult): TableStream {
  const isExplained = result.bars.some((bar) => bar.explain !== undefined);
  const fields = [
    ...(result.grain === 'session' ? DAILY_FIELDS : WINDOW_FIELDS),
    ...(!isExplained ? [] : result.grain === 'session' ? EXPLAIN_FIELDS : EXPLAIN_WINDOW_FIELDS),
  ];
  const rows =
    result.grain === 'session'
      ? result.bars.map((bar): Row => ({ ...bar, explain: null, ...explained(bar.explain) }))
      : result.bars.map(
          (bar): Row => ({
            ...bar,
            explain: null,
            first_session: bar.firstSession,
            last_session: bar.lastSession,
            ...explained(bar.explain),
          }),
        );
  return streamRows(fields, rows);
}

function explained(explain: BarsResult['bars'][number]['explain']): Row {
  if (explain === undefined) return {};
  const { raw, priceFactor, volumeFactor, events } = explain;
  return {
    raw_open: raw.open,
    raw_high: raw.high,
    raw_low: raw.low,
    raw_close: raw.close,
    raw_volume: raw.volume,
    price_factor: priceFactor,
    volume_factor: volumeFactor,
    events: events.map((event) => `${event.exDate} ${event.kind} ${event.terms}`).join('; '),
    ...('parts' in explain ? { parts: explain.parts.map(partText).join('; ') } : {}),
  };
}

function partText({ firstSession, lastSession, priceFactor, volumeFactor }: WindowPart): string {
  return `${firstSession} to ${lastSession} × ${priceFactor}, × ${volumeFactor}`;
}
