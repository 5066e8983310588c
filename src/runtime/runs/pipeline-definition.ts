import { readFile } from 'node:fs/promises';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';

/**
 * Reads the definition of the daily pipeline, which lies beside the steps (in the package too). Its resource
 * placeholders are filled at deployment; here each becomes a made-up ARN that a local handler overrides.
 */
export async function readDefinition(): Promise<StateMachineDefinition> {
  const text = await readFile(new URL('../../batch/daily.asl.json', import.meta.url), 'utf8');
  const named = text.replaceAll(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:000000000000:function:$1');
  return JSON.parse(named) as StateMachineDefinition;
}
