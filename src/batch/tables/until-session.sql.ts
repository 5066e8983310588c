import { sqlText } from '#lake/sql-text.ts';

/** Selects the rows of sessions up to one. */
export function untilSession(select: string, session: string): string {
  return `SELECT * FROM (${select}) WHERE session <= DATE ${sqlText(session)}`;
}
