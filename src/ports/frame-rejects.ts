import type { DecodedFrame, FrameReject } from './market-feed.ts';

/** Number of rejects of one frame that are described. The others are only counted. */
const DESCRIBED_MAX = 20;
/** Bytes of a reject that are shown. */
const EXCERPT_BYTES_MAX = 2048;

/** The rejects of one frame, bounded: a frame of a million bad events costs no more than one of twenty. */
export class FrameRejects {
  readonly #described: FrameReject[] = [];
  #count = 0;

  /** `part` is the frame, or the event in it. It is made into text only if it is shown. */
  add(reason: FrameReject['reason'], detail: string, part: Uint8Array | (() => string)): void {
    this.#count += 1;
    if (this.#described.length < DESCRIBED_MAX) this.#described.push(frameReject(reason, detail, part));
  }

  /** Returns the frame, decoded. */
  with(events: DecodedFrame['events']): DecodedFrame {
    return { events, rejects: this.#described, rejected: this.#count };
  }
}

/** Returns one reject, with as much of the frame or event as is shown. */
export function frameReject(
  reason: FrameReject['reason'],
  detail: string,
  part: Uint8Array | (() => string),
): FrameReject {
  return { reason, detail: excerptOf(Buffer.from(detail)), excerpt: excerptOf(bytesOf(part)) };
}

function bytesOf(part: Uint8Array | (() => string)): Uint8Array {
  // UTF-16 units are never more than UTF-8 bytes: a longer text is cut before it is encoded.
  return part instanceof Uint8Array ? part : Buffer.from(part().slice(0, EXCERPT_BYTES_MAX));
}

/** Returns the first bytes as text. Bytes that are no text, and a character that the cut splits, become U+FFFD. */
function excerptOf(bytes: Uint8Array): string {
  let text = new TextDecoder().decode(bytes.subarray(0, EXCERPT_BYTES_MAX));
  // A replacement character takes three bytes, which may be more than it replaces.
  while (Buffer.byteLength(text) > EXCERPT_BYTES_MAX)
    text = text.slice(0, -Math.ceil((Buffer.byteLength(text) - EXCERPT_BYTES_MAX) / 3));
  return text;
}
