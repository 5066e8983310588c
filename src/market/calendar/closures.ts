import { isoDate } from '#base/dates.ts';
import type { Holiday } from './holidays.ts';

/**
 * Full-day closures that follow no rule, ascending. Source: the New York Stock Exchange's list "Special Closings 1885
 * to date" and, since 2012, its notices to members.
 *
 * A closure announced after a release is added in the configuration, and to this list in the next release.
 */
export const CLOSURES: readonly Holiday[] = [
  closing('1963-11-25', 'Funeral of President Kennedy'),
  closing('1968-02-12', "Lincoln's Birthday"),
  closing('1968-04-09', 'Day of mourning for Martin Luther King Jr.'),
  ...wednesdaysOf1968('06-12', '06-19', '06-26'),
  closing('1968-07-05', 'Day after Independence Day'),
  ...wednesdaysOf1968('07-10', '07-17', '07-24', '07-31', '08-07', '08-14', '08-21', '08-28'),
  ...wednesdaysOf1968('09-11', '09-18', '09-25', '10-02', '10-09', '10-16', '10-23', '10-30'),
  closing('1968-11-11', 'Veterans Day'),
  ...wednesdaysOf1968('11-20', '12-04', '12-11', '12-18'),
  closing('1969-02-10', 'Heavy snow'),
  closing('1969-03-31', 'Funeral of President Eisenhower'),
  closing('1969-07-21', 'First men on the Moon'),
  closing('1972-12-28', 'Funeral of President Truman'),
  closing('1973-01-25', 'Funeral of President Johnson'),
  closing('1977-07-14', 'Blackout in New York'),
  closing('1985-09-27', 'Hurricane Gloria'),
  closing('1994-04-27', 'Funeral of President Nixon'),
  closing('2001-09-11', 'Attack on the World Trade Center'),
  closing('2001-09-12', 'Attack on the World Trade Center'),
  closing('2001-09-13', 'Attack on the World Trade Center'),
  closing('2001-09-14', 'Attack on the World Trade Center'),
  closing('2004-06-11', 'Funeral of President Reagan'),
  closing('2007-01-02', 'Funeral of President Ford'),
  closing('2012-10-29', 'Hurricane Sandy'),
  closing('2012-10-30', 'Hurricane Sandy'),
  closing('2018-12-05', 'Funeral of President George H. W. Bush'),
  closing('2025-01-09', 'Funeral of President Carter'),
];

function closing(date: string, name: string): Holiday {
  return { date: isoDate(date), name };
}

/**
 * From June 12 to December 18, 1968, the exchange closed on Wednesdays so that its members could catch up on paperwork,
 * except in weeks with another closure.
 */
function wednesdaysOf1968(...dates: readonly string[]): Holiday[] {
  return dates.map((date) => closing(`1968-${date}`, 'Paper crisis'));
}
