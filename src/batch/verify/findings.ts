/** One thing that is not as it must be. */
export interface Finding {
  readonly table: string;
  /** What was checked: stable, kebab-case. */
  readonly check: FindingCheck;
  /** Where: a file, a key, a session. */
  readonly where: string;
  /** What was found and what was expected, as a sentence without its full stop. */
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

/** Findings kept, so that a lake that is wrong throughout does not fill the memory. */
const KEPT_MAX = 1000;

export class Findings {
  readonly kept: Finding[] = [];
  /** All of them, kept or not. */
  count = 0;

  add(table: string, check: FindingCheck, where: string, message: string): void {
    this.count += 1;
    if (this.kept.length < KEPT_MAX) this.kept.push({ table, check, where, message });
  }
}
