import { compare } from '#base/compare.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { printable, printableLines } from '#base/printable.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { HeldEvent } from '#market/corporate-actions.ts';
import type { LedgerRow } from '#market/ledger.ts';
import type { NewNotice, Notice } from '#ports/notices.ts';

import { bundled, type Concern } from './bundle.ts';

/**
 * Finds conditions that a person should know about, in the ledger, the events and the run itself. Pure. Open notices
 * are an input: one condition keeps one notice, and is resolved only when it was checked and no longer holds.
 */

export interface FailedStep {
  readonly step: string;
  readonly error: string;
  readonly cause: string;
}

/** Facts from the lake. */
export interface ConditionFacts {
  readonly calendar: Calendar;
  readonly ledger: ReadonlyMap<IsoDate, LedgerRow>;
  readonly horizon: IsoDate | undefined;
  readonly held: readonly HeldEvent[];
  /** Values that changed after their session had settled, lately, by the version of the bars that brought them. */
  readonly restated: readonly { readonly version: number; readonly values: number }[];
  readonly partialShare: number;
}

export interface ConditionInputs {
  /** Undefined where the lake could not be asked: then only the run itself is judged. */
  readonly facts: ConditionFacts | undefined;
  readonly nowMs: InstantMs;
  readonly failed: readonly FailedStep[];
  /** Steps that the run got to, whatever came of them; intervals count as one: `resample`. */
  readonly steps: ReadonlySet<string>;
  /** Sessions of this run of which too many rows were refused to store any. */
  readonly overBound: readonly { readonly session: IsoDate; readonly message: string }[];
  readonly open: readonly Notice[];
}

export interface Judgement {
  readonly holding: readonly NewNotice[];
  /** Keys of open notices whose condition is over. */
  readonly over: readonly string[];
}

/** A session whose corrections have been over for this long, and that nobody fetched again, is late. */
const LATE_AFTER_MS = 24 * 60 * 60 * 1000;
/** Older events are no longer news: they were notified, or the store that would know was lost. */
export const NEWS_MS = 7 * 24 * 60 * 60 * 1000;

/** A class of conditions, and how it is found out. */
interface ConditionKind {
  readonly kind: string;
  /** It holds until it is over. Otherwise it happened: it is told once, and never over. */
  readonly lasts: boolean;
  /** So many are told; all that are found still hold. */
  readonly toldMax?: number;
  /** This run has found out whether an open notice of the kind holds. One that was not looked at is not over. */
  readonly wasLookedAt: (inputs: ConditionInputs, notice: Notice) => boolean;
  readonly find: (inputs: ConditionInputs) => readonly NewNotice[];
}

const lakeWasRead = ({ facts }: ConditionInputs): boolean => facts !== undefined;
const inTheLake =
  (find: (facts: ConditionFacts, inputs: ConditionInputs) => readonly NewNotice[]): ConditionKind['find'] =>
  (inputs) =>
    inputs.facts === undefined ? [] : find(inputs.facts, inputs);
const ofSessions = (kind: string): ConditionKind => ({
  kind,
  lasts: true,
  wasLookedAt: lakeWasRead,
  find: inTheLake((facts, inputs) => sessionConditions(kind, facts, inputs)),
});

const KINDS: readonly ConditionKind[] = [
  {
    kind: 'run-failed',
    lasts: true,
    wasLookedAt: ({ steps }, { key }) => [...stepsOf(key)].every((step) => step === PROCESS || steps.has(step)),
    find: ({ failed, open, nowMs }) => runConditions(failed, open, nowMs),
  },
  {
    kind: 'quarantine-over-bound',
    lasts: true,
    // A run that could not even ask has found nothing out.
    wasLookedAt: ({ facts }, notice) => facts !== undefined && isFetchedSince(facts.ledger, notice),
    find: inTheLake((_, { overBound, nowMs }) =>
      overBound.map(({ session, message: text }) => {
        const title = `Too many invalid rows in session ${session}`;
        return noticeOf('quarantine-over-bound', nowMs, {
          key: `quarantine-over-bound:${session}`,
          title,
          text,
          session,
        });
      }),
    ),
  },
  ofSessions('session-missing'),
  ofSessions('session-partial'),
  ofSessions('session-late'),
  { kind: 'plan-horizon', lasts: true, wasLookedAt: lakeWasRead, find: inTheLake(horizonCondition) },
  {
    kind: 'event-held',
    lasts: true,
    toldMax: 50,
    wasLookedAt: lakeWasRead,
    find: inTheLake(({ held }, { nowMs }) => heldConditions(held, nowMs)),
  },
  { kind: 'restated', lasts: false, wasLookedAt: lakeWasRead, find: inTheLake(restatedEvents) },
  { kind: 'settled-short', lasts: false, wasLookedAt: lakeWasRead, find: inTheLake(shortEvents) },
];

/** Kinds that happened: told once, never over. */
export const EVENT_KINDS: ReadonlySet<string> = new Set(KINDS.filter(({ lasts }) => !lasts).map(({ kind }) => kind));

/**
 * Returns the conditions that hold, and the open notices that are resolved: those that were checked and not found
 * again.
 */
export function findConditions(inputs: ConditionInputs): Judgement {
  const holding: NewNotice[] = [];
  const over: string[] = [];
  for (const { kind, lasts, toldMax, wasLookedAt, find } of KINDS) {
    const found = find(inputs);
    holding.push(...found.slice(0, toldMax));
    if (!lasts) continue;
    const keys = new Set(found.map(({ key }) => key));
    const open = inputs.open.filter((notice) => notice.kind === kind && !keys.has(notice.key));
    over.push(...open.filter((notice) => wasLookedAt(inputs, notice)).map(({ key }) => key));
  }
  return { holding, over };
}

/**
 * Steps that fail belong to the notice that told of them; those that nobody was told of yet share a new one. Intervals
 * that fail count as one step: what stops one mostly stops all.
 */
function runConditions(failed: readonly FailedStep[], open: readonly Notice[], nowMs: InstantMs): NewNotice[] {
  const told = open.filter(({ kind }) => kind === 'run-failed').map(({ key }) => ({ key, steps: stepsOf(key) }));
  const byKey = new Map<string, FailedStep[]>();
  const fresh = failed.filter(({ step }) => !told.some(({ steps }) => steps.has(nameOf(step))));
  const freshKey = `run-failed:${[...new Set(fresh.map(({ step }) => nameOf(step)))].join('+')}`;
  for (const one of failed) {
    const key = told.find(({ steps }) => steps.has(nameOf(one.step)))?.key ?? freshKey;
    byKey.set(key, [...(byKey.get(key) ?? []), one]);
  }
  return [...byKey].map(([key, steps]) =>
    noticeOf('run-failed', nowMs, {
      key,
      title: `The daily run failed in ${steps.map(({ step }) => step).join(', ')}`,
      text:
        `${steps.map(({ step, cause }) => `${step}: ${cause}`).join('\n')}\n` +
        'Completed work is kept, and the next run retries the rest. To retry now: condvest pipeline run',
    }),
  );
}

/** A line of a notice may be the message of an error, which names several values. */
const LINE_CHARACTERS_MAX = 4000;

/**
 * Returns a notice of an error; `parts` may say otherwise. Its texts may quote what a vendor, a file or another program
 * wrote, so they are made printable here, before they are stored and sent.
 */
function noticeOf(
  kind: string,
  nowMs: InstantMs,
  parts: Pick<NewNotice, 'key' | 'title' | 'text'> & Partial<NewNotice>,
): NewNotice {
  const key = printable(parts.key);
  const title = printable(parts.title);
  const text = printableLines(parts.text, { charactersMax: LINE_CHARACTERS_MAX });
  return { kind, severity: 'error', session: null, seenMs: nowMs, ...parts, key, title, text };
}

function nameOf(step: string): string {
  return step.startsWith('resample ') ? 'resample' : step;
}

function stepsOf(key: string): ReadonlySet<string> {
  return new Set(key.slice('run-failed:'.length).split('+'));
}

/** In the key of the notice of runs that died: over with the first run that gets to its report. */
const PROCESS = 'process';

/**
 * Processes that died in the middle of a run, one after the other: the next run may die as well, so it is told at once.
 */
export function deathNotice(deaths: number, nowMs: InstantMs): NewNotice {
  return noticeOf('run-failed', nowMs, {
    key: `run-failed:${PROCESS}`,
    title: `The last ${deaths} runs crashed`,
    text:
      'Nothing is half-done, and the next run does the remaining work. Find out what ends the process: too little memory ' +
      '(CONDVEST_MEMORY_LIMIT), a full disk, a machine that is switched off.',
  });
}

/** A run of another kind than the daily one failed: over when one of its kind succeeds. */
export function failedRunNotice(kind: string, error: string, nowMs: InstantMs): NewNotice {
  return noticeOf('run-failed', nowMs, {
    key: `run-failed:${kind}`,
    title: kind === 'build' ? 'The lake cannot be filled' : `The ${kind} failed`,
    text: `${error}\nCompleted work is kept, and the next scheduled one retries the rest. See: condvest pipeline history`,
  });
}

/** Returns whether the session was stored after its rows were rejected. */
function isFetchedSince(ledger: ReadonlyMap<IsoDate, LedgerRow>, { session, lastSeenMs }: Notice): boolean {
  const row = session === null ? undefined : ledger.get(session);
  return row !== undefined && row.lastFetchMs >= lastSeenMs;
}

function sessionConditions(
  kind: string,
  { calendar, ledger, horizon }: ConditionFacts,
  { open, nowMs }: ConditionInputs,
): NewNotice[] {
  const [first] = [...ledger.keys()].sort();
  if (first === undefined) return [];
  const found: Concern[] = [];
  for (const session of calendar.range(first, calendar.lastClosedSession(nowMs))) {
    const row = ledger.get(session);
    // Vendors may still be correcting bars until 11:00 in the next session.
    if (nowMs < calendar.settlesAtMs(session)) continue;
    if (row === undefined || row.rows === 0) {
      if (row === undefined && horizon !== undefined && session <= horizon) continue;
      found.push({
        kind: 'session-missing',
        session,
        title: `Session ${session} is missing`,
        text:
          `The vendor has no bars for ${session}, although the exchange was open according to the calendar. ` +
          'The session is fetched again after every close. If the exchange was closed, add the date to CONDVEST_CLOSURES.',
      });
    } else if (row.state === 'partial') {
      found.push({
        kind: 'session-partial',
        session,
        title: `Session ${session} is partial: ${row.counted} of ${row.expected ?? '?'} bars`,
        text:
          'The bars that arrived are published, and the session is fetched again after every close. ' +
          'If two fetches on different days find the same number, it settles with a warning.',
      });
    } else if (row.state === 'provisional' && nowMs >= calendar.settlesAtMs(session) + LATE_AFTER_MS) {
      found.push({
        kind: 'session-late',
        session,
        title: `Session ${session} has not settled`,
        text:
          row.lastFetchMs < calendar.settlesAtMs(session)
            ? 'Its bars were last fetched while the vendor was still correcting them. Run: condvest fetch --settle'
            : 'The vendor now has fewer bars than are stored, so the stored ones are kept. The session is fetched again ' +
              'after every close; importing it from another source settles it.',
      });
    }
  }
  const ofKind = found.filter((concern) => concern.kind === kind);
  return bundled(ofKind, { open, severity: 'warning', nowMs });
}

/** Newest first: the number of notices is limited, and old events must not hide those held back tonight. */
function heldConditions(held: readonly HeldEvent[], nowMs: InstantMs): NewNotice[] {
  const keys = new Map<string, HeldEvent[]>();
  for (const event of [...held].sort((a, b) => compare(b.exDate, a.exDate))) {
    const key = `event-held:${event.kind}:${event.securityId}:${event.exDate}`;
    keys.set(key, [...(keys.get(key) ?? []), event]);
  }
  return [...keys].map(([key, [event, ...more]]) =>
    noticeOf('event-held', nowMs, {
      key,
      severity: 'warning',
      title: `A ${event?.kind ?? 'split'} of ${event?.securityId ?? ''} on ${event?.exDate ?? ''} is held back`,
      text:
        `${printable(event?.reason ?? '')}: ${printable([event, ...more].map((one) => one?.terms ?? '').join(' and '))}. None is applied. ` +
        'Import the correct one with --replace.',
    }),
  );
}

function horizonCondition({ horizon }: ConditionFacts, { nowMs }: ConditionInputs): NewNotice[] {
  if (horizon === undefined) return [];
  const key = 'plan-horizon';
  const title = `Your vendor plan does not go back to ${horizon}`;
  const text = 'Sessions up to that date do not count as gaps. Flat files or an import can fill them.';
  return [noticeOf('plan-horizon', nowMs, { key, severity: 'information', title, text, session: horizon })];
}

/** Returns recent events without a notice, even if the run behind them was killed before it could notify. */
function restatedEvents(facts: ConditionFacts, { open, nowMs }: ConditionInputs): NewNotice[] {
  const restated = facts.restated.map(({ version, values }) =>
    noticeOf('restated', nowMs, {
      key: `restated:${version}`,
      severity: 'information',
      title: `${values} values were restated after their sessions settled`,
      text: 'They are in bronze.restatements with their old values; earlier versions can be read with --as-of.',
    }),
  );
  return unknownOf(restated, open);
}

function shortEvents(facts: ConditionFacts, { open, nowMs }: ConditionInputs): NewNotice[] {
  const short: Concern[] = [];
  for (const { session, state, counted, expected, lastFetchMs } of facts.ledger.values()) {
    const isNews = state === 'settled' && nowMs - lastFetchMs < NEWS_MS;
    if (!isNews || expected === null || counted >= facts.partialShare * expected) continue;
    short.push({
      kind: 'settled-short',
      session,
      title: `Session ${session} settled short: ${counted} of ${expected} bars`,
      text: 'Two fetches on different days found the same number of bars, so the session counts as complete.',
    });
  }
  return unknownOf(bundled(short, { open, severity: 'warning', nowMs }), open);
}

function unknownOf(events: readonly NewNotice[], open: readonly Notice[]): NewNotice[] {
  const known = new Set(open.map(({ key }) => key));
  return events.filter(({ key }) => !known.has(key));
}
