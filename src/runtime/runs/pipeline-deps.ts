import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';

/** What a run of the pipeline works with. */
export interface PipelineRunDeps {
  readonly pipeline: PipelineDeps;
  readonly operations: Operations;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly random: Random;
  /** Told of a notice that a channel will not be given any more. */
  readonly onGivenUp?: (line: string) => void;
}
