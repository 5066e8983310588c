/** A violated assumption about our own code. Never caught to continue: the process stops. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`assertion failed: ${message}`);
    this.name = 'AssertionError';
  }
}

/**
 * Asserts an assumption that only a bug can violate. For input and the outside world, throw a `CondvestError` instead.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns the value, which cannot be missing here unless there is a bug. */
export function defined<T>(value: T | null | undefined, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
