import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifySignature, WebhookReceiver } from '#test/fakes/webhook-receiver.ts';
import { condvest, type Outcome, temporaryFolder } from './command-line.ts';

const SIMULATED = { CONDVEST_SOURCE: 'simulated' };

/** Creates a lake that ends nine days ago, so that a pipeline run has a week of work to do. */
async function young(home: string): Promise<void> {
  const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const outcome = await condvest(['fetch', '--from', day(14), '--to', day(9)], { home, env: SIMULATED });
  assert.ok(outcome.code === 0 || outcome.code === 3, outcome.err);
}

/** Runs a command and sends it a signal as soon as its output contains a text. */
function endedAt(text: string, signal: 'SIGKILL' | 'SIGTERM', args: string[], home: string): Promise<Outcome> {
  return condvest(args, {
    home,
    env: SIMULATED,
    started: (child) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        if (String(chunk).includes(text)) child.kill(signal);
      });
    },
  });
}

interface Details {
  readonly run: { readonly id: string; readonly state: string; readonly tries: number; readonly error: string | null };
  readonly steps: readonly { readonly step: string; readonly state: string }[];
}

async function json<T>(args: readonly string[], home: string): Promise<T> {
  const { out } = await condvest([...args, '--json'], { home, env: SIMULATED });
  return JSON.parse(out) as T;
}

test('a run killed midway resumes at once, under its own id, as if nothing had happened', async () => {
  await using folder = await temporaryFolder();
  const home = folder.path;
  await young(home);
  const killed = await endedAt('fetch bars', 'SIGKILL', ['pipeline', 'run'], home);
  assert.notEqual(killed.code, 0);
  const dead = await json<Details>(['pipeline', 'status'], home);
  assert.equal(dead.run.state, 'running', 'nobody has closed it yet');
  const resumed = await json<Details>(['pipeline', 'resume', dead.run.id], home);
  assert.deepEqual([resumed.run.state, resumed.run.tries, resumed.run.error], ['succeeded', 2, null]);
  const again = await condvest(['pipeline', 'run'], { home, env: SIMULATED });
  assert.equal(again.code, 0, again.err);
  const verified = await condvest(['verify', '--deep'], { home, env: SIMULATED });
  assert.equal(verified.code, 0, verified.out);
  const history = await json<readonly { readonly id: string }[]>(['pipeline', 'history'], home);
  assert.equal(history.length, 2);
});

test('a run told to stop finishes its step, says so, and makes way for the next run', async () => {
  await using folder = await temporaryFolder();
  const home = folder.path;
  await young(home);
  const stopped = await endedAt('plan', 'SIGTERM', ['pipeline', 'run'], home);
  assert.equal(stopped.code, 130, stopped.err);
  const { run } = await json<Details>(['pipeline', 'status'], home);
  assert.deepEqual([run.state, run.error], ['failed', 'Stopped before its end']);
  const next = await condvest(['pipeline', 'run'], { home, env: SIMULATED });
  assert.equal(next.code, 0, next.err);
});

test('of two concurrent runs, one works and the other is told which', async () => {
  await using folder = await temporaryFolder();
  const home = folder.path;
  await young(home);
  const run = (): Promise<Outcome> => condvest(['pipeline', 'run'], { home, env: SIMULATED });
  const outcomes = await Promise.all([run(), run()]);
  const refused = outcomes.filter(({ code }) => code === 1);
  // The slower run may start after the first has finished, and then has nothing to do.
  assert.ok(refused.length <= 1);
  for (const { err } of refused) assert.match(err, /Another run is in progress: .*condvest pipeline status/);
  assert.ok(outcomes.some(({ code }) => code === 0));
});

test('an unreachable store gives one clear message without the password, and exit code 1', async () => {
  await using folder = await temporaryFolder();
  const env = { ...SIMULATED, DATABASE_URL: 'postgres://u:hidden-word@127.0.0.1:1/db' };
  for (const args of [
    ['pipeline', 'status'],
    ['notify', 'digest'],
  ]) {
    const { code, err } = await condvest(args, { home: folder.path, env });
    assert.equal(code, 1);
    assert.match(err, /PostgreSQL at 127\.0\.0\.1:1\/db .*ECONNREFUSED/);
    assert.doesNotMatch(err, /hidden-word|at .*\.ts:\d+/);
  }
});

test('resuming an unknown run, or none, is rejected with the remedy', async () => {
  await using folder = await temporaryFolder();
  const home = folder.path;
  const unknown = await condvest(['pipeline', 'show', 'nothing'], { home, env: SIMULATED });
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /No run has this id: nothing\. .*condvest pipeline history/);
  assert.equal((await condvest(['pipeline', 'resume'], { home, env: SIMULATED })).code, 2);
});

test('notify test posts a signed request to the webhook and says which channels failed', async () => {
  const secret = 'a-secret-of-the-tests';
  await using hook = await WebhookReceiver.open();
  const { url } = hook;
  await using folder = await temporaryFolder();
  const env = { CONDVEST_WEBHOOK_URL: url, CONDVEST_WEBHOOK_SECRET: secret };
  const sent = await condvest(['notify', 'test'], { home: folder.path, env });
  assert.equal(sent.code, 0, sent.err);
  assert.match(sent.out, /webhook: delivered/);
  assert.deepEqual(
    hook.posts.map(({ headers, body }) => {
      const header = (name: string): string => String(headers[name]);
      return verifySignature(secret, header('x-condvest-timestamp'), body, header('x-condvest-signature'));
    }),
    [true],
  );
  await hook[Symbol.asyncDispose]();
  const gone = await condvest(['notify', 'test'], { home: folder.path, env });
  assert.equal(gone.code, 1);
  assert.match(gone.out, /console: delivered[\s\S]*webhook: FAILED: .*ECONNREFUSED/);
});
