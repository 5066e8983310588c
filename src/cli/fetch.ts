import { plural } from '#base/plural.ts';
import { type FetchReport, type FetchRequest, fetchTask } from '#runtime/tasks/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { errorReport } from './error-report.ts';
import { dateOption, flagOption } from './options.ts';
import { formatCount, formatDuration } from './render/text.ts';
import { report } from './report.ts';
import { stepProgress } from './step-progress.ts';
import { withWriter } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  return fetchAndReport(invocation, {
    from: dateOption(invocation, 'from'),
    to: dateOption(invocation, 'to'),
    settleOnly: flagOption(invocation, 'settle'),
    again: flagOption(invocation, 'again'),
  });
}

/** Fetches with progress and time left, and reports the result. Shared by `fetch`, `backfill` and `repair`. */
export async function fetchAndReport(invocation: Invocation, request: FetchRequest): Promise<ExitCode> {
  const { terminal, signal } = invocation;
  const fetched = await withWriter(invocation, async (app) => {
    using progress = stepProgress(terminal);
    return await fetchTask(app, {
      ...request,
      signal,
      onReference: () => progress.update('fetching', 0, 1, 'listings, splits and dividends'),
      onProgress: ({ done, total, session, leftMs }) =>
        progress.update('fetching', done, total, `${session}, ${formatDuration(leftMs)} left`),
    });
  });
  await report(terminal, fetchJson(fetched), () => describeFetch(fetched));
  const failed = fetched.bars.sessions.filter(({ error }) => error !== undefined);
  for (const { session, error } of failed.slice(0, FAILURES_SHOWN))
    terminal.note(`condvest: session ${session}: ${error?.message ?? ''}`);
  if (fetched.referenceError !== undefined)
    terminal.note(`condvest: listings, splits and dividends: ${fetched.referenceError.message}`);
  if (failed.length > 0 || fetched.referenceError !== undefined) return 1;
  const isWhole =
    leftUndone(fetched) === 0 &&
    fetched.bars.sessions.every(
      ({ state, outcome }) => outcome === 'beyond-plan' || (state ?? 'partial') !== 'partial',
    );
  return isWhole ? 0 : 3;
}

/** Counts planned sessions that were not reached, except those beyond the vendor's plan. */
function leftUndone({ planned, bars }: FetchReport): number {
  const { horizon } = bars;
  const wanted = horizon === undefined ? planned : planned.filter(({ session }) => session > horizon);
  const done = new Set(bars.sessions.map(({ session }) => session));
  return wanted.filter(({ session }) => !done.has(session)).length;
}

const FAILURES_SHOWN = 3;
const SESSIONS_SHOWN = 10;
const NAMES_SHOWN = 10;

/** Describes a fetch, line by line. */
export function describeFetch(fetched: FetchReport): string[] {
  const { bars, planned, reference, source } = fetched;
  const lines: string[] = [];
  if (planned.length === 0) lines.push(`Nothing to fetch: the lake has every session that ${source} has by now.`);
  const shown = bars.sessions.filter(({ outcome }) => outcome !== 'beyond-plan');
  for (const one of shown.slice(-SESSIONS_SHOWN)) {
    const state = one.outcome === 'fetched' ? (one.state ?? '') : one.outcome;
    const counts = [
      `${formatCount(one.rows)} bars`,
      ...(one.expected === null ? [] : [`${formatCount(one.counted)} of ${formatCount(one.expected)} expected`]),
      ...(one.inserted > 0 ? [`${formatCount(one.inserted)} new`] : []),
      ...(one.replaced > 0 ? [`${formatCount(one.replaced)} replaced`] : []),
      ...(one.quarantined > 0 ? [`${formatCount(one.quarantined)} rejected`] : []),
    ];
    const detail = one.detail === undefined || one.error !== undefined ? '' : ` (${one.detail})`;
    lines.push(`${one.session}  ${state.padEnd(11)} ${counts.join(', ')}${detail}`);
  }
  if (shown.length > SESSIONS_SHOWN) lines.unshift(`… and ${plural(shown.length - SESSIONS_SHOWN, 'earlier session')}`);
  const rows = bars.inserted + bars.replaced;
  if (planned.length > 0)
    lines.push(`${plural(shown.length, 'session')} from ${source}: ${plural(rows, 'bar')} written`);
  if (bars.horizon !== undefined) {
    const refused = bars.sessions.find(({ session }) => session === bars.horizon);
    lines.push(
      `Your plan at ${source} has no history up to ${bars.horizon}: older sessions are not requested and are not gaps` +
        (refused?.detail === undefined ? '' : ` (${refused.detail})`),
    );
  }
  const left = leftUndone(fetched);
  if (left > 0) lines.push(`${plural(left, 'session')} not fetched yet; run the command again to continue`);
  if (reference?.asked === true) {
    const { listings, splits, dividends } = reference;
    const changes = [
      plural(reference.symbols, 'symbol'),
      ...(listings.listed.length > 0 ? [`${listings.listed.length} new`] : []),
      ...(listings.delisted.length > 0 ? [`${listings.delisted.length} delisted`] : []),
      ...(listings.renamed.length > 0 ? [`renamed ${listings.renamed.slice(0, 5).join(', ')}`] : []),
      ...(listings.reused.length > 0 ? [`reused ${listings.reused.slice(0, 5).join(', ')}`] : []),
      ...(splits.added > 0 ? [plural(splits.added, 'split')] : []),
      ...(dividends.added > 0 ? [plural(dividends.added, 'dividend')] : []),
      ...(splits.held > 0 ? [`${plural(splits.held, 'split')} held back: two values`] : []),
      ...(dividends.held > 0 ? [`${plural(dividends.held, 'dividend')} held back: two values`] : []),
      ...(splits.refused + dividends.refused > 0
        ? [`${plural(splits.refused + dividends.refused, 'event')} rejected`]
        : []),
    ];
    lines.push(`Listings: ${changes.join(', ')}`);
    const withdrawn = [...splits.withdrawn, ...dividends.withdrawn];
    if (withdrawn.length > 0) lines.push(`Withdrawn by ${source} and no longer applied: ${shortList(withdrawn)}`);
    if (listings.unconfirmed.length > 0)
      lines.push(`Listed neither as active nor as delisted, and left unchanged: ${shortList(listings.unconfirmed)}`);
  }
  return lines;
}

function shortList(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function fetchJson(fetched: FetchReport): object {
  const sessions = fetched.bars.sessions.map(({ error, ...one }) => ({
    ...one,
    ...(error === undefined ? {} : { error: errorReport(error) }),
  }));
  const referenceError = fetched.referenceError === undefined ? null : errorReport(fetched.referenceError);
  return { ...fetched, bars: { ...fetched.bars, sessions }, referenceError };
}
