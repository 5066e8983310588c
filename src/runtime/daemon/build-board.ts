import type { Building } from '#serving/http/operations.ts';

/** Shortest interval between two progress updates within one step. */
const UPDATE_MS = 100;

type StepState = Building['steps'][number];

/** Progress of a build, with all of its steps from the start. */
export class BuildBoard {
  readonly #startedMs: number;
  readonly #steps: Map<string, StepState>;
  readonly #onChange: (building: Building) => void;
  #error: string | null = null;
  #updatedMs = Number.NEGATIVE_INFINITY;

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
    const isStart = this.#steps.get(name)?.state !== 'running';
    this.#steps.set(name, { name, state: 'running', done, total, detail });
    if (isStart || performance.now() - this.#updatedMs >= UPDATE_MS) this.#update();
  }

  done(name: string, detail: string): void {
    const { total = 0 } = this.#steps.get(name) ?? {};
    this.#steps.set(name, { name, state: 'done', done: total, total, detail });
    this.#update();
  }

  /** Fails the running step and with it the build. */
  failed(error: string): void {
    this.#error = error;
    for (const step of this.#steps.values())
      if (step.state === 'running') this.#steps.set(step.name, { ...step, state: 'failed' });
    this.#update();
  }

  #update(): void {
    this.#updatedMs = performance.now();
    this.#onChange({ startedMs: this.#startedMs, steps: [...this.#steps.values()], error: this.#error });
  }
}
