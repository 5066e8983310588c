import type { CondvestError } from '#base/errors.ts';

/** Returns an error in JSON reports: the code for programs, the rest for people. */
export function errorReport(error: CondvestError): Record<string, unknown> {
  const { code, kind, message, found, allowed, action } = error;
  return { code, kind, message, found, allowed, action };
}
