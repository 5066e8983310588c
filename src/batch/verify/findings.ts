/** One violation of the lake's rules. */
export interface Finding {
  readonly table: string;
  /** The failed check: stable, kebab-case. */
  readonly check: FindingCheck;
  /** Location: a file, a key or a session. */
  readonly where: string;
  /** Found and expected values, as a sentence without its full stop. */
  readonly message: string;
}

export type FindingCheck =
  | 'log-unreadable'
  | 'table-missing'
  | 'file-missing'
  | 'file-size'
  | 'file-checksum'
  | 'file-unreadable'
  | 'file-rows'
  | 'file-statistics'
  | 'file-units'
  | 'file-partition'
  | 'file-order'
  | 'key-missing'
  | 'key-duplicate'
  | 'not-a-session'
  | 'session-in-future'
  | 'ledger'
  | 'checkpoint'
  | 'window'
  | 'bar-missing'
  | 'bar-unexpected'
  | 'bar-differs'
  | 'restatement-missing'
  | 'restatement-unexpected';

/** Reports a finding of one table. */
export type Report = (check: FindingCheck, where: string, message: string) => void;

/** Bounds the memory that a lake full of errors takes. */
const LISTED_MAX = 1000;

export class Findings {
  /** The first thousand findings. */
  readonly listed: Finding[] = [];
  /** The number of all findings. */
  count = 0;
  readonly #tables = new Map<FindingCheck, Set<string>>();

  /** Returns the tables with findings of these checks. */
  tablesWith(checks: ReadonlySet<FindingCheck>): ReadonlySet<string> {
    return new Set([...checks].flatMap((check) => [...(this.#tables.get(check) ?? [])]));
  }

  of({ name: table }: { readonly name: string }): Report {
    return (check, where, message) => {
      this.count += 1;
      const tables = this.#tables.get(check) ?? new Set();
      this.#tables.set(check, tables.add(table));
      if (this.listed.length < LISTED_MAX) this.listed.push({ table, check, where, message });
    };
  }
}
