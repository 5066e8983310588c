import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDetails } from './pipeline.ts';

test('what a step has to say is told whole, below the table where it is long', () => {
  const run = {
    id: 'r',
    kind: 'daily',
    state: 'succeeded',
    startedMs: 0,
    endedMs: 1000,
    tries: 1,
    input: '{}',
  } as const;
  const step = { runId: 'r', attempt: 1, state: 'succeeded', startedMs: 0, endedMs: 1, rows: 0, error: null } as const;
  const detail = '0 listed, 0 delisted, 0 splits, 0 dividends, 10 events refused';
  const lines = describeDetails(
    {
      run: { ...run, output: null, error: null },
      steps: [
        { ...step, step: 'plan', detail: '1 sessions' },
        { ...step, step: 'fetch reference', detail },
      ],
    },
    80,
  );
  assert.equal(lines.at(-1), `fetch reference, try 1: ${detail}`);
  assert.ok(!lines.some((line) => line.startsWith('plan, try')));
});
