import { z } from '@hono/zod-openapi';

/** Values that many of our shapes have. */

/** A calendar date, a session of the New York exchanges more often than not. */
export const dateValue = z.string().openapi({ format: 'date', example: '2026-11-23' });

/** Epoch milliseconds. */
export const instantMs = z.number().openapi({ description: 'Epoch milliseconds', example: 1_795_449_900_000 });

export const count = z.int();

export const finalityValue = z
  .enum(['partial', 'provisional', 'settled'])
  .openapi({ description: 'State of a session in the ledger' });

/** A change of a stored value. */
export const changedValue = {
  kind: z.string(),
  field: z.string(),
  old: z.number().nullable(),
  new: z.number().nullable(),
  seen_at_ms: instantMs.nullable(),
};
