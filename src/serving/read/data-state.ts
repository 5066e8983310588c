import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { Clock } from '#ports/clock.ts';
import type { LiveBars } from '#ports/live-bars.ts';
import { newestSessions } from './merge-live.ts';
import type { LakeView, Views } from './view.ts';

export interface DataStateDeps {
  readonly views: Views;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly live: LiveBars;
}

/**
 * Names the state of the newest data: the version of every table, the day in New York, and the live bars. In one state, one
 * address has one response, unless that also depends on the time of day.
 */
export class DataState {
  readonly #deps: DataStateDeps;
  #view: LakeView | undefined;
  #today: IsoDate | undefined;
  /** State without the live bars, of the view and the day above. */
  #published = '';
  #sessions: readonly IsoDate[] = [];

  constructor(deps: DataStateDeps) {
    this.#deps = deps;
  }

  /** Returns the state if it is known without waiting. It changes with the data, and no state recurs. */
  known(): string | undefined {
    const { views, calendar, clock, live } = this.#deps;
    const view = views.known();
    if (view === undefined) return undefined;
    const today = newYorkAt(clock.nowMs()).date;
    if (view !== this.#view || today !== this.#today) {
      this.#view = view;
      this.#today = today;
      this.#published = `${view.tag(Object.keys(view.versions()))} ${today}`;
      this.#sessions = newestSessions(calendar, today);
    }
    let state = this.#published;
    for (const session of this.#sessions) state += ` ${live.revision(session)}`;
    return state;
  }
}
