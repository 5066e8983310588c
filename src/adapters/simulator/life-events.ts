import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';

import type { SimulatedListing } from './market.ts';
import type { Fault } from './scenarios.ts';

/** Symbol changes, delistings and reused symbols that a scenario adds to the market's own. Pure. */

export function livedListings(
  listings: readonly SimulatedListing[],
  calendar: Calendar,
  faults: readonly Fault[],
): SimulatedListing[] {
  let lived = [...listings];
  for (const fault of faults) {
    lived = lived.flatMap((row): SimulatedListing[] => {
      if (!('symbol' in fault) || !('session' in fault) || fault.symbol !== row.symbol) return [row];
      const isOpen = row.firstSession < fault.session && (row.lastSession === null || row.lastSession > fault.session);
      if (!isOpen) return [row];
      if (fault.name === 'delisting') return [{ ...row, lastSession: fault.session }];
      if (fault.name === 'rename')
        return [
          { ...row, lastSession: calendar.previous(fault.session) },
          { ...row, symbol: fault.to, firstSession: fault.session },
        ];
      return [
        { ...row, lastSession: fault.session },
        {
          ...row,
          securityId: `${row.securityId} again`,
          firstSession: fault.again,
          name: `${row.name} (another company)`,
        },
      ];
    });
  }
  return lived;
}

export function livedRows(rows: readonly RawDailyRow[], session: IsoDate, faults: readonly Fault[]): RawDailyRow[] {
  const moved = new Map<string, string | undefined>();
  for (const fault of faults) {
    if (fault.name === 'rename' && session >= fault.session) moved.set(fault.symbol, fault.to);
    if (fault.name === 'delisting' && session > fault.session) moved.set(fault.symbol, undefined);
    if (fault.name === 'reused-symbol' && session > fault.session && session < fault.again)
      moved.set(fault.symbol, undefined);
  }
  if (moved.size === 0) return [...rows];
  return rows.flatMap((row) => {
    if (row.symbol === null || !moved.has(row.symbol)) return [row];
    const symbol = moved.get(row.symbol);
    return symbol === undefined ? [] : [{ ...row, symbol }];
  });
}

/** Returns the symbol under which a vendor files an event now: the one its security has today. */
export function livedSymbol(symbol: string, today: IsoDate, faults: readonly Fault[]): string {
  const moved = faults.find((fault) => fault.name === 'rename' && fault.symbol === symbol && today >= fault.session);
  return moved?.name === 'rename' ? moved.to : symbol;
}
