import { compare } from '#base/compare.ts';
import { type IsoDate, toEpochDay, yearOf } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';

import { isFlatFile } from './columns.ts';
import type { SourceReading } from './read.sql.ts';

/** Rows of one file with one outcome; bars also of one session. */
export interface RowsOfFile {
  readonly reason: string | null;
  readonly rows: number;
  readonly session?: IsoDate | null;
  readonly firstSymbol?: string | null;
  readonly lastSymbol?: string | null;
  readonly lowestClose?: number | null;
}

/** The vendor's flat files begin here. */
const FLAT_FILES_FROM = '2003-09-10';
/** No share has cost as much; a file of such prices has them as multiples of a fraction of a cent. */
const CLOSE_MAX = 1e8;

/** Returns how the accepted rows of a file contradict what its path or an option says of them. Pure. */
export function contradictionOfRows(reading: SourceReading, all: readonly RowsOfFile[]): UsageError | undefined {
  const { file, stated } = reading;
  const { facts, symbol } = stated;
  const rows = all.filter(({ reason }) => reason === null);
  const other = rows.flatMap(({ firstSymbol, lastSymbol }) => [firstSymbol, lastSymbol]).find((one) => one !== symbol);
  if (symbol !== undefined && reading.columns.has('symbol') && typeof other === 'string') {
    return contradiction(file.path, `has rows of ${other}`, `its symbol is stated as ${symbol}`);
  }
  const sessions = [...new Set(rows.flatMap(({ session }) => session ?? []))].sort(compare);
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (reading.dataset !== 'daily_bars' || first === undefined || last === undefined) return undefined;
  const isFlat = isFlatFile(file.header);
  const day = facts.session ?? (isFlat || first === last ? facts.nameDate : undefined);
  const wrong = sessions.find((session) => session !== day);
  if (day !== undefined && wrong !== undefined) {
    return contradiction(file.path, `is named after ${day}`, `it has rows of ${wrong}`);
  }
  const offYear = facts.year === undefined ? undefined : sessions.find((session) => yearOf(session) !== facts.year);
  if (offYear !== undefined)
    return contradiction(file.path, `is in a folder of ${facts.year}`, `it has rows of ${offYear}`);
  if (isFlat && first < FLAT_FILES_FROM) {
    return contradiction(
      file.path,
      'has the columns of a flat file',
      `it has rows of ${first}, before the first of them`,
    );
  }
  const lowest = Math.min(...rows.map(({ lowestClose }) => lowestClose ?? 0));
  if (lowest > CLOSE_MAX) {
    return contradiction(file.path, `has no close below ${lowest}`, 'prices are in dollars');
  }
  return undefined;
}

/** Fewer bars say nothing about how far apart they are. */
const SPACED_MIN = 6;

/** Returns why the bars of a file look weekly or monthly: no two of its sessions share a week. Pure. */
export function wideSpacing(reading: SourceReading, all: readonly RowsOfFile[]): UsageError | undefined {
  const sessions = [...new Set(all.flatMap(({ reason, session }) => (reason === null ? (session ?? []) : [])))];
  // Day 0 was a Thursday: adding 3 makes weeks begin on Mondays.
  const weeks = new Set(sessions.map((session) => Math.floor((toEpochDay(session) + 3) / 7)));
  if (sessions.length < SPACED_MIN || weeks.size < sessions.length) return undefined;
  return new UsageError({
    code: 'import-contradiction',
    message: `${reading.file.path} has at most one bar a week, so they look like weekly or monthly bars`,
    found: sessions.sort(compare).slice(0, 3).join(', '),
    action: 'Import daily bars. If each of these rows is one session, add --sparse',
  });
}

function contradiction(path: string, statement: string, but: string): UsageError {
  return new UsageError({
    code: 'import-contradiction',
    message: `${path} ${statement}, but ${but}`,
    action: 'Correct the file, or its name',
  });
}
