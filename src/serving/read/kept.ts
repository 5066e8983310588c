/**
 * Things read or worked out once and kept under a key that says all that they depend on, such as the versions of tables: so
 * nothing kept is ever out of date. The ones asked for last stay; a failed one is not kept.
 */
export class Kept<T> {
  readonly #max: number;
  readonly #kept = new Map<string, Promise<T>>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    const value = known ?? make();
    this.#kept.set(key, value);
    if (known === undefined) {
      value.catch(() => {
        if (this.#kept.get(key) === value) this.#kept.delete(key);
      });
    }
    for (const oldest of this.#kept.keys()) if (this.#kept.size > this.#max) this.#kept.delete(oldest);
    return value;
  }
}
