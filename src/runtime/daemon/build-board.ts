import type { Building } from '#serving/http/upkeep.ts';

/** Progress inside one step is told so often at most. */
const TOLD_MS = 100;

type StepState = Building['steps'][number];

/** What is being built and how far it is, for whoever looks at it: the steps to come are known from the beginning. */
export class BuildBoard {
  readonly #startedMs: number;
  readonly #steps: Map<string, StepState>;
  readonly #onChange: (building: Building) => void;
  #error: string | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly steps: readonly string[];
    readonly startedMs: number;
    readonly onChange: (building: Building) => void;
  }) {
    this.#startedMs = options.startedMs;
    this.#onChange = options.onChange;
    this.#steps = new Map(
      options.steps.map((name) => [name, { name, state: 'waiting', done: 0, total: 0, detail: '' } as const]),
    );
  }

  progress(name: string, done: number, total: number, detail: string): void {
    const isNews = this.#steps.get(name)?.state !== 'running';
    this.#steps.set(name, { name, state: 'running', done, total, detail });
    if (isNews || performance.now() - this.#toldMs >= TOLD_MS) this.#tell();
  }

  done(name: string, detail: string): void {
    const { total = 0 } = this.#steps.get(name) ?? {};
    this.#steps.set(name, { name, state: 'done', done: total, total, detail });
    this.#tell();
  }

  /** The step that was under way has failed, and the building with it. */
  failed(error: string): void {
    this.#error = error;
    for (const step of this.#steps.values())
      if (step.state === 'running') this.#steps.set(step.name, { ...step, state: 'failed' });
    this.#tell();
  }

  #tell(): void {
    this.#toldMs = performance.now();
    this.#onChange({ startedMs: this.#startedMs, steps: [...this.#steps.values()], error: this.#error });
  }
}
