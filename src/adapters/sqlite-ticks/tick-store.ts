import { assert } from '#base/assert.ts';
import { BLOCK_BYTES_MAX } from '#market/tick-block/block.ts';
import type {
  Checkpoint,
  ExpiryReport,
  LiveGap,
  MinuteBar,
  MinuteBlock,
  Stretch,
  TickPut,
  TickStore,
} from '#ports/tick-store.ts';
import {
  CHECKPOINT,
  PUT_BAR,
  PUT_BLOCK,
  PUT_CHECKPOINT,
  PUT_GAP,
  PUT_STRETCH,
  TRIM_JOURNAL,
} from './statements.sql.ts';
import type { TickFile } from './tick-file.ts';
import type { WrittenTickFiles } from './tick-files.ts';
import { SqliteTickReader } from './tick-reader.ts';

/** Writes files of ticks. */
export class SqliteTickStore extends SqliteTickReader implements TickStore {
  readonly #files: WrittenTickFiles;

  constructor(files: WrittenTickFiles) {
    super(files);
    this.#files = files;
  }

  /** A seal is one transaction: the blocks, the bars, the checkpoint, and the end of the journal rows they came from. */
  async put({ session, blocks = [], bars = [], stretches = [], gaps = [], checkpoint }: TickPut): Promise<void> {
    this.#files.write(session, ({ file }) => {
      for (const block of blocks) putBlock(file, block);
      for (const bar of bars) putBar(file, bar);
      for (const stretch of stretches) putStretch(file, stretch);
      for (const gap of gaps) putGap(file, gap);
      if (checkpoint === undefined) return;
      file.run(PUT_CHECKPOINT, checkpoint.position, checkpoint.readAfter, checkpoint.state);
      file.run(TRIM_JOURNAL, checkpoint.readAfter);
    });
  }

  async checkpoint(): Promise<Checkpoint | undefined> {
    type Row = { position: number; read_after: number; state: Uint8Array };
    const found = this.#files.kept().flatMap((kept) => {
      return this.#files.reading(kept, (file) => file.get<Row>(CHECKPOINT)) ?? [];
    });
    const newest = found.toSorted((a, b) => a.position - b.position).at(-1);
    return newest && { position: newest.position, readAfter: newest.read_after, state: newest.state };
  }

  async expire(): Promise<ExpiryReport> {
    const { folder, bytesMax } = this.#files;
    const oldest = this.#files.oldestSession();
    folder.deleteParts(this.#files.nowMs());
    const present = folder.files();
    // What was set aside goes before anything that can be read.
    const all = [...folder.asides(), ...present].map((each) => ({ ...each, sizeBytes: folder.sizeOf(each.path) }));
    let sizeBytes = all.reduce((sum, each) => sum + each.sizeBytes, 0);
    const deleted: ExpiryReport['deleted'][number][] = [];
    const remove = ({ session, path, sizeBytes: bytes }: (typeof all)[number], reason: 'expired' | 'over-bound') => {
      if (path === folder.pathOf(session)) this.#files.close(session);
      folder.delete(path);
      sizeBytes -= bytes;
      deleted.push({ session, sizeBytes: bytes, reason });
    };
    for (const each of all) if (each.session < oldest) remove(each, 'expired');
    // The newest session is being written, and comes last.
    for (const each of all.slice(0, -1)) if (each.session >= oldest && sizeBytes > bytesMax) remove(each, 'over-bound');
    return { deleted, sizeBytes, isOverBound: sizeBytes > bytesMax };
  }
}

function putBlock(file: TickFile, { symbol, kind, minuteMs, rev, pieces }: MinuteBlock): void {
  const sizes = pieces.map(({ length }) => length);
  assert(
    sizes.every((size) => size <= BLOCK_BYTES_MAX),
    'each piece of a block is within its bound',
  );
  const [only] = pieces;
  const isOne = only !== undefined && pieces.length === 1;
  const bytes = isOne ? only : Buffer.concat(pieces);
  file.run(PUT_BLOCK, symbol, kind, minuteMs, rev, isOne ? null : JSON.stringify(sizes), bytes);
}

function putBar(file: TickFile, { symbol, startMs, part, rev, state, origin, values }: MinuteBar): void {
  file.run(PUT_BAR, symbol, startMs, part, rev, state, origin, values);
}

function putStretch(file: TickFile, { symbol, kind, fromMs, toMs }: Omit<Stretch, 'session'>): void {
  file.run(PUT_STRETCH, symbol ?? '', kind, fromMs, toMs);
}

/** Equal gaps are one, whatever the order of their symbols. */
function putGap(file: TickFile, { symbols, fromMs, toMs, reason }: Omit<LiveGap, 'session'>): void {
  file.run(PUT_GAP, JSON.stringify(symbols === null ? null : symbols.toSorted()), fromMs, toMs, reason);
}
