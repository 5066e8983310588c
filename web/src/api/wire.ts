import type {
  BarsAnswer as BarsResponse,
  SessionBarAnswer as SessionBar,
  SessionBarsAnswer as SessionBarsResponse,
  WindowBarAnswer as WindowBar,
} from '#serving/condvest/shapes/bars.ts';

/** Response shapes of the API, under the names that the page uses. */

export type { EventsAnswer as EventsResponse } from '#serving/condvest/shapes/bars.ts';
export type {
  GapsAnswer as GapsResponse,
  OneSessionAnswer as SessionResponse,
  QualityAnswer as QualityResponse,
  SessionAnswer as SessionRow,
} from '#serving/condvest/shapes/ledger.ts';
export type {
  FoundSymbol as SymbolMatch,
  MarketAnswer as MarketResponse,
  MoverValue as Mover,
  WatchedValue as WatchlistRow,
  WatchlistAnswer as WatchlistResponse,
} from '#serving/condvest/shapes/market.ts';
export type { NoticeAnswer as Notice, RunAnswer as Run, StepAnswer as RunStep } from '#serving/condvest/shapes/runs.ts';
export type { BuildingAnswer as Building, StatusAnswer as Status } from '#serving/condvest/shapes/status.ts';
export type { BarsResponse, WindowBar };
export type Bar = SessionBar | WindowBar;
export type BarValues = Pick<SessionBar, 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'trades'>;
export type Adjust = BarsResponse['adjust'];
export type SessionState = 'settled' | 'provisional' | 'partial' | 'missing';

/** Window bars have a first and a last session; session bars have one session. */
export const isWindow = (bar: Bar): bar is WindowBar => 'first_session' in bar;
export const firstSessionOf = (bar: Bar): string => (isWindow(bar) ? bar.first_session : bar.session);
export const lastSessionOf = (bar: Bar): string => (isWindow(bar) ? bar.last_session : bar.session);

/** Why a window is not complete: `open` while sessions are still to come, `incomplete` if the lake is missing some. */
export function incompleteness(bar: Bar): 'open' | 'incomplete' | undefined {
  return bar.finality === 'open' || bar.finality === 'incomplete' ? bar.finality : undefined;
}

export const isSessionBars = (response: BarsResponse): response is SessionBarsResponse => response.interval === 1;
