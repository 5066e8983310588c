/** A broken belief about our own code. Never caught to continue: the process that meets one stops. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`assertion failed: ${message}`);
    this.name = 'AssertionError';
  }
}

/** States a belief that only a bug can break. For input and the outside world throw a `CondvestError` instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value, which by our own reasoning cannot be missing here. */
export function defined<T>(value: T | null | undefined, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
