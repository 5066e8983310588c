import { z } from '@hono/zod-openapi';
import { count, dateValue, instantMs } from './values.ts';

/** `GET /condvest/v1/tables`: what there is to export and to ask in SQL. */

export const tablesShape = z
  .object({
    results: z.array(
      z.object({
        table: z.string().openapi({ example: 'bronze/daily_bars' }),
        comment: z.string(),
        version: count,
        changed_ms: instantMs,
        rows: count,
        files: count,
        bytes: count,
        first: dateValue.nullable(),
        last: dateValue.nullable(),
        columns: z.array(z.object({ name: z.string(), type: z.string(), comment: z.string() })),
      }),
    ),
  })
  .openapi('Tables');

export const sqlBody = z
  .object({
    statement: z
      .string('an SQL statement')
      .min(1, 'an SQL statement')
      .openapi({ description: 'One SELECT', example: 'SELECT count(*) AS bars FROM bronze.daily_bars' }),
    format: z
      .enum(['csv', 'ndjson', 'parquet', 'arrow'], 'csv, ndjson, parquet, arrow')
      .optional()
      .openapi({ description: 'Default: ndjson' }),
    as_of: z
      .union([z.string(), z.int()], 'a date, an instant as 2024-01-02T15:00:00Z, or epoch milliseconds')
      .optional()
      .openapi({ description: 'Every table as of this instant' }),
  })
  .openapi('SqlRequest');

export type TablesAnswer = z.infer<typeof tablesShape>;
