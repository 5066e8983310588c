import { encodeArrow } from '#serving/export/arrow.ts';
import { encodeCsv } from '#serving/export/csv.ts';
import { encodeJson, encodeNdjson } from '#serving/export/json.ts';
import { parquetOf } from '#serving/export/parquet.ts';
import type { TableStream } from '#serving/export/table-stream.ts';
import { barsTable } from '#serving/read/bars-table.ts';
import type { BarsResult } from '#serving/read/served-bars.ts';
import type { AppContext } from '../app.ts';

export type { TableStream } from '#serving/export/table-stream.ts';
export type { BarsResult, WindowPart } from '#serving/read/served-bars.ts';

export type StreamFormat = 'csv' | 'json' | 'ndjson' | 'parquet' | 'arrow';

/** Encodes rows in a file format. The caller pulls one chunk at a time. */
export function encode(app: AppContext, table: TableStream, format: StreamFormat): AsyncIterable<Uint8Array | string> {
  switch (format) {
    case 'csv':
      return encodeCsv(table);
    case 'json':
      return encodeJson(table);
    case 'ndjson':
      return encodeNdjson(table);
    case 'arrow':
      return encodeArrow(table);
    case 'parquet':
      return parquetOf(app.lake, app.files, table);
  }
}

/** Encodes bars in a file format. */
export function encodeBars(
  app: AppContext,
  result: BarsResult,
  format: StreamFormat,
): AsyncIterable<Uint8Array | string> {
  return encode(app, barsTable(result), format);
}
