import { plural } from '#base/plural.ts';
import { type QualityTaskReport, qualityTask } from '#runtime/tasks/fetch-tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { NO_BARS_YET } from './no-bars.ts';
import { dateOption, wholeOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const LIMIT_DEFAULT = 10;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const session = dateOption(invocation, 'session');
  const from = session ?? dateOption(invocation, 'from');
  const to = session ?? dateOption(invocation, 'to');
  const limit = wholeOption(invocation, 'limit', 1, 100_000) ?? LIMIT_DEFAULT;
  const found = await withReader(invocation, (app) => qualityTask(app, { from, to, limit }));
  await report(terminal, found, () => describeQuality(found));
  return 0;
}

const MEANINGS: Readonly<Record<string, string>> = {
  'no-volume': 'bars without volume',
  'jump-without-split': 'jumps in the close without a split',
  'split-without-jump': 'splits without a jump in the prices',
  'off-median': 'sessions with far more or fewer bars than their neighbors',
};

/** Describes the warnings about the stored bars, line by line. */
export function describeQuality(found: QualityTaskReport): string[] {
  const { quarantined, warnings, examples } = found;
  const lines: string[] = [];
  if (found.from === undefined && quarantined.length === 0) return [NO_BARS_YET];
  if (found.from !== undefined && found.to !== undefined)
    lines.push(`${plural(found.rows, 'bar')}, ${found.from} to ${found.to}`);
  for (const { dataset, reason, rows, example } of quarantined)
    lines.push('', `rejected rows of ${dataset}, ${reason}: ${formatCount(rows)}`, `  for example ${example}`);
  for (const [kind, count] of Object.entries(warnings)) {
    lines.push('', `${MEANINGS[kind] ?? kind}: ${formatCount(count)}`);
    for (const one of examples.filter((example) => example.kind === kind))
      lines.push(`  ${one.date}  ${one.symbol.padEnd(8)} ${one.detail}`);
    const shown = examples.filter((example) => example.kind === kind).length;
    if (count > shown) lines.push(`  … and ${formatCount(count - shown)} more: --limit ${count}`);
  }
  if (quarantined.length === 0 && Object.keys(warnings).length === 0) lines.push('No warnings.');
  return lines;
}
