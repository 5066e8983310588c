import { isoDate } from '#base/dates.ts';
import type { Holiday } from './holidays.ts';

/**
 * Full-day closings that follow no rule. Source: the New York Stock Exchange's list of special closings since 1885.
 */
export const CLOSURES: readonly Holiday[] = [
  ['1963-11-25', 'Funeral of President Kennedy'],
  ['1968-02-12', "Lincoln's Birthday"],
  ['1968-04-09', 'Day of mourning for Martin Luther King Jr.'],
  ...wednesdays1968().map((date): [string, string] => [date, 'Paper crisis']),
  ['1968-07-05', 'Day after Independence Day'],
  ['1968-11-11', 'Veterans Day'],
  ['1969-02-10', 'Heavy snow'],
  ['1969-03-31', 'Funeral of President Eisenhower'],
  ['1969-07-21', 'First men on the Moon'],
  ['1972-12-28', 'Funeral of President Truman'],
  ['1973-01-25', 'Funeral of President Johnson'],
  ['1977-07-14', 'Blackout in New York'],
  ['1985-09-27', 'Hurricane Gloria'],
  ['1994-04-27', 'Funeral of President Nixon'],
  ['2001-09-11', 'Attack on the World Trade Center'],
  ['2001-09-12', 'Attack on the World Trade Center'],
  ['2001-09-13', 'Attack on the World Trade Center'],
  ['2001-09-14', 'Attack on the World Trade Center'],
  ['2004-06-11', 'Funeral of President Reagan'],
  ['2007-01-02', 'Funeral of President Ford'],
  ['2012-10-29', 'Hurricane Sandy'],
  ['2012-10-30', 'Hurricane Sandy'],
  ['2018-12-05', 'Funeral of President George H. W. Bush'],
  ['2025-01-09', 'Funeral of President Carter'],
].map(([date, name]) => ({ date: isoDate(date ?? ''), name: name ?? '' }));

/**
 * From 12 June to 18 December 1968 the exchange closed on Wednesdays to catch up with paperwork, but not in weeks that had
 * another closing.
 */
function wednesdays1968(): string[] {
  return [
    '06-12',
    '06-19',
    '06-26',
    '07-10',
    '07-17',
    '07-24',
    '07-31',
    '08-07',
    '08-14',
    '08-21',
    '08-28',
    '09-11',
    '09-18',
    '09-25',
    '10-02',
    '10-09',
    '10-16',
    '10-23',
    '10-30',
    '11-20',
    '12-04',
    '12-11',
    '12-18',
  ].map((date) => `1968-${date}`);
}
