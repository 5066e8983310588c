import { isRecord } from '#base/is-record.ts';
import type { ColumnType } from '#lake/schema.ts';
import { encodeCsv } from '../export/csv.ts';
import { type Field, type Row, streamRows } from '../export/table-stream.ts';
import { toJson } from './json.ts';
import { optional } from './parameters.ts';
import type { RequestHead } from './request-head.ts';

/** Responses that can also be had as a table: CSV for spreadsheets and data frames, Arrow for the latter. */

const TABLE_FORMATS = ['json', 'csv', 'arrow'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

export const TABLE_CONTENT_TYPES: Readonly<Record<TableFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  arrow: 'application/vnd.apache.arrow.stream',
};

export const formatParameter = optional(
  (text): TableFormat | undefined => TABLE_FORMATS.find((format) => format === text.toLowerCase()),
  TABLE_FORMATS.join(', '),
  undefined,
).openapi({
  type: 'string',
  enum: [...TABLE_FORMATS],
  description: 'Default: what `Accept` prefers, else `json`. `csv` and `arrow` have the rows alone',
});

/** Returns fields from their types by name. */
export function fieldsOf(types: Readonly<Record<string, ColumnType>>): Field[] {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}

/** A format, and how a body becomes a table in it. */
export interface Rendering<Body = never> {
  readonly format: TableFormat;
  readonly fields: (body: Body) => readonly Field[];
  readonly rows: (body: Body) => readonly object[];
}

/** Returns the rendering of a body that has its rows in one list, or no list where there are none. */
export function tableOf<Name extends string>(
  request: RequestHead,
  given: TableFormat | undefined,
  fields: readonly Field[],
  name: Name,
): Rendering<{ readonly [K in Name]?: readonly object[] | undefined }> {
  return { format: formatOf(request, given), fields: () => fields, rows: (body) => body[name] ?? [] };
}

/** Returns the format that a request asks for: by the parameter, else by the header. */
export function formatOf(request: RequestHead, given: TableFormat | undefined): TableFormat {
  return given ?? acceptedFormat(request.header('accept'));
}

/** Returns the first of the formats with the greatest weight (RFC 9110, 12.5.1); JSON if none is named. */
export function acceptedFormat(accept: string | undefined): TableFormat {
  if (accept === undefined || !/csv|arrow/i.test(accept)) return 'json';
  let best: { readonly format: TableFormat; readonly weight: number } = { format: 'json', weight: 0 };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const format = TYPES[type];
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    if (format !== undefined && weight > best.weight) best = { format, weight };
  }
  return best.format;
}

const TYPES: Readonly<Record<string, TableFormat>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'text/csv': 'csv',
  'text/*': 'csv',
  'application/vnd.apache.arrow.stream': 'arrow',
};

interface Rendered {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A `Link` header: a table has no place for the address of another page. */
  readonly link: string | undefined;
}

/** Writes a body in a format. */
export async function render<Body>(body: Body, rendering: Rendering<Body> | undefined): Promise<Rendered> {
  const format = rendering?.format ?? 'json';
  const contentType = TABLE_CONTENT_TYPES[format];
  if (rendering === undefined || format === 'json')
    return { contentType, bytes: new TextEncoder().encode(toJson(body)), link: undefined };
  // A field that a row lacks is null.
  const table = streamRows(rendering.fields(body), rendering.rows(body) as readonly Row[]);
  const parts: Uint8Array[] = [];
  for await (const part of await encoderOf(format, table)) parts.push(part);
  return { contentType, bytes: new Uint8Array(Buffer.concat(parts)), link: linkOf(body) };
}

async function encoderOf(format: 'csv' | 'arrow', table: ReturnType<typeof streamRows>) {
  if (format === 'csv') return encodeCsv(table);
  const { encodeArrow } = await import('../export/arrow.ts');
  return encodeArrow(table);
}

function linkOf(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined;
  const links = [
    ['next_url', 'next'],
    ['previous_url', 'prev'],
  ] as const;
  const found = links.flatMap(([name, relation]) =>
    typeof body[name] === 'string' ? [`<${body[name]}>; rel="${relation}"`] : [],
  );
  return found.length === 0 ? undefined : found.join(', ');
}
