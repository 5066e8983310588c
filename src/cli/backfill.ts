import { type IsoDate, isoDate, parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';

import type { ExitCode, Invocation } from './command.ts';
import { fetchAndReport } from './fetch.ts';
import { dateOption, wholeOption } from './options.ts';

const YEARS_MAX = 60;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const years = wholeOption(invocation, 'years', 1, YEARS_MAX);
  const from = dateOption(invocation, 'from');
  const to = dateOption(invocation, 'to');
  if ((years === undefined) === (from === undefined)) {
    throw new UsageError({
      code: 'backfill-range',
      message: 'A backfill needs to know how far back',
      found: years === undefined ? 'neither --years nor --from' : 'both --years and --from',
      allowed: 'one of --years N and --from DATE',
    });
  }
  return fetchAndReport(invocation, { from: from ?? yearsBefore(today(), years ?? 1), to });
}

function today(): IsoDate {
  return isoDate(new Date().toISOString().slice(0, 10));
}

/** The same day some years earlier; 28 February for a 29th that is not there. */
export function yearsBefore(date: IsoDate, years: number): IsoDate {
  const text = `${Number(date.slice(0, 4)) - years}${date.slice(4)}`;
  return parseIsoDate(text) ?? isoDate(`${text.slice(0, 4)}-02-28`);
}
