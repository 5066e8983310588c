import { plural } from '#base/plural.ts';
import type { FetchBarsStepReport, FetchReferenceStepReport } from '#batch/pipeline/steps.ts';

/** One-line summaries of steps, for people. */

/** Describes the fetch step, including everything out of order, so that a successful run hides nothing. */
export function describeFetched({ sessions, inserted, replaced, quarantined, overBound }: FetchBarsStepReport): string {
  const number = (of: (one: FetchBarsStepReport['sessions'][number]) => boolean): number => sessions.filter(of).length;
  const others: readonly [number, string][] = [
    [replaced, 'replaced'],
    [quarantined, 'rejected'],
    [number(({ state, rows }) => state === 'partial' && rows > 0), 'partial'],
    [number(({ outcome }) => outcome === 'empty'), 'without bars'],
    [number(({ outcome }) => outcome === 'not-yet'), 'not available yet'],
    [number(({ outcome }) => outcome === 'beyond-plan'), 'beyond the plan'],
    [number(({ settledShort }) => settledShort), 'settled short'],
    [overBound.length, 'REJECTED as a whole'],
  ];
  return [
    `${plural(sessions.length, 'session')}: ${plural(inserted, 'new bar')}`,
    ...others.flatMap(([count, what]) => (count > 0 ? [`${count.toLocaleString('en-US')} ${what}`] : [])),
  ].join(', ');
}

const NAMES_SHOWN = 3;

export function describeReference(report: FetchReferenceStepReport): string {
  const { listed, delisted, renamed, reused, splits, dividends, held, refused } = report;
  const { withdrawn, withdrawnCount, unconfirmed, unconfirmedCount } = report;
  const named = (names: readonly string[], count: number): string =>
    `${names.slice(0, NAMES_SHOWN).join(', ')}${count > NAMES_SHOWN ? ' …' : ''}`;
  return [
    `${listed.toLocaleString('en-US')} listed`,
    `${delisted.toLocaleString('en-US')} delisted`,
    ...(renamed.length > 0 ? [`renamed ${named(renamed, renamed.length)}`] : []),
    ...(reused.length > 0 ? [`reused ${named(reused, reused.length)}`] : []),
    plural(splits, 'split'),
    plural(dividends, 'dividend'),
    ...(held > 0 ? [`${held} held back`] : []),
    ...(refused > 0 ? [`${plural(refused, 'event')} rejected`] : []),
    ...(withdrawnCount > 0
      ? [`${plural(withdrawnCount, 'event')} withdrawn: ${named(withdrawn, withdrawnCount)}`]
      : []),
    ...(unconfirmedCount > 0 ? [`${unconfirmedCount} unconfirmed: ${named(unconfirmed, unconfirmedCount)}`] : []),
  ].join(', ');
}
