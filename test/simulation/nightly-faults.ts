import type { Fault } from '#adapters/simulator/scenarios.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Random } from '#ports/random.ts';

/** The sessions that a simulation covers. */
export interface Stretch {
  readonly calendar: Calendar;
  readonly random: Random;
  readonly first: IsoDate;
  readonly sessions: number;
}

/** Draws the faults between the market and the lake: a dozen kinds, each with its own probability. */
export function drawFaults({ calendar, random, first, sessions }: Stretch): Fault[] {
  const pick = (): IsoDate => {
    const index = calendar.sessionIndex(first) + 2 + Math.floor(random.next() * Math.max(1, sessions - 6));
    return calendar.sessionAt(index);
  };
  const hours = (count: number): number => count * 3_600_000;
  const drawn: (() => Fault)[] = [
    () => ({ name: 'corrected-bars', share: 0.4 }),
    () => ({ name: 'late-bars', share: 0.3 }),
    () => {
      const session = pick();
      return {
        name: 'partial-session',
        session,
        share: 0.4,
        // If it lasted longer, two fetches on different days would rightly settle it short.
        untilMs: calendar.closeMs(session) + hours(19 * random.next()),
      };
    },
    () => {
      const session = pick();
      return {
        name: 'missing-session',
        session,
        untilMs: calendar.closeMs(session) + hours(90 * random.next()),
      };
    },
    () => ({ name: 'truncated-reply', session: pick(), times: 1 + Math.floor(random.next() * 4) }),
    () => ({ name: 'bad-rows', count: 1 + Math.floor(random.next() * 3) }),
    () => ({ name: 'duplicate-rows', count: 2 }),
    () => {
      const fromMs = calendar.closeMs(pick()) - hours(2);
      return { name: 'outage', fromMs, untilMs: fromMs + hours(100 * random.next()) };
    },
    () => ({ name: 'too-many-requests', times: 2 }),
    () => ({ name: 'slow', ms: 2000 }),
    () => ({ name: 'late-split', sessions: 4 }),
    () => {
      const session = pick();
      return { name: 'restatement', session, fromMs: calendar.settlesAtMs(session) + hours(48), factor: 1.5 };
    },
  ];
  return drawn.flatMap((draw) => (random.next() < 0.35 ? [draw()] : []));
}
