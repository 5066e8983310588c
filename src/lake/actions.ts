import { CondvestError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';

/**
 * The actions of the Delta protocol ("Actions"), in the form they have in a commit file: one JSON object per line.
 * Limited to reader version 1 and writer version 2; unknown fields and actions are ignored, as the protocol requires.
 */

export type StringMap = Readonly<Record<string, string | null>>;

export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | null;
  readonly writerFeatures?: readonly string[] | null;
}

export interface MetaData {
  /** The table's identity: a UUID that never changes. */
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: { readonly provider: string; readonly options?: StringMap | null };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string | undefined>>;
  readonly createdTime?: number | null;
}

export interface Add {
  /** Relative to the table's folder and URI-encoded. */
  readonly path: string;
  readonly partitionValues: StringMap;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON text. */
  readonly stats?: string | null | undefined;
  readonly tags?: StringMap | undefined;
}

export interface Remove {
  readonly path: string;
  readonly deletionTimestamp?: number | null | undefined;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null | undefined;
  readonly partitionValues?: StringMap | undefined;
  readonly size?: number | null | undefined;
  readonly tags?: StringMap | undefined;
}

export interface Txn {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null | undefined;
}

/** Provenance of a commit. The protocol leaves its content to the writer; any field may be missing. */
export interface CommitInfo {
  readonly timestamp?: number | undefined;
  readonly operation?: string | undefined;
  readonly operationParameters?: Readonly<Record<string, unknown>> | undefined;
  readonly operationMetrics?: Readonly<Record<string, unknown>> | undefined;
  readonly engineInfo?: string | undefined;
  /** Identifies the write that made this commit, so that a writer whose reply was lost recognizes its own. */
  readonly txnId?: string | undefined;
  /** Our own field: the units whose data this commit changed, as `SessionSet` text. */
  readonly sessions?: string | undefined;
  readonly readVersion?: number | undefined;
  readonly isBlindAppend?: boolean | undefined;
}

/** The content of one commit file, by kind of action. */
export interface CommitActions {
  readonly commitInfo?: CommitInfo | undefined;
  readonly protocol?: Protocol | undefined;
  readonly metaData?: MetaData | undefined;
  readonly txns: readonly Txn[];
  readonly adds: readonly Add[];
  readonly removes: readonly Remove[];
}

/** Prefix of `engineInfo` in our own commits. */
export const ENGINE_NAME = 'condvest';

export function isOurs(info: CommitInfo | undefined): boolean {
  return info?.engineInfo?.startsWith(ENGINE_NAME) === true && typeof info.timestamp === 'number';
}

/**
 * Parses a commit file. `file` names it in errors, which are `corrupt`: a commit is whole or absent, never repaired.
 */
export function parseCommit(bytes: Uint8Array, file: string): CommitActions {
  let commitInfo: CommitInfo | undefined;
  let protocol: Protocol | undefined;
  let metaData: MetaData | undefined;
  const txns: Txn[] = [];
  const adds: Add[] = [];
  const removes: Remove[] = [];
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const where = `${file}, line ${index + 1}`;
    const action = parseLine(line, where);
    if (isRecord(action.add)) adds.push(toAdd(action.add, where));
    else if (isRecord(action.remove)) removes.push(toRemove(action.remove, where));
    else if (isRecord(action.txn)) txns.push(toTxn(action.txn, where));
    else if (isRecord(action.commitInfo)) commitInfo = toCommitInfo(action.commitInfo);
    else if (isRecord(action.metaData)) metaData = toMetaData(action.metaData, where);
    else if (isRecord(action.protocol)) protocol = toProtocol(action.protocol, where);
  }
  return { commitInfo, protocol, metaData, txns, adds, removes };
}

/**
 * Returns the bytes of a commit file. `commitInfo` comes first, so that readers that only need time and operation find
 * it quickly.
 */
export function serializeCommit(actions: CommitActions): Uint8Array {
  const lines: string[] = [];
  if (actions.commitInfo !== undefined) lines.push(JSON.stringify({ commitInfo: actions.commitInfo }));
  if (actions.protocol !== undefined) lines.push(JSON.stringify({ protocol: actions.protocol }));
  if (actions.metaData !== undefined) lines.push(JSON.stringify({ metaData: actions.metaData }));
  for (const txn of actions.txns) lines.push(JSON.stringify({ txn }));
  for (const remove of actions.removes) lines.push(JSON.stringify({ remove }));
  for (const add of actions.adds) lines.push(JSON.stringify({ add }));
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}

/** Returns the path of a file action, decoded and relative to the table. Rejects files outside the table's folder. */
export function decodePath(path: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('/')) {
    throw new CondvestError({
      code: 'lake-file-outside',
      kind: 'permanent',
      message: 'The table refers to a file outside its own folder (a shallow clone?), which Condvest does not read',
      found: path,
    });
  }
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    // Some writers leave a bare "%" unencoded; then the name is taken literally.
    return path;
  }
}

/** The inverse of `decodePath`, for paths that we write. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll('%3D', '=');
}

export type WireRecord = Readonly<Record<string, unknown>>;

function toAdd(wire: WireRecord, where: string): Add {
  return {
    path: textOf(wire, 'path', where),
    partitionValues: mapOf(wire.partitionValues) ?? {},
    size: numberOf(wire, 'size', where),
    modificationTime: numberOf(wire, 'modificationTime', where),
    dataChange: wire.dataChange !== false,
    stats: optionalText(wire.stats),
    tags: mapOf(wire.tags),
  };
}

function toRemove(wire: WireRecord, where: string): Remove {
  return {
    path: textOf(wire, 'path', where),
    deletionTimestamp: optionalNumber(wire.deletionTimestamp),
    dataChange: wire.dataChange !== false,
    extendedFileMetadata: typeof wire.extendedFileMetadata === 'boolean' ? wire.extendedFileMetadata : undefined,
    partitionValues: mapOf(wire.partitionValues),
    size: optionalNumber(wire.size),
    tags: mapOf(wire.tags),
  };
}

function toTxn(wire: WireRecord, where: string): Txn {
  return {
    appId: textOf(wire, 'appId', where),
    version: numberOf(wire, 'version', where),
    lastUpdated: optionalNumber(wire.lastUpdated),
  };
}

/** Preserves unknown fields: a metaData action is written again as a whole when a column is added. */
function toMetaData(wire: WireRecord, where: string): MetaData {
  const format = isRecord(wire.format) ? wire.format : {};
  const columns = Array.isArray(wire.partitionColumns) ? wire.partitionColumns : [];
  const configuration: Record<string, string> = {};
  for (const [key, value] of Object.entries(mapOf(wire.configuration) ?? {})) {
    if (value !== null) configuration[key] = value;
  }
  return {
    ...wire,
    id: textOf(wire, 'id', where),
    format: {
      ...format,
      provider: optionalText(format.provider) ?? 'parquet',
      options: mapOf(format.options) ?? {},
    },
    schemaString: textOf(wire, 'schemaString', where),
    partitionColumns: columns.map(String),
    configuration,
  };
}

function toProtocol(wire: WireRecord, where: string): Protocol {
  return {
    ...wire,
    minReaderVersion: numberOf(wire, 'minReaderVersion', where),
    minWriterVersion: numberOf(wire, 'minWriterVersion', where),
    readerFeatures: textsOf(wire.readerFeatures),
    writerFeatures: textsOf(wire.writerFeatures),
  };
}

function toCommitInfo(wire: WireRecord): CommitInfo {
  return {
    timestamp: optionalNumber(wire.timestamp),
    operation: optionalText(wire.operation),
    operationParameters: isRecord(wire.operationParameters) ? wire.operationParameters : undefined,
    operationMetrics: isRecord(wire.operationMetrics) ? wire.operationMetrics : undefined,
    engineInfo: optionalText(wire.engineInfo),
    txnId: optionalText(wire.txnId),
    sessions: optionalText(wire.sessions),
    readVersion: optionalNumber(wire.readVersion),
    isBlindAppend: typeof wire.isBlindAppend === 'boolean' ? wire.isBlindAppend : undefined,
  };
}

function parseLine(line: string, where: string): WireRecord {
  let action: unknown;
  try {
    action = JSON.parse(line);
  } catch (cause) {
    throw corrupt('a line that is not JSON', where, cause);
  }
  if (!isRecord(action)) throw corrupt('a line that is not an action', where);
  return action;
}

function corrupt(what: string, where: string, cause?: unknown): CondvestError {
  return new CondvestError({
    code: 'lake-log-corrupt',
    kind: 'corrupt',
    message: `The table's log holds ${what}`,
    found: where,
    action: 'Restore this file from a backup; Condvest never repairs a log by guessing',
    cause,
  });
}

function textOf(wire: WireRecord, field: string, where: string): string {
  const value = wire[field];
  if (typeof value === 'string') return value;
  throw corrupt(`an action without its field "${field}"`, where);
}

function numberOf(wire: WireRecord, field: string, where: string): number {
  const value = optionalNumber(wire[field]);
  if (value !== undefined) return value;
  throw corrupt(`an action without its field "${field}"`, where);
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function mapOf(value: unknown): StringMap | undefined {
  return isRecord(value) ? (value as StringMap) : undefined;
}
