import type { SQLInputValue } from 'node:sqlite';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { LiveBarOrigin, LiveBarState } from '#market/live-bar.ts';
import type { TickKind } from '#market/tick-block/block.ts';
import type {
  BlockQuery,
  KeptSession,
  KeptSymbol,
  LiveGap,
  MinuteBar,
  MinuteBlock,
  Stretch,
  TickQuery,
  TickReader,
} from '#ports/tick-store.ts';
import {
  BARS_OF_ALL,
  BARS_OF_SYMBOL,
  BLOCKS_OF_ALL,
  BLOCKS_OF_SYMBOL,
  COUNTS,
  GAPS,
  KEPT_SYMBOLS,
  STRETCHES,
} from './statements.sql.ts';
import type { TickFile } from './tick-file.ts';
import type { KeptFile, TickFiles } from './tick-files.ts';

/** Bound of a batch. */
const BATCH_BYTES_MAX = 4 * 2 ** 20;
/** Size of a row without its bytes. */
const ROW_BYTES = 64;

/** Columns of `BLOCKS_OF_SYMBOL` and `BLOCKS_OF_ALL`. */
type BlockRow = readonly [
  id: number,
  symbol: string,
  kind: TickKind,
  minuteMs: InstantMs,
  rev: number,
  pieceSizes: string | null,
  bytes: Uint8Array,
];

/** Columns of `BARS_OF_SYMBOL` and `BARS_OF_ALL`. */
type BarRow = readonly [
  id: number,
  symbol: string,
  startMs: InstantMs,
  part: string,
  rev: number,
  state: LiveBarState,
  origin: LiveBarOrigin,
  value: Uint8Array,
];

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly isAll: boolean;
}

/** Reads files of ticks, in the process that writes them or in any other. */
export class SqliteTickReader implements TickReader {
  protected readonly files: TickFiles;

  constructor(files: TickFiles) {
    this.files = files;
  }

  async sessions(): Promise<readonly KeptSession[]> {
    return this.files.kept().map((kept) => {
      const { session, file } = kept;
      const counts = this.files.reading(kept, () => file.get<{ blocks: number; bars: number }>(COUNTS));
      return { session, sizeBytes: this.files.folder.sizeOf(file.path), blocks: 0, bars: 0, ...counts };
    });
  }

  async symbols(session: IsoDate): Promise<readonly KeptSymbol[]> {
    const kept = this.files.kept().find((each) => each.session === session);
    if (kept === undefined) return [];
    type Row = Omit<KeptSymbol, 'firstMs' | 'lastMs' | 'rows'> & { first_ms: number; last_ms: number; n: number };
    const rows = this.files.reading(kept, (file) => file.all<Row>(KEPT_SYMBOLS));
    return rows.map(({ symbol, kind, ...row }) => ({
      symbol,
      kind,
      firstMs: row.first_ms,
      lastMs: row.last_ms,
      rows: row.n,
    }));
  }

  async *blocks({ symbol, kind, fromMs, toMs }: BlockQuery): AsyncIterable<readonly MinuteBlock[]> {
    const page = (file: TickFile, after: BlockRow | undefined): Page<BlockRow> => {
      const [id = Number.MAX_SAFE_INTEGER, , , minuteMs = fromMs - 1] = after ?? [];
      return symbol === undefined
        ? blockPage(file, BLOCKS_OF_ALL, [kind, minuteMs, id, toMs])
        : blockPage(file, BLOCKS_OF_SYMBOL, [symbol, kind, minuteMs, toMs]);
    };
    for await (const rows of this.#pages(page)) yield rows.map(blockOf);
  }

  async *bars({ symbol, fromMs, toMs }: TickQuery): AsyncIterable<readonly MinuteBar[]> {
    const page = (file: TickFile, after: BarRow | undefined): Page<BarRow> => {
      // No text is greater than this one, and no part is named like that.
      const [id = Number.MAX_SAFE_INTEGER, , startMs = fromMs - 1, part = '\uffff'] = after ?? [];
      return symbol === undefined
        ? barPage(file, BARS_OF_ALL, [startMs, id, toMs])
        : barPage(file, BARS_OF_SYMBOL, [symbol, startMs, part, toMs]);
    };
    for await (const rows of this.#pages(page)) yield rows.map(barOf);
  }

  async stretches(query: TickQuery): Promise<readonly Stretch[]> {
    type Row = { symbol: string; kind: Stretch['kind']; from_ms: InstantMs; to_ms: InstantMs };
    return this.#inRange<Row>(STRETCHES, query).map(({ session, row }) => ({
      session,
      symbol: row.symbol === '' ? null : row.symbol,
      kind: row.kind,
      fromMs: row.from_ms,
      toMs: row.to_ms,
    }));
  }

  async gaps(query: TickQuery): Promise<readonly LiveGap[]> {
    type Row = { symbols: string; from_ms: InstantMs; to_ms: InstantMs; reason: string };
    return this.#inRange<Row>(GAPS, query).map(({ session, row }) => ({
      session,
      symbols: JSON.parse(row.symbols) as readonly string[] | null,
      fromMs: row.from_ms,
      toMs: row.to_ms,
      reason: row.reason,
    }));
  }

  #inRange<Row>(sql: string, { symbol, fromMs, toMs }: TickQuery): { readonly session: IsoDate; readonly row: Row }[] {
    const name = symbol ?? null;
    return this.files.kept().flatMap((kept) => {
      const { session } = kept;
      const rows = this.files.reading(kept, (file) => file.all<Row>(sql, fromMs, toMs, name, name));
      return rows.map((row) => ({ session, row }));
    });
  }

  /** Yields pages session by session. Which sessions are kept is looked up for each page: one may expire in between. */
  async *#pages<Row>(page: (file: TickFile, after: Row | undefined) => Page<Row>): AsyncIterable<readonly Row[]> {
    let done = '';
    let current: KeptFile | undefined;
    let after: Row | undefined;
    for (;;) {
      const next = this.files.kept().find(({ session }) => session > done);
      if (next === undefined) return;
      if (next !== current) after = undefined;
      current = next;
      const { rows, isAll } = this.files.reading(next, (file) => page(file, after));
      if (rows.length > 0) yield rows;
      after = rows.at(-1);
      if (isAll) done = next.session;
    }
  }
}

function blockPage(file: TickFile, sql: string, values: readonly SQLInputValue[]): Page<BlockRow> {
  return file.first(sql, values, ([, , , , , , bytes]) => ROW_BYTES + bytes.length, BATCH_BYTES_MAX);
}

function barPage(file: TickFile, sql: string, values: readonly SQLInputValue[]): Page<BarRow> {
  return file.first(sql, values, ([, , , , , , , value]) => ROW_BYTES + value.length, BATCH_BYTES_MAX);
}

function blockOf([, symbol, kind, minuteMs, rev, pieceSizes, bytes]: BlockRow): MinuteBlock {
  return { symbol, kind, minuteMs, rev, pieces: piecesOf(bytes, pieceSizes) };
}

function piecesOf(bytes: Uint8Array, sizes: string | null): Uint8Array[] {
  if (sizes === null) return [bytes];
  let from = 0;
  return (JSON.parse(sizes) as number[]).map((size) => {
    from += size;
    return bytes.subarray(from - size, from);
  });
}

function barOf([, symbol, startMs, part, rev, state, origin, values]: BarRow): MinuteBar {
  return { symbol, startMs, part, rev, state, origin, values };
}
