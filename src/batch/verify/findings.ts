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
  | 'file-missing'
  | 'file-size'
  | 'file-unreadable'
  | 'file-rows'
  | 'file-statistics'
  | 'file-units'
  | 'file-partition'
  | 'file-order'
  | 'key-missing'
  | 'key-duplicate'
  | 'not-a-session'
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

  of({ name: table }: { readonly name: string }): Report {
    return (check, where, message) => {
      this.count += 1;
      if (this.listed.length < LISTED_MAX) this.listed.push({ table, check, where, message });
    };
  }
}
