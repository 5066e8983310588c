import { systemRandom } from '#adapters/system/random.ts';
import { CondvestError } from '#base/errors.ts';
import type { PipelineInput } from '#batch/pipeline/steps.ts';
import type { Notice, Run, RunStep } from '#ports/operations.ts';

import { pipelineDeps } from './fetch-tasks.ts';
import type { Laptop } from './laptop.ts';
import { openNotifiers, openOperations } from './operations.ts';
import { type PipelineRunReport, runPipeline, unknownRun } from './pipeline.ts';
import { openSource } from './source.ts';

export interface RunPipelineRequest {
  readonly input: PipelineInput;
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: RunStep) => void;
  /** Where notices are written to on the console. */
  readonly write: (line: string) => void;
}

/** Runs the daily pipeline once in this process. */
export async function pipelineTask(laptop: Laptop, request: RunPipelineRequest): Promise<PipelineRunReport> {
  const { config, clock } = laptop;
  const source = await openSource(laptop);
  await using operations = await openOperations(config);
  const notifiers = await openNotifiers(config, { clock, write: request.write });
  return await runPipeline(
    { pipeline: pipelineDeps(laptop, source), operations, notifiers, clock, random: systemRandom },
    {
      input: request.input,
      ...(request.resume === undefined ? {} : { resume: request.resume }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(request.onStep === undefined ? {} : { onStep: request.onStep }),
    },
  );
}

export interface RunDetails {
  readonly run: Run;
  readonly steps: readonly RunStep[];
}

export async function runsTask(laptop: Laptop, limit: number): Promise<Run[]> {
  await using operations = await openOperations(laptop.config);
  return await operations.runs(limit);
}

/** A run with its steps; the newest one unless an id is given. */
export async function runTask(laptop: Laptop, id: string | undefined): Promise<RunDetails | undefined> {
  await using operations = await openOperations(laptop.config);
  const run = id === undefined ? (await operations.runs(1))[0] : await operations.run(id);
  if (run === undefined) {
    if (id !== undefined) throw unknownRun(id);
    return undefined;
  }
  return { run, steps: await operations.steps(run.id) };
}

export async function noticesTask(laptop: Laptop, openOnly: boolean, limit: number): Promise<Notice[]> {
  await using operations = await openOperations(laptop.config);
  return await operations.notices({ openOnly, limit });
}

/** Sends a notice through every channel that is configured, to prove that it arrives. */
export async function testNotifiers(
  laptop: Laptop,
  write: (line: string) => void,
): Promise<readonly { readonly channel: string; readonly error: string | undefined }[]> {
  const { config, clock } = laptop;
  const nowMs = clock.nowMs();
  const notice: Notice = {
    id: systemRandom.uuid(),
    key: 'test',
    kind: 'test',
    severity: 'information',
    title: 'A test of Condvest',
    text: 'If you can read this, notices reach you here.',
    session: null,
    seenMs: nowMs,
    state: 'open',
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    resolvedMs: null,
    count: 1,
  };
  const results: { channel: string; error: string | undefined }[] = [];
  for (const notifier of await openNotifiers(config, { clock, write })) {
    try {
      await notifier.deliver({ event: 'opened', notice });
      results.push({ channel: notifier.channel, error: undefined });
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      results.push({ channel: notifier.channel, error: cause.message });
    }
  }
  return results;
}
