import { CondvestError } from '#base/errors.ts';
import type { Run, RunStep } from '#ports/runs.ts';

import type { AppContext } from '../app.ts';
import type { PipelineRunReport } from '../runs/pipeline.ts';
import { unknownRun } from '../runs/recorded-run.ts';
import { RunService, type StartRequest } from '../runs/run-service.ts';
import { unstoredNotice } from '../runs/unstored-notice.ts';

export interface RunDetails {
  readonly run: Run;
  readonly steps: readonly RunStep[];
}

/** Runs the daily pipeline once in this process. Lines of the console channel go to `write`. */
export async function pipelineTask(
  app: AppContext,
  request: StartRequest & { readonly write: (line: string) => void },
): Promise<PipelineRunReport> {
  await using service = new RunService(app, { write: request.write });
  const { report } = await service.start(request);
  return await report;
}

/** Returns a run with its steps; the newest one by default. Throws `pipeline-run-unknown` for an unknown id. */
export async function runTask({ runs }: AppContext, id: string | undefined): Promise<RunDetails | undefined> {
  const run = id === undefined ? (await runs.latest(1))[0] : await runs.find(id);
  if (run !== undefined) return { run, steps: await runs.steps(run.id) };
  if (id !== undefined) throw unknownRun(id);
  return undefined;
}

/** Sends a test notice through every configured channel. */
export async function testNotifiers(
  app: AppContext,
  write: (line: string) => void,
): Promise<readonly { readonly channel: string; readonly error: string | undefined }[]> {
  const notice = unstoredNotice(
    {
      id: app.random.uuid(),
      key: 'test',
      kind: 'test',
      severity: 'information',
      title: 'Condvest test notice',
      text: 'If you can read this, notices reach you here.',
    },
    app.clock.nowMs(),
  );
  const results: { channel: string; error: string | undefined }[] = [];
  for (const notifier of await app.notifiers(write)) {
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
