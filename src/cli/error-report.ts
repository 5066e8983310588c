import type { CondvestError } from '#base/errors.ts';

/** An error as reports carry it: what to do by code, the rest for people. */
export function errorReport(error: CondvestError): Record<string, unknown> {
  const { code, kind, message, found, allowed, action } = error;
  return { code, kind, message, found, allowed, action };
}
