import { z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { BRONZE_TABLES, silverBars } from '#lake/tables.ts';
import { encodeCsv } from '../export/csv.ts';
import { encodeNdjson } from '../export/json.ts';
import type { TableStream } from '../export/table-stream.ts';
import { cachingOf, etagOf, notModified } from '../http/answer.ts';
import { asOfParameter, choice, list, optionalDate } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { acceptsGzip, matches } from '../http/sending.ts';
import { requesterOf, type Serving, type ServingApp, viewAt } from '../http/serving.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../http/sql-runner.ts';
import { streamed } from '../http/streamed.ts';
import { type ByteSource, begun, byteStream, gzipped } from './byte-stream.ts';
import { type PreparedExport, prepareExport, streamExport, type TableExport, writeParquet } from './export-table.ts';

const SYMBOLS_MAX = 500;
const COLUMNS_MAX = 50;

export const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
};

const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  csv: 'csv',
  ndjson: 'ndjson',
  parquet: 'parquet',
  arrow: 'arrows',
};

/** Text is compressed on request; the binary formats are compressed inside, or read where they lie. */
export function isText(format: ExportFormat): boolean {
  return format === 'csv' || format === 'ndjson';
}

export function attachment(name: string, format: ExportFormat): string {
  return `attachment; filename="${name}.${ENDINGS[format]}"`;
}

export function addExportRoutes(app: ServingApp, serving: Serving): void {
  addRoute(app, 'condvest', {
    path: '/condvest/v1/export/{tier}/{table}',
    summary: 'A table as a file: CSV, NDJSON, Parquet or Arrow',
    description:
      'Streamed in bounded memory. Select rows by symbol and by date: those whose session, ex-date or window overlaps the ' +
      'range. All rows are from one version, that of `as_of` or the newest. A failure midway breaks the connection.',
    params: z.object({
      tier: z.string().openapi({ enum: ['bronze', 'silver'], example: 'bronze' }),
      table: z.string().openapi({ example: 'daily_bars' }),
    }),
    query: z.object({
      format: choice(EXPORT_FORMATS, 'csv'),
      columns: list(COLUMNS_MAX).openapi({ description: 'Names separated by commas; default: all' }),
      symbol: list(SYMBOLS_MAX).openapi({ description: `Symbols separated by commas, at most ${SYMBOLS_MAX}` }),
      from: optionalDate,
      to: optionalDate,
      as_of: asOfParameter,
    }),
    answer: Object.values(CONTENT_TYPES),
    handle: async (c, { params: { tier, table }, query }) => {
      const { format, columns, symbol: symbols, from, to, as_of: asOfMs } = query;
      const definition = findDefinition(serving, `${tier}/${table}`);
      const view = await viewAt(c, serving, asOfMs);
      const snapshot = view.snapshot(definition);
      if (snapshot === undefined) throw absent(definition);
      const caching = cachingOf(c, serving, { view, uses: [definition.name] });
      const { headers } = caching;
      headers.etag = etagOf(serving, caching);
      if (matches(c.req.header('if-none-match'), headers.etag)) return notModified(headers);
      const request = { definition, snapshot, columns, symbols, from, to };
      const isCompressed = isText(format) && acceptsGzip(c.req.header('accept-encoding'));
      Object.assign(headers, {
        'content-type': CONTENT_TYPES[format],
        'content-disposition': attachment(`${table}-v${snapshot.version}`, format),
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      });
      if (c.req.method === 'HEAD') {
        await serving.reads.pass(() => prepareExport(serving.lake, request, serving.limits.exportRows), requesterOf(c));
        return new Response(null, { headers });
      }
      const body = await byteStream(serving, { signal: c.req.raw.signal, caller: c.get('caller').name }, (signal) =>
        openExport(serving, request, { format, isCompressed, signal }),
      );
      return streamed(c, body, headers);
    },
  });
}

async function openExport(
  serving: Pick<Serving, 'files' | 'lake' | 'limits'>,
  request: TableExport,
  how: { readonly format: ExportFormat; readonly isCompressed: boolean; readonly signal: AbortSignal },
): Promise<ByteSource> {
  const { lake, limits } = serving;
  const { format, isCompressed, signal } = how;
  const prepared = await prepareExport(lake, request, limits.exportRows);
  if (format === 'parquet') return openParquet(serving, prepared, signal);
  const { session, close } = await interruptibleSession(lake, signal);
  try {
    const table = await begun(await streamExport(session, prepared));
    const chunks = await encodeRows(table, format);
    return { chunks: isCompressed ? gzipped(chunks) : chunks, close };
  } catch (cause) {
    close();
    throw cause;
  }
}

/** A session whose statement ends when the signal is aborted. */
async function interruptibleSession(lake: Lake, signal: AbortSignal) {
  const session = await lake.session();
  const interrupt = (): void => session.interrupt();
  signal.addEventListener('abort', interrupt);
  const close = (): void => {
    signal.removeEventListener('abort', interrupt);
    session.close();
  };
  return { session, close };
}

async function encodeRows(
  table: TableStream,
  format: Exclude<ExportFormat, 'parquet'>,
): Promise<AsyncGenerator<Uint8Array>> {
  switch (format) {
    case 'csv':
      return encodeCsv(table);
    case 'ndjson':
      return encodeNdjson(table);
    case 'arrow': {
      // The server's largest package: loaded by the first export that needs it.
      const { encodeArrow } = await import('../export/arrow.ts');
      return encodeArrow(table);
    }
  }
}

/** The file is written whole before the first byte is sent, so that it has an error of its own where it cannot be. */
async function openParquet(
  serving: Pick<Serving, 'files' | 'lake'>,
  prepared: PreparedExport,
  signal: AbortSignal,
): Promise<ByteSource> {
  const scratch = await serving.lake.scratchFile();
  const { session, close } = await interruptibleSession(serving.lake, signal);
  try {
    await writeParquet(session, prepared, scratch.path);
  } catch (cause) {
    await scratch[Symbol.asyncDispose]();
    throw cause;
  } finally {
    close();
  }
  return { chunks: serving.files.stream(scratch.path), close: () => scratch[Symbol.asyncDispose]() };
}

function findDefinition(serving: Pick<Serving, 'intervals'>, name: string): TableDefinition {
  const all = [...BRONZE_TABLES, ...serving.intervals.map(silverBars)];
  const found = all.find((definition) => definition.name === name);
  if (found !== undefined) return found;
  throw new UsageError({
    code: 'table-unknown',
    message: 'No such table',
    found: name.slice(0, 100),
    allowed: all.map((definition) => definition.name).join(', '),
  });
}

function absent(definition: TableDefinition): UsageError {
  return new UsageError({
    code: 'table-absent',
    message: 'Nothing has been written to this table yet',
    found: definition.name,
    action: 'List the tables with GET /condvest/v1/tables',
  });
}
