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
  return JSON.stringify(value);
}
