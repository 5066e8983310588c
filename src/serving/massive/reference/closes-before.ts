import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { SymbolSpan } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import type { MarketAnswerDeps } from '../../http/market-answer.ts';
import type { Serving } from '../../http/serving.ts';
import type { LakeView } from '../../read/view.ts';
import { closesBefore, closesOn, SORTED_JOINS } from './events.sql.ts';

export interface Close {
  readonly session: IsoDate;
  readonly close: number;
}

export interface ClosesRequest {
  /** Of each security, in which spans it had which symbol. */
  readonly spans: readonly (readonly SymbolSpan[])[];
  /** Of each security, the dates before which a close is wanted. None before the first published session. */
  readonly wanted: readonly (readonly IsoDate[])[];
  readonly published: SessionSet;
}

interface ClosesRow extends Close {
  /** Index of the security. */
  readonly security: number;
}

/**
 * The last close before each of some dates, of each of some securities: ascending by session, by the index of the security. Nearly
 * always it is that of the last session published before the date, for which only the files of such sessions are read; for what
 * is missing there (a halt, a session that was cut short) all bars are looked through.
 */
export async function readClosesBefore(
  serving: MarketAnswerDeps,
  view: LakeView,
  request: ClosesRequest,
): Promise<Close[][]> {
  const { spans, wanted, published } = request;
  const { lake } = serving;
  const { files } = view.bars();
  const sessions = published.toArray();
  const closes = spans.map((): Close[] => []);
  const expected = wanted.flatMap((dates, security) =>
    [...new Set(dates)].map((date) => ({ security, date, session: lastBefore(sessions, date) })),
  );
  if (expected.length === 0) return closes;
  const symbols = [...new Set(spans.flat().map(({ symbol }) => symbol))];
  const needed = SessionSet.of(expected.map(({ session }) => session));
  const held = await lake.table(DAILY_BARS).heldFiles(files);
  const touched = held.filter(({ units }) => units.intersects(needed)).map(({ file }) => file);
  const lines = expected.flatMap(({ security, session }) => {
    const symbol = spans[security]?.find((span) => covers(span, session))?.symbol;
    return symbol === undefined ? [] : [[security, symbol, session].join('\t')];
  });
  const scan = await lake.table(DAILY_BARS).scanSql(touched);
  const found = await lake.rows<ClosesRow>(closesOn(scan, symbols), [lines.join('\n')]);
  const known = new Set(found.map(({ security, session }) => `${security} ${session}`));
  const missing = expected.filter(({ security, session }) => !known.has(`${security} ${session}`));
  const others = missing.length === 0 ? [] : await lookBack(serving, view, { spans, missing });
  for (const { security, session, close } of [...found, ...others]) closes[security]?.push({ session, close });
  for (const list of closes) list.sort((a, b) => (a.session < b.session ? -1 : Number(a.session > b.session)));
  return closes;
}

async function lookBack(
  { lake }: Pick<Serving, 'lake'>,
  view: LakeView,
  request: {
    readonly spans: ClosesRequest['spans'];
    readonly missing: readonly { readonly security: number; readonly date: IsoDate }[];
  },
): Promise<ClosesRow[]> {
  const securities = [...new Set(request.missing.map(({ security }) => security))];
  const spans = securities.flatMap((security) =>
    (request.spans[security] ?? []).map((span) => ({ security, ...span })),
  );
  const symbols = [...new Set(spans.map(({ symbol }) => symbol))];
  const scan = await lake.table(DAILY_BARS).scanSql(view.bars().files);
  using session = await lake.session();
  await session.run(SORTED_JOINS);
  return await session.rows<ClosesRow>(closesBefore(scan, symbols), [
    spans.map(({ security, symbol, first, last }) => [security, symbol, first ?? '', last ?? ''].join('\t')).join('\n'),
    request.missing.map(({ security, date }) => [security, date].join('\t')).join('\n'),
  ]);
}

function covers({ first, last }: SymbolSpan, session: IsoDate): boolean {
  return (first === null || first <= session) && (last === null || session <= last);
}

/** The last of ascending sessions before a date, which is not before the first of them. */
function lastBefore(sessions: readonly IsoDate[], date: IsoDate): IsoDate {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle] ?? date) < date) low = middle + 1;
    else high = middle;
  }
  return defined(sessions[low - 1], 'a close is wanted after the first session only');
}
