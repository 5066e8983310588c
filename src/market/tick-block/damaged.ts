import { CondvestError } from '#base/errors.ts';

/** Returns the error of a block that is not as it was written. Wrong rows would be worse than none. */
export function damaged(reason: string): CondvestError {
  return new CondvestError({
    code: 'tick-block-corrupt',
    kind: 'corrupt',
    message: 'A block of ticks is damaged',
    found: reason,
    action: 'Its minute must be fetched again',
  });
}
