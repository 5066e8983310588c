import { CondvestError } from '#base/errors.ts';

import type { MetaData, Protocol } from './actions.ts';
import { hasInvariants } from './delta-schema.ts';
import { LAYOUT_VERSION } from './schema.ts';

/** Supported protocol versions (protocol, "Protocol Evolution"), and the configuration of tables that we create. */

export const PROTOCOL: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

/** Days for which a version stays readable: the guarantee behind `as_of`, unless a vacuum is run with less. */
const RETENTION_DAYS_DEFAULT = 400;
const CHECKPOINT_INTERVAL_DEFAULT = 100;

const LAYOUT_KEY = 'condvest.layout';
const LOG_RETENTION_KEY = 'delta.logRetentionDuration';
const FILE_RETENTION_KEY = 'delta.deletedFileRetentionDuration';
const CHECKPOINT_INTERVAL_KEY = 'delta.checkpointInterval';

/** Retention is stored in the table itself, so that vacuum by other programs keeps our guarantee. */
export const CONFIGURATION: Readonly<Record<string, string>> = {
  [CHECKPOINT_INTERVAL_KEY]: String(CHECKPOINT_INTERVAL_DEFAULT),
  [FILE_RETENTION_KEY]: `interval ${RETENTION_DAYS_DEFAULT} days`,
  [LOG_RETENTION_KEY]: `interval ${RETENTION_DAYS_DEFAULT} days`,
  [LAYOUT_KEY]: String(LAYOUT_VERSION),
};

/** Table features that require nothing of a reader, and of a writer only what `checkWritable` checks. */
const WRITER_FEATURES: ReadonlySet<string> = new Set(['appendOnly', 'invariants']);

export function checkReadable(protocol: Protocol, metaData: MetaData, table: string): void {
  const features = protocol.readerFeatures ?? [];
  const readable = protocol.minReaderVersion === 1 || (protocol.minReaderVersion === 3 && features.length === 0);
  if (!readable) {
    throw new CondvestError({
      code: 'lake-protocol-too-new',
      kind: 'permanent',
      message: `Table ${table} uses a newer Delta protocol than this Condvest reads`,
      found: `reader version ${protocol.minReaderVersion}${listed(features)}`,
      allowed: 'reader version 1',
      action: 'Use a newer Condvest, or the program that upgraded the table',
    });
  }
  const layout = metaData.configuration[LAYOUT_KEY];
  if (layout !== undefined && !(Number(layout) <= LAYOUT_VERSION)) {
    throw new CondvestError({
      code: 'lake-layout-too-new',
      kind: 'permanent',
      message: `Table ${table} was written by a newer Condvest`,
      found: `${LAYOUT_KEY} = ${layout}`,
      allowed: `at most ${LAYOUT_VERSION}`,
      action: 'Update Condvest',
    });
  }
}

export function checkWritable(protocol: Protocol, metaData: MetaData, table: string): void {
  const unknown = (protocol.writerFeatures ?? []).filter((feature) => !WRITER_FEATURES.has(feature));
  const known = protocol.minWriterVersion <= 2 || (protocol.minWriterVersion === 7 && unknown.length === 0);
  if (!known) {
    throw new CondvestError({
      code: 'lake-protocol-too-new',
      kind: 'permanent',
      message: `Table ${table} uses a newer Delta protocol than this Condvest writes; it can still be read`,
      found: `writer version ${protocol.minWriterVersion}${listed(unknown)}`,
      allowed: 'writer version 2',
      action: 'Use a newer Condvest, or rebuild the table in a new folder',
    });
  }
  if (hasInvariants(metaData.schemaString, table)) {
    throw new CondvestError({
      code: 'lake-invariants-unsupported',
      kind: 'permanent',
      message: `Another program added column invariants to table ${table}. Condvest does not check them, so it must not write`,
      action: 'Drop the invariants',
    });
  }
}

/** Returns whether the table is append-only. */
export function isAppendOnly(metaData: MetaData): boolean {
  return metaData.configuration['delta.appendOnly']?.toLowerCase() === 'true';
}

/** Returns how long the table promises to retain files that it no longer uses. */
export function fileRetentionMs(metaData: MetaData): number {
  return parseInterval(metaData.configuration[FILE_RETENTION_KEY]) ?? days(7);
}

/** Returns how long the table promises to retain its log. */
export function logRetentionMs(metaData: MetaData): number {
  return parseInterval(metaData.configuration[LOG_RETENTION_KEY]) ?? days(30);
}

/** Returns the number of commits between log checkpoints. */
export function checkpointInterval(metaData: MetaData): number {
  const interval = Number(metaData.configuration[CHECKPOINT_INTERVAL_KEY] ?? CHECKPOINT_INTERVAL_DEFAULT);
  return Number.isInteger(interval) && interval > 0 ? interval : CHECKPOINT_INTERVAL_DEFAULT;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

/** Parses `interval 400 days`, in the units that Delta allows. Undefined if it is not an interval. */
function parseInterval(text: string | undefined): number | undefined {
  const match = /^\s*(?:interval\s+)?(\d+)\s+([a-z]+?)s?\s*$/i.exec(text ?? '');
  if (match === null) return undefined;
  const unitMs = UNIT_MS[(match[2] ?? '').toLowerCase()];
  return unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

function days(n: number): number {
  return n * 86_400_000;
}

function listed(features: readonly string[]): string {
  return features.length === 0 ? '' : `, features ${features.join(', ')}`;
}
