import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { crc32 } from './crc32.ts';
import { damaged } from './damaged.ts';

/**
 * Blocks of ticks: the ticks of one symbol and minute as one array of bytes, in the order of arrival. They begin with
 * "CT", the version of the format and the kind of the ticks, and end with the CRC-32 of everything before it.
 * `docs/reference/live-storage.md` describes every byte.
 */
export interface TickBlock<Tick> {
  readonly symbol: string;
  /** The first instant of the minute. */
  readonly minuteMs: InstantMs;
  readonly ticks: readonly Tick[];
}

/** The kinds of ticks, as blocks name them. */
export const BLOCK_KINDS = { trades: 1, quotes: 2 } as const;
export type TickKind = keyof typeof BLOCK_KINDS;

/** Default bound of a block: stores that allow 400 KB an item have room for its key. */
export const BLOCK_BYTES_MAX = 384 * 1024;
/** Bound that decides whether a count of rows can be true. The columns of so many take far more than a block may have. */
const TICKS_MAX = 1_000_000;

const MAGIC = [0x43, 0x54] as const;
const VERSION = 1;
const HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;
const MINUTE_MS = 60_000;

/** The columns of one kind of ticks. */
export interface TickColumns<Tick> {
  readonly kind: TickKind;
  write(writer: ByteWriter, block: TickBlock<Tick>): void;
  read(reader: ByteReader, key: BlockKey, count: number): Tick[];
}

export type BlockKey = Pick<TickBlock<unknown>, 'symbol' | 'minuteMs'>;

/**
 * Returns the ticks as blocks of at most `bytesMax` bytes each. Almost always that is one; more hold consecutive runs
 * of the ticks. A tick that is larger than a block is a bug: feeds bound the texts of a tick.
 */
export function encodeBlocks<Tick>(
  columns: TickColumns<Tick>,
  block: TickBlock<Tick>,
  bytesMax = BLOCK_BYTES_MAX,
): Uint8Array[] {
  const { symbol, minuteMs, ticks } = block;
  assert(minuteMs >= 0 && minuteMs % MINUTE_MS === 0, `${minuteMs} is the first instant of a minute`);
  const bytes = ticks.length <= TICKS_MAX ? encode(columns, block) : undefined;
  if (bytes !== undefined && bytes.length <= bytesMax) return [bytes];
  assert(ticks.length > 1, `a tick of ${symbol} fits into ${bytesMax} bytes`);
  const half = ticks.length >> 1;
  return [ticks.slice(0, half), ticks.slice(half)].flatMap((part) =>
    encodeBlocks(columns, { symbol, minuteMs, ticks: part }, bytesMax),
  );
}

/**
 * Returns what one block holds. Throws `tick-block-corrupt` if it is not byte for byte as it was written, and
 * `tick-block-too-new` if a later version of the format wrote it.
 */
export function decodeBlock<Tick>(columns: TickColumns<Tick>, bytes: Uint8Array): TickBlock<Tick> {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES) throw damaged(`${bytes.length} bytes`);
  if (bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) throw damaged('it does not begin with "CT"');
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  if (crc32(bytes, end) !== stored) throw damaged('its checksum differs');
  const [, , version, kind] = bytes;
  if (version !== VERSION) throw tooNew(version ?? 0);
  if (kind !== BLOCK_KINDS[columns.kind]) throw damaged(`it is of kind ${kind}, not ${columns.kind}`);
  const reader = new ByteReader(bytes, HEADER_BYTES, end);
  const symbol = reader.text();
  const minuteMs = reader.unsigned() * MINUTE_MS;
  const ticks = columns.read(reader, { symbol, minuteMs }, reader.count('ticks', TICKS_MAX));
  if (!reader.isAtEnd) throw damaged('bytes follow its last column');
  return { symbol, minuteMs, ticks };
}

function encode<Tick>(columns: TickColumns<Tick>, block: TickBlock<Tick>): Uint8Array {
  const writer = new ByteWriter();
  for (const byte of [...MAGIC, VERSION, BLOCK_KINDS[columns.kind]]) writer.byte(byte);
  writer.text(block.symbol);
  writer.unsigned(block.minuteMs / MINUTE_MS);
  writer.unsigned(block.ticks.length);
  columns.write(writer, block);
  const body = writer.written();
  writer.uint32(crc32(body, body.length));
  return writer.written();
}

function tooNew(version: number): CondvestError {
  return new CondvestError({
    code: 'tick-block-too-new',
    kind: 'permanent',
    message: 'A block of ticks was written by a newer version of Condvest',
    found: `version ${version}`,
    allowed: `version ${VERSION}`,
    action: 'Update this program',
  });
}
