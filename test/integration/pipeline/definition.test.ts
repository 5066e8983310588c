import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StateMachine } from 'aws-local-stepfunctions';
import { CondvestError } from '#base/errors.ts';
import { readDefinition } from '#runtime/runs/pipeline-definition.ts';
import { StepError } from '#runtime/runs/step-recorder.ts';

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
}

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine;
  readonly ItemsPath?: string;
}

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const definition = (await readDefinition()) as unknown as Machine;

/** This machine and those inside it. */
function machinesOf(machine: Machine): Machine[] {
  const inner = Object.values(machine.States).flatMap(({ Branches = [], ItemProcessor }) =>
    ItemProcessor === undefined ? [...Branches] : [...Branches, ItemProcessor],
  );
  return [machine, ...inner.flatMap(machinesOf)];
}

const machines = machinesOf(definition);
const states = machines.flatMap(({ States }) => Object.entries(States));
const tasks = states.filter(([, { Type }]) => Type === 'Task');

test('the definition is valid by the published schema of the language', () => {
  assert.doesNotThrow(() => new StateMachine(definition as never));
  const broken = { ...definition, States: { ...definition.States, Plan: { Type: 'Tusk', Next: 'IsThereWork' } } };
  assert.throws(() => new StateMachine(broken as never));
});

test('every state is reached, every way leads to a state of its own machine', () => {
  for (const { StartAt, States } of machines) {
    const targets = new Set([StartAt]);
    for (const [name, { Next, Default, Catch = [], Choices = [] }] of Object.entries(States)) {
      const ways = [Next, Default, ...Catch.map((one) => one.Next), ...Choices.map((one) => one.Next)];
      for (const way of ways) {
        if (way === undefined) continue;
        assert.ok(way in States, `${name} leads to ${way}`);
        targets.add(way);
      }
    }
    assert.deepEqual(targets, new Set(Object.keys(States)));
  }
});

test('every task is tried twice more, with longer waits, by the name that a transient failure is raised under', () => {
  const transient = new StepError(new CondvestError({ code: 'c', kind: 'transient', message: 'm' }));
  assert.ok(tasks.length >= 8);
  for (const [name, { Retry = [] }] of tasks) {
    const retrier = Retry[0] ?? assert.fail(`${name} is not retried`);
    assert.ok(retrier.ErrorEquals.includes(transient.name), `${name} is retried by ${transient.name}`);
    assert.deepEqual([Retry.length, retrier.MaxAttempts], [1, 2], name);
    assert.ok(retrier.IntervalSeconds > 0 && retrier.BackoffRate > 1, `${name} backs off`);
    for (const kind of ['permanent', 'corrupt'] as const) {
      const error = new StepError(new CondvestError({ code: 'c', kind, message: 'm' }));
      assert.ok(!retrier.ErrorEquals.includes(error.name), `${name} is not retried by ${error.name}`);
    }
  }
});

test('every task but the report catches whatever it raises, and all ways lead to the report and the choice after it', () => {
  for (const [name, { Catch = [] }] of tasks) {
    if (name === 'Report') continue;
    assert.deepEqual(Catch[0]?.ErrorEquals, ['States.ALL'], name);
  }
  const { States } = definition;
  const after = new Map<string, Set<string>>();
  const reach = (name: string): Set<string> => {
    const known = after.get(name);
    if (known !== undefined) return known;
    const found = new Set([name]);
    after.set(name, found);
    const { Next, Default, Catch = [], Choices = [] } = States[name] ?? assert.fail(name);
    for (const way of [Next, Default, ...Catch.map((one) => one.Next), ...Choices.map((one) => one.Next)])
      if (way !== undefined) for (const one of reach(way)) found.add(one);
    return found;
  };
  for (const name of Object.keys(States)) {
    if (['Report', 'DidAllSucceed', 'Failed', 'Done'].includes(name)) continue;
    assert.ok(reach(name).has('Report') && reach(name).has('Failed'), name);
  }
  assert.equal(States['Report']?.Next, 'DidAllSucceed');
});

test('intervals are a map over what the plan says, and the fetch steps stand by themselves', () => {
  const { ResampleAll, Fetch } = definition.States;
  assert.deepEqual([ResampleAll?.Type, ResampleAll?.ItemsPath], ['Map', '$.plan.intervals']);
  assert.deepEqual(
    Fetch?.Branches?.map(({ StartAt }) => StartAt),
    ['FetchBars', 'FetchReference'],
  );
});
