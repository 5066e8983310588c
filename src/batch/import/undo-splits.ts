import { defined } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import { addDays, type IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { Lake, ScratchFile } from '#lake/lake.ts';
import { SPLITS } from '#lake/tables.ts';
import { type AppliedSplit, resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type PriceStep, splitShows } from '#market/quality.ts';
import { type Listing, Listings } from '#market/security.ts';

import { currentListings } from '../tables/listings-table.ts';
import { copyScratchSql } from '../tables/scratch.sql.ts';
import { FileProblems } from './file-problems.ts';
import type { ImportJob } from './job.ts';
import type { ImportDeps } from './request.ts';
import { barsAroundSql, spansOfSymbolsSql, undoSplitsSql } from './survey.sql.ts';

/**
 * Prices of a file that are adjusted for splits are turned back into traded ones, which is exact where all splits are known.
 * Whether they are adjusted is what the user states; the prices around the known splits must agree.
 */

/** The splits of the lake and of the same import, by security. */
export interface KnownSplits {
  readonly rows: readonly Listing[];
  readonly listings: Listings;
  readonly bySecurity: ReadonlyMap<string, readonly AppliedSplit[]>;
  /** Ex-date of the first split of any security. */
  readonly first: IsoDate | undefined;
}

export async function knownSplits(lake: Lake, pending: string | undefined): Promise<KnownSplits> {
  const rows = await currentListings(lake);
  const listings = new Listings(rows);
  const stored = await lake.table(SPLITS).records<SplitFact>(await lake.table(SPLITS).head());
  const incoming =
    pending === undefined ? [] : await lake.records<SplitFact>(`SELECT *, NULL::VARCHAR AS source FROM (${pending})`);
  const facts = [...stored, ...incoming];
  return {
    rows,
    listings,
    bySecurity: resolveSplits(listings, facts).applied,
    first: facts.map(({ exDate }) => exDate).sort(compare)[0],
  };
}

/** Known splits of which the prices of a file show a jump, or none. */
interface SplitCount {
  readonly yes: number;
  readonly no: number;
  readonly example: string;
}

/**
 * Compares the prices around known splits with what is stated about their adjustment. Of 265 splits beside traded prices
 * of S&P 500 companies, 2 do not show, since the split itself is wrong. So a single hidden split tells of adjusted prices,
 * unless those of other files in the import show.
 * @throws FileProblems `import-adjusted`, `import-contradiction`.
 */
export async function checkAdjustment(
  { lake }: ImportDeps,
  job: ImportJob,
  staged: string,
  known: KnownSplits,
): Promise<void> {
  const problems = new FileProblems();
  const shown = new Map<number, SplitCount>();
  for (const step of await stepsAroundSplits(lake, staged, known)) {
    const splits = known.bySecurity.get(known.listings.resolve(step.symbol, step.session)) ?? [];
    const shows = splitShows(step, splits);
    if (shows === undefined) continue;
    const { symbol, session, closeBefore, close } = step;
    const example = `${symbol} closed at ${closeBefore} before its split, and at ${close} on ${session}`;
    const file = shown.get(step.fileIndex) ?? { yes: 0, no: 0, example };
    shown.set(step.fileIndex, { ...file, ...(shows ? { yes: file.yes + 1 } : { no: file.no + 1 }) });
  }
  const ofAll = { yes: 0, no: 0 };
  for (const { yes, no } of shown.values()) {
    ofAll.yes += yes;
    ofAll.no += no;
  }
  for (const [index, { yes, no, example }] of shown) {
    const { file } = defined(job.readings[index], 'steps are of files of the job');
    const isHidden = no > yes && (no > 1 || ofAll.no > ofAll.yes);
    if (job.adjusted === undefined && isHidden) {
      problems.add(
        file.path,
        new UsageError({
          code: 'import-adjusted',
          message: `Prices of ${file.path} are adjusted for splits, and bars are stored as traded`,
          found: `${no} of ${plural(no + yes, 'known split')} ${no === 1 ? 'does' : 'do'} not show: ${example}`,
          action: 'Add --adjusted split, which undoes the splits, or --adjusted none if the prices are as traded',
        }),
      );
    } else if (job.adjusted === 'split' && yes > no) {
      problems.add(
        file.path,
        new UsageError({
          code: 'import-contradiction',
          message: `Prices of ${file.path} are stated as adjusted for splits, but are as traded`,
          found: `${yes} of ${no + yes} known splits show: ${example}`,
          action: 'Import it without --adjusted split',
        }),
      );
    }
  }
  problems.throwIfAny();
}

async function stepsAroundSplits(
  lake: Lake,
  staged: string,
  { bySecurity }: KnownSplits,
): Promise<(PriceStep & { readonly fileIndex: number })[]> {
  const splits = [...bySecurity.values()].flat();
  if (splits.length === 0) return [];
  using session = await lake.session();
  const columns = SPLITS.columns.filter(({ name }) => name === 'symbol' || name === 'ex_date');
  await session.load(
    'known_splits',
    columns,
    splits.map(({ symbol, exDate }) => [symbol, exDate]),
  );
  return await session.records(barsAroundSql(staged, 'known_splits', 'file_index, '));
}

interface SymbolSpan {
  readonly fileIndex: number;
  readonly symbol: string;
  readonly first: IsoDate;
  readonly last: IsoDate;
}

/**
 * Returns SQL of staged rows with splits undone, and the scratch file that it reads.
 * @throws FileProblems `import-splits-unknown` for files from before the known splits, and `import-adjusted-through` where
 * splits between the last row and today make it uncertain what the prices are adjusted for.
 */
export async function undoSplits(
  { lake, calendar, clock }: ImportDeps,
  job: ImportJob,
  staged: string,
  known: KnownSplits,
): Promise<{ readonly rows: string; readonly scratch: ScratchFile }> {
  const problems = new FileProblems();
  const lastClosed = calendar.lastClosedSession(clock.nowMs());
  const spans = await lake.records<SymbolSpan>(spansOfSymbolsSql(staged));
  const knownFrom = job.splitsFrom ?? known.first;
  const factors: [number, string, string, string, number][] = [];
  for (const span of spans) {
    const { path } = defined(job.readings[span.fileIndex], 'spans are of files of the job').file;
    if (knownFrom === undefined || span.first < knownFrom) {
      problems.add(path, splitsUnknown(path, span, knownFrom));
      continue;
    }
    const { symbol } = span;
    const through = job.adjustedThrough ?? span.last;
    const later = splitsOf(known, symbol, span.last).find(({ exDate }) => span.last < exDate && exDate <= lastClosed);
    if (job.adjustedThrough === undefined && later !== undefined) {
      problems.add(path, throughUnknown(path, span, later.exDate));
      continue;
    }
    for (const [first, last] of segments(known, span)) {
      const factor = splitsOf(known, symbol, first)
        .filter(({ exDate }) => first < exDate && exDate <= through)
        .reduce((product, { splitFrom, splitTo }) => product * (splitTo / splitFrom), 1);
      if (factor !== 1) factors.push([span.fileIndex, symbol, first, last, factor]);
    }
  }
  problems.throwIfAny();
  const scratch = await lake.scratchFile();
  using session = await lake.session();
  await session.load('split_factors', FACTOR_COLUMNS, factors);
  await session.run(copyScratchSql('SELECT * FROM split_factors', scratch.path));
  return { rows: undoSplitsSql(staged, scratch.path), scratch };
}

const FACTOR_COLUMNS = [
  { name: 'file_index', type: 'integer' },
  { name: 'symbol', type: 'string' },
  { name: 'first_session', type: 'date' },
  { name: 'last_session', type: 'date' },
  { name: 'factor', type: 'double' },
] as const;

function splitsOf({ listings, bySecurity }: KnownSplits, symbol: string, session: IsoDate): readonly AppliedSplit[] {
  return bySecurity.get(listings.resolve(symbol, session)) ?? [];
}

/** Cuts the span of a symbol wherever it may change its security, or its share count. */
function segments(known: KnownSplits, { symbol, first, last }: SymbolSpan): [IsoDate, IsoDate][] {
  const listed = known.rows.filter((row) => row.symbol === symbol);
  const changes = listed.flatMap(({ firstSession, lastSession }) => [
    firstSession,
    ...(lastSession === null ? [] : [addDays(lastSession, 1)]),
  ]);
  const exDates = [first, ...changes].flatMap((day) => splitsOf(known, symbol, day).map(({ exDate }) => exDate));
  const inside = [...changes, ...exDates].filter((day) => first < day && day <= last);
  const starts = [...new Set([first, ...inside])].sort(compare);
  return starts.map((start, index) => {
    const next = starts[index + 1];
    return [start, next === undefined ? last : addDays(next, -1)];
  });
}

function splitsUnknown(path: string, { first }: SymbolSpan, knownFrom: IsoDate | undefined): UsageError {
  return new UsageError({
    code: 'import-splits-unknown',
    message: `Adjusted prices of ${path} cannot be turned into traded ones without all splits since its first row`,
    found: `rows from ${first}; ${knownFrom === undefined ? 'no splits' : `splits from ${knownFrom}`}`,
    action:
      'Fetch or import the splits first. If the stored ones are complete from an earlier day on, add --splits-from DATE',
  });
}

function throughUnknown(path: string, { symbol, last }: SymbolSpan, exDate: IsoDate): UsageError {
  return new UsageError({
    code: 'import-adjusted-through',
    message: `${symbol} had a split on ${exDate}, after the last row of ${path}, which may or may not be adjusted for it`,
    found: `last row ${last}`,
    action: 'Add --adjusted-through DATE: the day on which the file was downloaded',
  });
}
