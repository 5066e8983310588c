/** Time until help is shown: the whole process, from the launcher to the last line, compared with an empty Node. */
import { spawnSync } from 'node:child_process';

const LIMIT_MS = 300;
const RUNS = 9;

function medianMs(command: string, args: readonly string[]): number {
  const times = Array.from({ length: RUNS }, () => {
    const startMs = performance.now();
    const { status } = spawnSync(command, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
    return performance.now() - startMs;
  });
  return times.toSorted((a, b) => a - b)[RUNS >> 1] ?? Number.NaN;
}

const emptyMs = medianMs(process.execPath, ['-e', '0']);
for (const args of [['--help'], ['bars', '--help']]) {
  const ms = medianMs('./condvest', args);
  const verdict = ms <= LIMIT_MS ? 'within' : 'OVER';
  process.stdout.write(
    `condvest ${args.join(' ')}: ${ms.toFixed(0)} ms (limit ${LIMIT_MS}: ${verdict}), ${(ms / emptyMs).toFixed(1)} × an empty Node\n`,
  );
}
