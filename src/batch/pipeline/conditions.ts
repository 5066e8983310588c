import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { HeldEvent } from '#market/corporate-actions.ts';
import type { LedgerRow } from '#market/ledger.ts';
import type { NewNotice } from '#ports/operations.ts';

/** What a person should know of, found in the ledger, the events and the run itself. Pure. */

/** Kinds that hold until they are over; a run that finds one no longer tells that it is over. */
export const LASTING_KINDS = [
  'run-failed',
  'session-missing',
  'session-partial',
  'session-late',
  'quarantine-over-bound',
  'event-held',
] as const;

/** Kinds that happened: told once, never over. */
export const EVENT_KINDS = ['restated', 'settled-short', 'plan-horizon'] as const;

export interface FailedStep {
  readonly step: string;
  readonly error: string;
  readonly cause: string;
}

export interface ConditionInputs {
  readonly calendar: Calendar;
  readonly ledger: ReadonlyMap<IsoDate, LedgerRow>;
  readonly nowMs: InstantMs;
  readonly horizon: IsoDate | undefined;
  readonly failed: readonly FailedStep[];
  readonly held: readonly HeldEvent[];
  /** Values that changed after their session had settled, of this run. */
  readonly restated: { readonly values: number; readonly version: number } | undefined;
  readonly settledShort: readonly {
    readonly session: IsoDate;
    readonly rows: number;
    readonly expected: number | null;
  }[];
}

/** Sessions told one by one; with more, the oldest are told as one. */
const SESSIONS_TOLD_MAX = 5;
const HELD_TOLD_MAX = 50;
/** A session whose corrections have been over for this long, and that nobody fetched again, is late. */
const LATE_AFTER_MS = 24 * 60 * 60 * 1000;

export function findConditions(inputs: ConditionInputs): NewNotice[] {
  return [...runConditions(inputs), ...sessionConditions(inputs), ...heldConditions(inputs), ...events(inputs)];
}

function runConditions({ failed, nowMs }: ConditionInputs): NewNotice[] {
  const overBound = failed.filter(({ cause }) => cause.includes('were refused'));
  const others = failed.filter((step) => !overBound.includes(step));
  const notices: NewNotice[] = [];
  const [first] = others;
  if (first !== undefined) {
    const steps = others.map(({ step, cause }) => `${step}: ${cause}`).join('\n');
    notices.push({
      key: 'run-failed',
      kind: 'run-failed',
      severity: 'error',
      title: `The daily run failed in ${others.map(({ step }) => step).join(', ')}`,
      text: `${steps}\nWhat succeeded is kept. Run it again with: condvest pipeline run`,
      session: null,
      seenMs: nowMs,
    });
  }
  for (const { cause } of overBound) {
    notices.push({
      key: 'quarantine-over-bound',
      kind: 'quarantine-over-bound',
      severity: 'error',
      title: 'Too many rows of a session cannot be right',
      text: cause,
      session: null,
      seenMs: nowMs,
    });
  }
  return notices;
}

function sessionConditions(inputs: ConditionInputs): NewNotice[] {
  const { calendar, ledger, nowMs, horizon } = inputs;
  const [first] = [...ledger.keys()].sort();
  if (first === undefined) return [];
  const found: NewNotice[] = [];
  for (const session of calendar.range(first, calendar.lastClosedSession(nowMs))) {
    const row = ledger.get(session);
    // Up to 11:00 on the next session vendors may still be at work.
    if (nowMs < calendar.settlesAtMs(session)) continue;
    if (row === undefined || row.rows === 0) {
      if (row === undefined && horizon !== undefined && session <= horizon) continue;
      found.push(
        sessionNotice('session-missing', session, nowMs, `Session ${session} is missing`, [
          `The vendor gave no bars of ${session}, although the exchange was open by our calendar.`,
          'It is asked for again with every run. If the exchange was closed, add the date to CONDVEST_CLOSURES.',
        ]),
      );
    } else if (row.state === 'partial') {
      found.push(
        sessionNotice(
          'session-partial',
          session,
          nowMs,
          `Session ${session} is partial: ${row.rows} of ${row.expected ?? '?'} bars`,
          [
            'What came is published, and it is asked for again with every run.',
            'If two looks on different days find equally many, it settles with a warning.',
          ],
        ),
      );
    } else if (row.state === 'provisional' && nowMs >= calendar.settlesAtMs(session) + LATE_AFTER_MS) {
      found.push(
        sessionNotice('session-late', session, nowMs, `Session ${session} should have settled`, [
          'Its bars were fetched while the vendor still changed them, and not since.',
          'Run: condvest fetch --settle',
        ]),
      );
    }
  }
  return bundled(found, nowMs);
}

/** After a long outage one notice says what a hundred would. */
function bundled(found: readonly NewNotice[], nowMs: InstantMs): NewNotice[] {
  if (found.length <= SESSIONS_TOLD_MAX) return [...found];
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const of = found.filter((notice) => notice.kind === kind);
    const [first, last] = [of[0], of.at(-1)];
    if (first === undefined || last === undefined || of.length <= 1) return of;
    const title = `${of.length} sessions, ${first.session} to ${last.session}: ${kind.replace('session-', '')}`;
    return [
      {
        ...first,
        key: `${kind}:many`,
        title,
        text: `${first.text} See them with: condvest gaps`,
        session: null,
        seenMs: nowMs,
      },
    ];
  });
}

function sessionNotice(
  kind: string,
  session: IsoDate,
  nowMs: InstantMs,
  title: string,
  text: readonly string[],
): NewNotice {
  return { key: `${kind}:${session}`, kind, severity: 'warning', title, text: text.join(' '), session, seenMs: nowMs };
}

function heldConditions({ held, nowMs }: ConditionInputs): NewNotice[] {
  const keys = new Map<string, HeldEvent[]>();
  for (const event of held) {
    const key = `event-held:${event.kind}:${event.securityId}:${event.exDate}`;
    keys.set(key, [...(keys.get(key) ?? []), event]);
  }
  return [...keys].slice(0, HELD_TOLD_MAX).map(([key, [event, ...more]]) => ({
    key,
    kind: 'event-held',
    severity: 'warning' as const,
    title: `A ${event?.kind ?? 'split'} of ${event?.securityId ?? ''} on ${event?.exDate ?? ''} is held back`,
    text:
      `${event?.reason ?? ''}: ${[event, ...more].map((one) => one?.terms ?? '').join(' and ')}. None is applied. ` +
      'Import the right one with --replace.',
    session: null,
    seenMs: nowMs,
  }));
}

function events({ restated, settledShort, horizon, nowMs }: ConditionInputs): NewNotice[] {
  const notices: NewNotice[] = [];
  if (restated !== undefined && restated.values > 0) {
    notices.push({
      key: `restated:${restated.version}`,
      kind: 'restated',
      severity: 'information',
      title: `${restated.values} values changed after their sessions had settled`,
      text: 'They are in bronze.restatements with their old values; earlier versions can be read with --as-of.',
      session: null,
      seenMs: nowMs,
    });
  }
  for (const { session, rows, expected } of settledShort) {
    notices.push({
      key: `settled-short:${session}`,
      kind: 'settled-short',
      severity: 'warning',
      title: `Session ${session} settled short: ${rows} of ${expected ?? '?'} bars`,
      text: 'Two looks on different days found equally many bars, so it is taken for what there is.',
      session,
      seenMs: nowMs,
    });
  }
  if (horizon !== undefined) {
    notices.push({
      key: `plan-horizon:${horizon}`,
      kind: 'plan-horizon',
      severity: 'information',
      title: `Your plan does not reach back to ${horizon}`,
      text: 'Sessions up to that date are not counted as holes. Flat files or an import can fill them.',
      session: horizon,
      seenMs: nowMs,
    });
  }
  return notices;
}
