import { CondvestError } from '#base/errors.ts';
import type { Notice, Run } from '#ports/operations.ts';

import type { AppContext } from '../app.ts';
import type { PipelineRunReport } from '../runs/pipeline.ts';
import { RunDesk, type RunDetails, type StartRequest } from '../runs/run-service.ts';
import { unstoredNotice } from '../runs/unstored-notice.ts';
import { freeWorkOf } from '../runs/work-lease.ts';

/** Runs the daily pipeline once in this process. `write` is given the notices that go to the console. */
export async function pipelineTask(
  app: AppContext,
  request: StartRequest & { readonly write: (line: string) => void },
): Promise<PipelineRunReport> {
  await using desk = new RunDesk(app, { write: request.write });
  const { report } = await desk.start(request);
  return await report;
}

export async function runsTask(app: AppContext, limit: number): Promise<Run[]> {
  await using desk = silent(app);
  return await desk.runs(limit);
}

/** A run with its steps; the newest one unless an id is given. */
export async function runTask(app: AppContext, id: string | undefined): Promise<RunDetails | undefined> {
  await using desk = silent(app);
  return await desk.details(id);
}

export async function noticesTask(app: AppContext, openOnly: boolean, limit: number): Promise<Notice[]> {
  await using desk = silent(app);
  return await desk.notices({ openOnly, limit });
}

/** Lets others work in the place of a process of this machine that was seen to end. */
export async function freeWorkTask(app: AppContext, pid: number): Promise<void> {
  await freeWorkOf(pid, { operations: await app.operations(), clock: app.clock, random: app.random });
}

/** For looking only: nothing is told. */
function silent(app: AppContext): RunDesk {
  return new RunDesk(app, { write: () => undefined });
}

/** Sends a notice through every channel that is configured, to prove that it arrives. */
export async function testNotifiers(
  app: AppContext,
  write: (line: string) => void,
): Promise<readonly { readonly channel: string; readonly error: string | undefined }[]> {
  const nowMs = app.clock.nowMs();
  const notice = unstoredNotice(
    {
      id: app.random.uuid(),
      key: 'test',
      kind: 'test',
      severity: 'information',
      title: 'A test of Condvest',
      text: 'If you can read this, notices reach you here.',
    },
    nowMs,
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
