import { LRUCache } from 'lru-cache';

/** The bytes of an answer, ready to be sent. Immutable. */
export interface KeptAnswer {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Compressed once, when first asked for. */
  gzip?: Uint8Array<ArrayBuffer>;
}

/** What an entry costs beside its bytes: key, headers, the map. */
const OVERHEAD_BYTES = 1024;

/**
 * Answers by request and by the versions that they were made from, the least recently used forgotten first; never more bytes
 * than the bound. Since the key holds the versions, an entry is never out of date: a new version is another key.
 */
export class AnswerCache {
  readonly #kept: LRUCache<string, KeptAnswer>;
  readonly #making = new Map<string, Promise<KeptAnswer>>();
  /** Answers that were found here, and that had to be made. */
  hits = 0;
  misses = 0;

  constructor(bytesMax: number) {
    this.#kept = new LRUCache({
      maxSize: bytesMax,
      // One answer may not push out all others.
      maxEntrySize: Math.max(1, Math.floor(bytesMax / 4)),
      sizeCalculation: sizeOf,
    });
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  get(key: string): KeptAnswer | undefined {
    return this.#kept.get(key);
  }

  /** The kept answer, counted as one that was found. */
  find(key: string): KeptAnswer | undefined {
    const kept = this.#kept.get(key);
    if (kept !== undefined) this.hits += 1;
    return kept;
  }

  /** The kept answer, or a new one; made once however many ask at the same time. */
  async getOrMake(key: string, make: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.hits += 1;
      return kept;
    }
    this.misses += 1;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = make()
        .then((answer) => {
          this.#kept.set(key, answer);
          return answer;
        })
        .finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return making;
  }

  /** Notes the compressed form, so that it counts towards the bound. */
  keepGzip(key: string, answer: KeptAnswer, gzip: Uint8Array<ArrayBuffer>): void {
    answer.gzip = gzip;
    if (this.#kept.peek(key) === answer) this.#kept.set(key, answer, { size: sizeOf(answer, key) });
  }
}

function sizeOf(answer: KeptAnswer, key: string): number {
  return answer.bytes.byteLength + (answer.gzip?.byteLength ?? 0) + key.length * 2 + OVERHEAD_BYTES;
}
