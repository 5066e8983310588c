import { CondvestError } from '#base/errors.ts';
import { type FeedTopic, topicName } from '#ports/market-feed.ts';

/** The topics that a feed follows, and those that the current connection has not asked for yet. */
export class FollowedTopics {
  readonly #max: number;
  readonly #topics = new Map<string, FeedTopic>();
  readonly #unasked = new Map<string, FeedTopic>();
  #isChanged = false;

  constructor(max: number) {
    this.#max = max;
  }

  get all(): readonly FeedTopic[] {
    return [...this.#topics.values()];
  }

  add(topics: readonly FeedTopic[]): void {
    const added = new Map(topics.map((topic) => [topicName(topic), topic]));
    for (const name of this.#topics.keys()) added.delete(name);
    const count = this.#topics.size + added.size;
    if (count > this.#max) {
      throw new CondvestError({
        code: 'feed-too-many-topics',
        kind: 'permanent',
        message: 'The live feed cannot follow that many topics at once',
        found: String(count),
        allowed: `${this.#max} topics`,
        action: 'Follow all symbols of a channel instead',
      });
    }
    for (const [name, topic] of added) {
      this.#topics.set(name, topic);
      this.#unasked.set(name, topic);
      this.#isChanged = true;
    }
  }

  remove(topics: readonly FeedTopic[]): void {
    for (const topic of topics) {
      this.#unasked.delete(topicName(topic));
      if (this.#topics.delete(topicName(topic))) this.#isChanged = true;
    }
  }

  /** All topics must be asked for: a new connection follows none. */
  reset(): void {
    for (const [name, topic] of this.#topics) this.#unasked.set(name, topic);
    this.#isChanged = true;
  }

  /** Returns whether topics have come or gone since the last call, and which are to be asked for. */
  takeChanges(): { readonly isChanged: boolean; readonly asked: readonly FeedTopic[] } {
    const changes = { isChanged: this.#isChanged, asked: [...this.#unasked.values()] };
    this.#isChanged = false;
    this.#unasked.clear();
    return changes;
  }
}
