import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DIVIDENDS, SPLITS } from '#lake/tables.ts';
import type { OperationParameters, WritePlan } from '#lake/write-plan.ts';
import { SHORT_LIST_SHARE } from '#market/listing-changes.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import { replaceAll } from '../tables/small-table.ts';
import {
  acceptedEventsSql,
  countsByReasonSql,
  dividendTermsSql,
  duplicateEventsSql,
  foreignDividendsSql,
  splitTermsSql,
} from './events.sql.ts';
import {
  type ImportJob,
  originOf,
  type PreparedImport,
  preparedImport,
  type ReasonCount,
  validateCounts,
} from './job.ts';
import { dividendReasonSql, splitReasonSql } from './quality.sql.ts';
import type { ConflictExample } from './report.ts';
import type { ImportDeps } from './request.ts';
import { stageReadings } from './stage.ts';
import {
  keyOutcomesSql,
  knownAndListedSql,
  mergedValueSetsSql,
  type ValueSetInputs,
  type WholeList,
  withdrawnSql,
} from './value-sets.sql.ts';

/** Rules that turn rows of a file into rows of a table of corporate actions. */
export interface EventDataset {
  readonly dataset: 'splits' | 'dividends';
  readonly definition: TableDefinition;
  readonly key: readonly string[];
  readonly values: readonly string[];
  /** Columns that describe a value and decide nothing. One that is null is filled in when it becomes known. */
  readonly details: readonly string[];
  /** SQL of the reason for rejecting a typed row. */
  readonly reason: string;
  readonly normalize: (rows: string) => string;
  /** SQL of the rows that `normalize` leaves out, for amounts in another currency. */
  readonly foreign?: (rows: string) => string;
}

export const SPLITS_IMPORT: EventDataset = {
  dataset: 'splits',
  definition: SPLITS,
  key: ['symbol', 'ex_date'],
  values: ['split_from', 'split_to'],
  details: [],
  reason: splitReasonSql(),
  normalize: splitTermsSql,
};

export const DIVIDENDS_IMPORT: EventDataset = {
  dataset: 'dividends',
  definition: DIVIDENDS,
  key: ['symbol', 'ex_date', 'kind'],
  values: ['cash_amount'],
  details: ['declaration_date', 'record_date', 'pay_date', 'frequency'],
  reason: dividendReasonSql(),
  normalize: dividendTermsSql,
  foreign: foreignDividendsSql,
};

const EXAMPLES_MAX = 20;

/** Reads and validates splits or dividends. The result writes them. */
export async function prepareEvents(deps: ImportDeps, job: ImportJob, of: EventDataset): Promise<PreparedImport> {
  const { lake } = deps;
  await using scratch = new AsyncDisposableStack();
  const staged = scratch.use(await stageReadings(lake, job.readings));
  const { path } = scratch.use(await lake.scratchFile());
  job.onStep('checking');
  const rows = of.normalize(staged.rows);
  const columns = [...of.key, ...of.values];
  const foreign = await foreignRows(lake, of, staged.rows);
  const counts = [
    ...(await lake.records<ReasonCount>(countsByReasonSql(rows, of.reason))),
    // They are right and of no use: neither stored nor quarantined.
    ...foreign.map(({ fileIndex }) => ({ fileIndex, reason: null, rows: 1 })),
  ];
  const validated = await validateCounts(lake, job, counts, of.reason, of.normalize);
  const [distinct] = await lake.rows<{ collapsed: number }>(duplicateEventsSql(rows, of.reason, columns));
  await lake.run(copyScratchSql(acceptedEventsSql(rows, of.reason, of), path));
  const prepared = preparedImport(lake, job, validated, scratch, async () => {
    const put = await putValueSets(deps, { ...job, origin: originOf(job) }, of, readScratchSql([path]));
    return {
      ...put.counts,
      conflictExamples: put.conflicts,
      duplicates: distinct?.collapsed ?? 0,
      warnings: {
        ...(put.held === 0 ? {} : { 'different-values': put.held }),
        ...(foreign.length === 0 ? {} : { 'other-currency': foreign.length }),
      },
      warningExamples: foreign.slice(0, EXAMPLES_MAX).map(({ symbol, exDate, cashAmount, currency }) => ({
        kind: 'other-currency',
        symbol,
        date: exDate,
        detail: `${cashAmount} ${currency.slice(0, 10)}, which is not applied to prices in dollars`,
      })),
      ...(put.version === undefined ? {} : { version: put.version }),
    };
  });
  return of.dataset === 'splits' ? { ...prepared, splits: readScratchSql([path]) } : prepared;
}

interface ForeignRow {
  readonly fileIndex: number;
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly cashAmount: number;
  readonly currency: string;
}

async function foreignRows(lake: Lake, of: EventDataset, staged: string): Promise<readonly ForeignRow[]> {
  return of.foreign === undefined ? [] : lake.records<ForeignRow>(of.foreign(staged));
}

interface KeyOutcome {
  readonly outcome: 'inserted' | 'unchanged' | 'replaced' | 'conflict';
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly incoming: string;
  readonly incomingCount: number;
  readonly stored: string | null;
  readonly storedSource: string | null;
}

export interface PutValueSets {
  readonly counts: Readonly<Record<'inserted' | 'unchanged' | 'replaced' | 'conflicts', number>>;
  readonly conflicts: readonly ConflictExample[];
  /** Keys with more than one value, none of which is applied. */
  readonly held: number;
  /** Keys that the source has announced and withdrawn. */
  readonly withdrawn: readonly { readonly symbol: string; readonly exDate: IsoDate }[];
  readonly version: number | undefined;
}

/** Merges value sets into their table, which is rewritten as one file if anything changes. */
export async function putValueSets(
  deps: Pick<ImportDeps, 'lake' | 'rules'>,
  job: Pick<ImportJob, 'source' | 'seenAtMs' | 'replace' | 'dryRun'> & { readonly origin: OperationParameters },
  of: EventDataset,
  incoming: string,
  listed?: WholeList,
): Promise<PutValueSets> {
  const { lake, rules } = deps;
  const table = lake.table(of.definition);
  let outcomes: readonly KeyOutcome[] = [];
  let withdrawn: PutValueSets['withdrawn'] = [];
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    const stated: ValueSetInputs = {
      incoming,
      stored: await lake.table(of.definition).rowsSql(base),
      key: of.key,
      values: of.values,
      details: of.details,
      source: job.source,
      seenAtMs: job.seenAtMs,
      ranks: rules.sourceRanks,
      replace: job.replace,
    };
    const inputs = { ...stated, listed: await plausibleList(lake, stated, listed) };
    outcomes = await lake.records<KeyOutcome>(keyOutcomesSql(inputs));
    withdrawn = await lake.records(withdrawnSql(inputs));
    const changes =
      withdrawn.length + outcomes.filter(({ outcome }) => outcome === 'inserted' || outcome === 'replaced').length;
    if (changes === 0 || job.dryRun) return undefined;
    const file = await lake.table(of.definition).writeDataFile({ select: mergedValueSetsSql(inputs) });
    return replaceAll(base, file, { keys: changes }, job.origin);
  };
  let version: number | undefined;
  if (job.dryRun) await plan(await table.head());
  else version = (await table.write(plan))?.version;

  const counts = { inserted: 0, unchanged: 0, replaced: 0, conflicts: 0 };
  for (const { outcome, incomingCount: rows } of outcomes)
    counts[outcome === 'conflict' ? 'conflicts' : outcome] += rows;
  const conflicts = outcomes.filter(({ outcome }) => outcome === 'conflict').slice(0, EXAMPLES_MAX);
  return {
    counts,
    conflicts: conflicts.map(({ exDate: date, symbol, storedSource, stored, incoming: given }) => ({
      symbol,
      date,
      storedSource,
      stored: stored ?? '',
      incoming: given,
    })),
    held: outcomes.filter(({ incomingCount: rows }) => rows > 1).length,
    withdrawn,
    version,
  };
}

/** Up to this many missing events count as withdrawn, whatever their share of the known ones. */
const MISSING_FEW = 5;

/** Returns the list, unless it is far shorter than the known events: such a list withdraws nothing. */
async function plausibleList(
  lake: Lake,
  inputs: ValueSetInputs,
  listed: WholeList | undefined,
): Promise<WholeList | undefined> {
  if (listed === undefined) return undefined;
  const [counted] = await lake.rows<{ known: number; listed: number }>(knownAndListedSql(inputs, listed));
  const { known, listed: found } = defined(counted, 'a count has a row');
  return known - found <= Math.max(MISSING_FEW, (1 - SHORT_LIST_SHARE) * known) ? listed : undefined;
}
