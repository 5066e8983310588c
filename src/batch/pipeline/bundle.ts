import type { InstantMs, IsoDate } from '#base/dates.ts';
import { plural } from '#base/plural.ts';
import type { NewNotice, Notice, Severity } from '#ports/notices.ts';

/** Something to tell about one session. */
export interface Concern {
  readonly kind: string;
  readonly session: IsoDate;
  readonly title: string;
  readonly text: string;
}

/** Sessions told one by one; after a long outage one notice says what a hundred would. */
const SESSIONS_TOLD_MAX = 5;

/**
 * Notices of sessions. A session that an open notice speaks of, by itself or inside a range, stays with that notice, so that
 * nothing is told twice or called over while it holds. The others get one each, or one for all where they are many.
 */
export function bundled(
  concerns: readonly Concern[],
  {
    open,
    severity,
    nowMs,
  }: { readonly open: readonly Notice[]; readonly severity: Severity; readonly nowMs: InstantMs },
): NewNotice[] {
  const notices: NewNotice[] = [];
  for (const kind of new Set(concerns.map((concern) => concern.kind))) {
    const of = concerns.filter((concern) => concern.kind === kind);
    // The narrowest first: one that was told of a session alone goes on beside a later one of sessions before and after it.
    const ranges = open.flatMap(({ key }) => rangeOf(kind, key)).sort((a, b) => daysOf(a) - daysOf(b));
    const keyOf = ({ session }: Concern): string | undefined =>
      ranges.find(({ first, last }) => first <= session && session <= last)?.key;
    const fresh = of.filter((concern) => keyOf(concern) === undefined);
    const freshKey = fresh.length > SESSIONS_TOLD_MAX ? keyOfRange(kind, fresh) : undefined;
    const byKey = new Map<string, Concern[]>();
    for (const concern of of) {
      const key = keyOf(concern) ?? freshKey ?? `${kind}:${concern.session}`;
      byKey.set(key, [...(byKey.get(key) ?? []), concern]);
    }
    for (const [key, covered] of byKey) notices.push(noticeOf(key, covered, severity, nowMs));
  }
  return notices;
}

function noticeOf(key: string, covered: readonly Concern[], severity: Severity, nowMs: InstantMs): NewNotice {
  const [one, ...more] = covered;
  const last = more.at(-1);
  if (one === undefined) throw new Error('a notice is about a session');
  const { kind, session, text } = one;
  if (last === undefined && !key.includes('..')) {
    return { key, kind, severity, title: one.title, text, session, seenMs: nowMs };
  }
  const range = last === undefined ? session : `${session} to ${last.session}`;
  const title = `${plural(covered.length, 'session')}, ${range}: ${kind.replace('session-', '')}`;
  return { key, kind, severity, title, text: `${text} See them with: condvest gaps`, session: null, seenMs: nowMs };
}

function keyOfRange(kind: string, concerns: readonly Concern[]): string {
  return `${kind}:${concerns[0]?.session ?? ''}..${concerns.at(-1)?.session ?? ''}`;
}

interface Range {
  readonly key: string;
  readonly first: string;
  readonly last: string;
}

function daysOf({ first, last }: Range): number {
  return Date.parse(last) - Date.parse(first);
}

function rangeOf(kind: string, key: string): Range[] {
  if (!key.startsWith(`${kind}:`)) return [];
  const [first = '', last = first] = key.slice(kind.length + 1).split('..');
  return [{ key, first, last }];
}
