import type {
  BarsAnswer as AnyBarsAnswer,
  SessionBarAnswer,
  SessionBarsAnswer,
  WindowBarAnswer,
  WindowBarsAnswer,
} from '#serving/condvest/shapes/bars.ts';

/** What the server says, as the page reads it: the shapes of its routes, under the names the page uses. */

export type { EventsAnswer } from '#serving/condvest/shapes/bars.ts';
export type {
  GapsAnswer,
  OneSessionAnswer,
  QualityAnswer,
  SessionAnswer as SessionRow,
  SessionsAnswer,
} from '#serving/condvest/shapes/ledger.ts';
export type {
  FoundSymbol as SymbolMatch,
  MarketAnswer,
  MoverValue as Mover,
  WatchedValue as Watched,
  WatchlistAnswer,
} from '#serving/condvest/shapes/market.ts';
export type {
  NoticeAnswer as Notice,
  NoticesAnswer,
  RunAnswer as Run,
  RunsAnswer,
  RunWithStepsAnswer,
  StepAnswer as RunStep,
} from '#serving/condvest/shapes/runs.ts';
export type { BuildingAnswer as Building, StatusAnswer as Status } from '#serving/condvest/shapes/status.ts';
export type BarsAnswer = AnyBarsAnswer;
export type Bar = SessionBarAnswer | WindowBarAnswer;
export type BarValues = Pick<SessionBarAnswer, 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'trades'>;
export type Adjust = AnyBarsAnswer['adjust'];
export type Finality = WindowBarAnswer['finality'];
export type SessionState = 'settled' | 'provisional' | 'partial' | 'missing';

/** `interval` tells the two kinds of bars apart; their own fields do as well. */
export const isWindow = (bar: Bar): bar is WindowBarAnswer => 'first_session' in bar;
export const firstSessionOf = (bar: Bar): string => (isWindow(bar) ? bar.first_session : bar.session);
export const lastSessionOf = (bar: Bar): string => (isWindow(bar) ? bar.last_session : bar.session);

/** Of a window that is not whole: `open` while sessions of it are still to come, `incomplete` where the lake lacks some. */
export function incompleteness(bar: Bar): 'open' | 'incomplete' | undefined {
  return bar.finality === 'open' || bar.finality === 'incomplete' ? bar.finality : undefined;
}

export const isSessionBars = (answer: AnyBarsAnswer): answer is SessionBarsAnswer => answer.interval === 1;
export type { SessionBarsAnswer, WindowBarsAnswer };
