import { constants, gunzipSync } from 'node:zlib';

import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { LocalFiles } from '#ports/local-files.ts';

import { describeParquetSql, parquetElementsSql } from './source-file.sql.ts';

/** Format and columns of a file to import, known before any of its rows is read. */
export interface SourceFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly format: 'parquet' | 'text';
  readonly gzip: boolean;
  /** Column separator, in text only. */
  readonly delimiter: string;
  /** Names of the columns as written in the file. */
  readonly header: readonly string[];
  /** Names of the columns in DuckDB, which renames those that differ in case only. */
  readonly readNames: readonly string[];
  /** DuckDB types of the columns; all VARCHAR in text. */
  readonly types: readonly string[];
}

/** The header must be within the first bytes of a file. */
const HEAD_BYTES = 1 << 16;
const DELIMITERS: readonly string[] = [',', '\t', ';', '|'];
const PARQUET_MAGIC = 'PAR1';
/** Smallest Parquet file: magic, footer length, magic. */
const PARQUET_BYTES_MIN = 12;

/**
 * Inspects a file by its content, not by its name.
 * @throws UsageError `import-file-missing`, `-is-folder`, `-empty`, `-truncated`, `-format`.
 */
export async function inspectSource(
  deps: { readonly lake: Lake; readonly files: LocalFiles },
  path: string,
): Promise<SourceFile> {
  const sizeBytes = await sizeOf(deps.files, path);
  const head = await deps.files.read(path, 0, HEAD_BYTES);
  if (startsWith(head, PARQUET_MAGIC)) return inspectParquet(deps, path, sizeBytes);
  if (/\.(parquet|pq)$/i.test(path)) {
    throw new UsageError({
      code: 'import-file-format',
      message: 'The file is named as Parquet but is not',
      found: `${path} starts with ${JSON.stringify(latin1(head.subarray(0, 12)))}`,
      allowed: `a Parquet file starts with ${PARQUET_MAGIC}`,
      action: 'If it is CSV, rename it to .csv',
    });
  }
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  const header = parseHeader(gzip ? gunzipHead(head, path) : head, path);
  return {
    path,
    sizeBytes,
    format: 'text',
    gzip,
    delimiter: header.delimiter,
    header: header.names,
    readNames: header.names.map((_, index) => `c${index}`),
    types: header.names.map(() => 'VARCHAR'),
  };
}

async function sizeOf(files: LocalFiles, path: string): Promise<number> {
  const info = await files.inspect(path);
  if (info === undefined) {
    throw new UsageError({ code: 'import-file-missing', message: 'No such file', found: path });
  }
  if (info.kind !== 'file') {
    throw new UsageError({
      code: 'import-file-is-folder',
      message: info.kind === 'folder' ? 'The path is a folder' : 'The path is not a regular file',
      found: path,
      allowed: 'Parquet, CSV or CSV.gz files',
      action: 'Name the files in it, for example FOLDER/*.csv.gz',
    });
  }
  if (info.sizeBytes === 0) {
    throw new UsageError({ code: 'import-file-empty', message: 'The file is empty', found: path });
  }
  return info.sizeBytes;
}

async function inspectParquet(
  deps: { readonly lake: Lake; readonly files: LocalFiles },
  path: string,
  sizeBytes: number,
): Promise<SourceFile> {
  const tail = await deps.files.read(path, Math.max(0, sizeBytes - 4), 4);
  if (sizeBytes < PARQUET_BYTES_MIN || !startsWith(tail, PARQUET_MAGIC)) {
    throw new UsageError({
      code: 'import-file-truncated',
      message: 'The Parquet file is truncated: its footer is missing',
      found: `${path}, ${sizeBytes} bytes`,
      action: 'Download or write it again',
    });
  }
  const { columns, elements } = await readFooter(deps.lake, path);
  return {
    path,
    sizeBytes,
    format: 'parquet',
    gzip: false,
    delimiter: '',
    header: topLevelNames(elements),
    readNames: columns.map((column) => column.column_name),
    types: columns.map((column) => column.column_type),
  };
}

async function readFooter(lake: Lake, path: string) {
  try {
    const columns = await lake.rows<{ column_name: string; column_type: string }>(describeParquetSql(path));
    const elements = await lake.rows<{ name: string; num_children: number | null }>(parquetElementsSql(path));
    return { columns, elements };
  } catch (cause) {
    throw new UsageError({
      code: 'import-file-unreadable',
      message: 'The Parquet file is damaged',
      found: `${path} (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)})`,
      action: 'Download or write it again',
      cause,
    });
  }
}

/** Returns the names below the root of a Parquet schema, which lists its tree depth first. */
function topLevelNames(elements: readonly { name: string; num_children: number | null }[]): string[] {
  const names: string[] = [];
  let inside = 0;
  for (const element of elements.slice(1)) {
    if (inside === 0) names.push(element.name);
    else inside -= 1;
    inside += element.num_children ?? 0;
  }
  return names;
}

function gunzipHead(head: Uint8Array, path: string): Uint8Array {
  try {
    // The head is truncated on purpose: decompress what it holds.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw new UsageError({
      code: 'import-file-format',
      message: 'The gzip file cannot be read',
      found: path,
      cause,
    });
  }
}

interface Header {
  readonly delimiter: string;
  readonly names: readonly string[];
}

function parseHeader(head: Uint8Array, path: string): Header {
  if (head.includes(0)) throw notText(path, head);
  let text: string;
  try {
    // The head may end inside a character, so the decoder streams and is never flushed.
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    throw notText(path, head);
  }
  const [line] = text.split(/\r\n|\n|\r/);
  if (line === undefined || line.trim() === '') {
    throw new UsageError({
      code: 'import-file-empty',
      message: 'The first line of the file is not a header',
      found: path,
      allowed: 'a first line with column names',
    });
  }
  const delimiter = DELIMITERS.toSorted((a, b) => splitLine(line, b).length - splitLine(line, a).length)[0] ?? ',';
  return { delimiter, names: splitLine(line, delimiter) };
}

function notText(path: string, head: Uint8Array): UsageError {
  return new UsageError({
    code: 'import-file-format',
    message: 'The file is neither Parquet nor UTF-8 text',
    found: `${path} starts with ${JSON.stringify(latin1(head.subarray(0, 12)))}`,
    allowed: 'Parquet, CSV, CSV.gz',
  });
}

/** Splits a CSV line. Values in double quotes may contain the delimiter, and doubled quotes. */
function splitLine(line: string, delimiter: string): string[] {
  const values: string[] = [];
  let value = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const char = line.charAt(index);
    if (quoted && char === '"' && line.charAt(index + 1) === '"') {
      value += '"';
      index += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) {
      values.push(value);
      value = '';
    } else value += char;
  }
  return [...values, value];
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return latin1(bytes.subarray(0, text.length)) === text;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
