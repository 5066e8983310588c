import { type IsoDate, parseIsoDate } from '#base/dates.ts';

/** Facts that the path of a file states about its rows. They are compared with the rows, never assumed. */
export interface PathFacts {
  /** From a folder such as `symbol=AAPL`. */
  readonly symbol?: string;
  /** From a folder such as `date=2024-01-02`. */
  readonly session?: IsoDate;
  /** From a folder such as `year=2024`. */
  readonly year?: number;
  /** The file is named after a day: `2024-01-02.csv.gz`. */
  readonly nameDate?: IsoDate;
  /** The name without its folder and known endings: `AAPL` of `prices/AAPL.csv.gz`. */
  readonly stem: string;
}

const ENDING = /\.(csv|txt|tsv|psv|parquet|pq|json|jsonl|ndjson)(\.gz)?$/i;
const SYMBOL_KEYS: ReadonlySet<string> = new Set(['symbol', 'ticker']);
const SESSION_KEYS: ReadonlySet<string> = new Set(['session', 'date']);

/** Returns whether a file in a folder is worth reading, by the ending of its name. */
export function isDataFile(path: string): boolean {
  return ENDING.test(path);
}

export function factsOfPath(path: string): PathFacts {
  const folders = path.split(/[/\\]/);
  const stem = (folders.pop() ?? '').replace(ENDING, '');
  const nameDate = dateOf(stem);
  let facts: PathFacts = { stem, ...(nameDate === undefined ? {} : { nameDate }) };
  for (const folder of folders) {
    const [, name = '', text = ''] = /^([A-Za-z_]+)=(.+)$/.exec(folder) ?? [];
    const key = name.toLowerCase();
    const value = decoded(text);
    const session = parseIsoDate(value);
    if (SYMBOL_KEYS.has(key)) facts = { ...facts, symbol: value };
    else if (SESSION_KEYS.has(key) && session !== undefined) facts = { ...facts, session };
    else if (key === 'year' && /^\d{4}$/.test(value)) facts = { ...facts, year: Number(value) };
  }
  return facts;
}

function dateOf(stem: string): IsoDate | undefined {
  const digits = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(stem);
  return digits === null ? undefined : parseIsoDate(`${digits[1]}-${digits[2]}-${digits[3]}`);
}

/** Hive escapes characters as in a URL; a `%` that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
