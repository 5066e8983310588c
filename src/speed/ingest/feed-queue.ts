import { assert } from '#base/assert.ts';
import type { FeedChange, FeedFrame, FeedListener } from '#ports/market-feed.ts';

/** A frame or a change of the connection, in the order of receipt. */
export type QueuedItem =
  | { readonly kind: 'frame'; readonly frame: FeedFrame }
  | { readonly kind: 'change'; readonly change: FeedChange };

/** Bytes that a change counts for. */
const CHANGE_BYTES = 256;

/**
 * Whatever a feed hands over, until it is written. It takes no longer than a push. One that is full takes no more
 * frames: what is dropped then is a loss like any other, and is reported by the first item that is taken after it.
 */
export class FeedQueue implements FeedListener {
  readonly #bytesMax: number;
  #items: QueuedItem[] = [];
  #bytes = 0;
  #isFull = false;
  #wake: () => void = () => undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether frames were dropped since the last call of `reopen`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  frame(frame: FeedFrame): void {
    if (this.#isFull) return;
    if (this.#bytes + frame.bytes.length <= this.#bytesMax) this.#push({ kind: 'frame', frame }, frame.bytes.length);
    else {
      this.#isFull = true;
      this.#wake();
    }
  }

  changed(change: FeedChange): void {
    if (!this.#isFull) this.#push({ kind: 'change', change }, CHANGE_BYTES);
  }

  /** Resolves once there is anything to take. */
  async filled(): Promise<void> {
    if (this.#items.length > 0 || this.#isFull) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  /** Takes the oldest items, of at most so many bytes together, but one at least if there is any. */
  take(bytesMax: number): QueuedItem[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      const size = sizeOf(item);
      if (count > 0 && bytes + size > bytesMax) break;
      bytes += size;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#items.splice(0, count);
  }

  /** Takes frames again, once the feed that overran it has been stopped. */
  reopen(): void {
    assert(this.#items.length === 0, 'an overrun queue is emptied before it is used again');
    this.#isFull = false;
  }

  #push(item: QueuedItem, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
    this.#wake();
  }
}

function sizeOf(item: QueuedItem): number {
  return item.kind === 'frame' ? item.frame.bytes.length : CHANGE_BYTES;
}
