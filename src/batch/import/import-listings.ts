import { recordValues } from '#lake/records.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { ListingRow } from '#market/listing-changes.ts';
import { checkOverlaps } from '../tables/listings-table.ts';
import { replaceAll, stageRows } from '../tables/small-table.ts';
import { acceptedEventsSql, countsByReasonSql, duplicateEventsSql } from './events.sql.ts';
import {
  type ImportJob,
  originOf,
  type PreparedImport,
  preparedImport,
  type ReasonCount,
  validateCounts,
} from './job.ts';
import { type IncomingListing, type ListingsMerge, mergeListings } from './merge-listings.ts';
import { listingReasonSql } from './quality.sql.ts';
import type { ImportDeps } from './request.ts';
import { stageReadings } from './stage.ts';

const COLUMNS = ['security_id', 'symbol', 'first_session', 'last_session', 'name', 'type', 'exchange', 'figi'];
const EXAMPLES_MAX = 20;

/** Reads and validates listings. The result writes them. */
export async function prepareListings(deps: ImportDeps, job: ImportJob): Promise<PreparedImport> {
  const { lake } = deps;
  await using scratch = new AsyncDisposableStack();
  const staged = scratch.use(await stageReadings(lake, job.readings));
  job.onStep('checking');
  const reason = listingReasonSql();
  const counts = await lake.records<ReasonCount>(countsByReasonSql(staged.rows, reason));
  const validated = await validateCounts(lake, job, counts, reason);
  const [distinct] = await lake.rows<{ collapsed: number }>(duplicateEventsSql(staged.rows, reason, COLUMNS));
  const incoming = await lake.records<IncomingListing>(
    acceptedEventsSql(staged.rows, reason, { key: COLUMNS, values: [], details: [] }),
  );
  return preparedImport(lake, job, validated, scratch, async () => {
    const { merge, version } = await putListings(deps, job, incoming);
    return {
      inserted: merge.inserted,
      replaced: merge.replaced,
      unchanged: merge.unchanged,
      conflicts: merge.conflicts.length,
      conflictExamples: merge.conflicts.slice(0, EXAMPLES_MAX).map(({ stored, incoming: given }) => ({
        symbol: stored.symbol,
        date: stored.firstSession,
        storedSource: stored.source,
        stored: JSON.stringify(stored),
        incoming: JSON.stringify(given),
      })),
      duplicates: distinct?.collapsed ?? 0,
      warnings: {},
      warningExamples: [],
      ...(version === undefined ? {} : { version }),
    };
  });
}

async function putListings(
  deps: ImportDeps,
  job: ImportJob,
  incoming: readonly IncomingListing[],
): Promise<{ merge: ListingsMerge; version: number | undefined }> {
  const { lake, rules } = deps;
  const table = lake.table(LISTINGS);
  let merge: ListingsMerge = { rows: [], inserted: 0, replaced: 0, unchanged: 0, conflicts: [] };
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    const stored = await table.records<ListingRow>(base);
    const { source, seenAtMs, replace } = job;
    merge = mergeListings(stored, incoming, { source, seenAtMs, replace, ranks: rules.sourceRanks });
    checkOverlaps(merge.rows);
    if (merge.inserted + merge.replaced === 0 || job.dryRun) return undefined;
    const file = await stageRows(
      lake,
      LISTINGS,
      merge.rows.map((row) => recordValues(LISTINGS, row)),
    );
    return replaceAll(base, file, { inserted: merge.inserted, replaced: merge.replaced }, originOf(job));
  };
  if (job.dryRun) {
    await plan(await table.head());
    return { merge, version: undefined };
  }
  return { version: (await table.write(plan))?.version, merge };
}
