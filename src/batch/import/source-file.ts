import { constants, gunzipSync } from 'node:zlib';

import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { LocalFiles } from '#ports/local-files.ts';

import { emptyFile } from './file-problems.ts';
import { inspectJson } from './json-source.ts';
import { describeParquetSql, parquetElementsSql } from './source-file.sql.ts';

/** Format and columns of a file to import, known before any of its rows is read. */
export interface SourceFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly format: 'parquet' | 'text' | 'json';
  readonly gzip: boolean;
  /** Column separator, in text only. */
  readonly delimiter: string;
  /** Names of the columns as written in the file. */
  readonly header: readonly string[];
  /** Names of the columns in DuckDB, which renames those that differ in case only. */
  readonly readNames: readonly string[];
  /** DuckDB types of the columns; all VARCHAR in text and JSON. */
  readonly types: readonly string[];
  /** The first rows of text, as text; undefined where they are queried. */
  readonly sample?: readonly (readonly string[])[] | undefined;
  /** JSON only: the field that holds the records; undefined if the file is an array or lines of records. */
  readonly recordsIn?: string | undefined;
  /** JSON only: values beside the records, such as `ticker` and `adjusted`. */
  readonly envelope?: Readonly<Record<string, unknown>> | undefined;
}

/** The header must be within the first bytes of a file. */
const HEAD_BYTES = 1 << 16;
const DELIMITERS: readonly string[] = [',', '\t', ';', '|'];
const PARQUET_MAGIC = 'PAR1';
/** Smallest Parquet file: magic, footer length, magic. */
const PARQUET_BYTES_MIN = 12;

/**
 * Inspects a file by its content, not by its name.
 * @throws UsageError `import-file-missing`, `-is-folder`, `-empty`, `-truncated`, `-format`, `-header-missing`.
 */
export async function inspectSource(
  deps: { readonly lake: Lake; readonly files: LocalFiles },
  path: string,
): Promise<SourceFile> {
  const sizeBytes = await sizeOf(deps.files, path);
  const bytes = await deps.files.read(path, 0, HEAD_BYTES);
  if (startsWith(bytes, PARQUET_MAGIC)) return inspectParquet(deps, path, sizeBytes);
  if (/\.(parquet|pq)$/i.test(path)) {
    throw new UsageError({
      code: 'import-file-format',
      message: 'The file is named as Parquet but is not',
      found: `${path} starts with ${JSON.stringify(latin1(bytes.subarray(0, 12)))}`,
      allowed: `a Parquet file starts with ${PARQUET_MAGIC}`,
      action: 'If it is CSV, rename it to .csv',
    });
  }
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const head = decodeHead(gzip ? gunzipHead(bytes, path) : bytes, path);
  const basics = { path, sizeBytes, gzip };
  if (/^\s*[[{]/.test(head)) return { ...basics, ...(await inspectJson(deps.lake, path)) };
  const isWhole = !gzip && sizeBytes <= HEAD_BYTES;
  const { delimiter, names, sample } = parseHead(head, path, isWhole);
  return {
    ...basics,
    format: 'text',
    delimiter,
    header: names,
    readNames: names.map((_, index) => `c${index}`),
    types: names.map(() => 'VARCHAR'),
    sample,
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

interface Head {
  readonly delimiter: string;
  readonly names: readonly string[];
  readonly sample: readonly (readonly string[])[];
}

function decodeHead(head: Uint8Array, path: string): string {
  if (head.includes(0)) throw notText(path, head);
  try {
    // The head may end inside a character, so the decoder streams and is never flushed.
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    throw notText(path, head);
  }
}

function parseHead(head: string, path: string, isWhole: boolean): Head {
  const lines = head.split(/\r\n|\n|\r/);
  const [line] = lines;
  if (line === undefined || line.trim() === '') {
    throw new UsageError({
      code: 'import-file-empty',
      message: 'The first line of the file is not a header',
      found: path,
      allowed: 'a first line with column names',
    });
  }
  const delimiter = DELIMITERS.toSorted((a, b) => splitLine(line, b).length - splitLine(line, a).length)[0] ?? ',';
  const names = splitLine(line, delimiter);
  // The last line of a cut head is incomplete.
  const rows = lines.slice(1, isWhole ? undefined : -1).filter((row) => row.trim() !== '');
  const sample = rows.slice(0, SAMPLE_ROWS).map((row) => splitLine(row, delimiter));
  checkHeader(names, sample, path);
  if (isWhole && rows.length === 0) throw emptyFile(path);
  return { delimiter, names, sample };
}

/** Rows at the start of a file that show how its values are written. */
export const SAMPLE_ROWS = 1000;

function checkHeader(names: readonly string[], sample: readonly (readonly string[])[], path: string): void {
  const [first, ...rest] = names.map((name) => name.trim());
  if (first === 'Price' && sample[0]?.[0]?.trim() === 'Ticker') {
    throw new UsageError({
      code: 'import-header-levels',
      message: `${path} has several header lines, as yfinance writes them, and its prices are adjusted for dividends`,
      action:
        'Download each symbol with yf.Ticker(SYMBOL).history(auto_adjust=False), and import with --symbol and --adjusted split',
    });
  }
  const isDatum = (text: string): boolean => /^[-$]?\d[\d,./: T-]*$/.test(text);
  if (first === undefined || rest.length < 4 || !rest.every(isDatum)) return;
  throw new UsageError({
    code: 'import-header-missing',
    message: `${path} has no header: its first line is data`,
    found: names.join(', ').slice(0, 120),
    allowed: 'a first line with column names such as symbol,date,open,high,low,close,volume',
    action: 'Add that line',
  });
}

function notText(path: string, head: Uint8Array): UsageError {
  return new UsageError({
    code: 'import-file-format',
    message: 'The file is neither Parquet nor UTF-8 text',
    found: `${path} starts with ${JSON.stringify(latin1(head.subarray(0, 12)))}`,
    allowed: 'Parquet, CSV or JSON, also compressed with gzip',
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
