import type { InstantMs } from '#base/dates.ts';
import type { LakeView } from '../read/view.ts';

/** How long an address is known by heart: what depends on the clock, such as a day that begins, is seen after it. */
export const HOT_MS = 1000;
/** Addresses known at once. Each is some hundred bytes: the answers themselves lie in the cache. */
const ADDRESSES_MAX = 2000;

export interface HotAnswer {
  readonly view: LakeView;
  /** The pattern of its route. */
  readonly route: string;
  readonly revision: number;
  readonly untilMs: InstantMs;
  readonly key: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly vary: string;
}

/**
 * Addresses that were just answered from the newest versions, by their whole text: asked again within a second, and no table
 * having changed, they are answered without being parsed again.
 */
export class HotAnswers {
  readonly #known = new Map<string, HotAnswer>();

  note(url: string, answer: HotAnswer): void {
    if (this.#known.size >= ADDRESSES_MAX) this.#known.clear();
    this.#known.set(url, answer);
  }

  get(url: string): HotAnswer | undefined {
    return this.#known.get(url);
  }
}
