import { assert } from '#base/assert.ts';

/** Numbers that no double holds: nanoseconds since 1970 are beyond 2^53, and clients parse them as 64-bit integers. */

declare global {
  interface JSON {
    /** ECMAScript's JSON.parse source text access: a text that `stringify` writes as it is. */
    rawJSON(text: string): unknown;
  }
}

/** An exact integer literal for `toJson`, without an exponent or a fraction. */
export function integer(value: bigint): unknown {
  return JSON.rawJSON(value.toString());
}

/** Milliseconds since 1970 as exact nanoseconds. */
export function nanoseconds(ms: number): unknown {
  return integer(BigInt(ms) * 1_000_000n);
}

/** The text of an answer. Undefined fields are left out; a number that is not finite is a bug of ours and throws. */
export function toJson(value: unknown): string {
  refuseInfinite(value);
  return JSON.stringify(value);
}

/** `JSON.stringify` would write null, which says that something is not known. */
function refuseInfinite(value: unknown): void {
  if (typeof value === 'number') assert(Number.isFinite(value), 'every number of an answer is finite');
  else if (typeof value === 'object' && value !== null)
    for (const one of Array.isArray(value) ? value : Object.values(value)) refuseInfinite(one);
}
