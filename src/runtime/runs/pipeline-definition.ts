import { readFile } from 'node:fs/promises';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';

/**
 * The daily pipeline's definition. It lies beside the steps, also in the package; the resources are put in where it is
 * deployed, and here each is overridden by a handler.
 */
export async function readDefinition(): Promise<StateMachineDefinition> {
  const text = await readFile(new URL('../../batch/daily.asl.json', import.meta.url), 'utf8');
  const named = text.replaceAll(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:000000000000:function:$1');
  return JSON.parse(named) as StateMachineDefinition;
}
