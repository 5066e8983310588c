import { useEffect } from 'preact/hooks';
import { address, go, href } from '../address.ts';
import { day, instant, plural } from '../format.ts';
import { followLive } from '../state/live.ts';
import { status } from '../state/status.ts';
import { Gaps, QualityFindings } from './findings.tsx';
import { Ledger } from './ledger.tsx';
import { Notices } from './notices.tsx';
import { MissingSessions, RowsPanel } from './rows-panel.tsx';
import { Runs } from './runs.tsx';
import { SessionFacts } from './session-facts.tsx';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function PipelineView() {
  const { query } = address.value;
  const run = query.get('run') ?? undefined;
  const asked = query.get('session') ?? '';
  const session = DATE.test(asked) ? asked : undefined;
  const rows = query.get('rows');
  const gap = query.get('gap');
  useEffect(followLive, []);
  return (
    <>
      <div class="heading">
        <div>
          <h1>Pipeline</h1>
          <p class="soft small">{subtitle()}</p>
        </div>
      </div>
      <div class="pipeline-grid">
        <Notices />
        <Runs asked={run} />
        <div class="pipeline-column">
          <Ledger chosen={session} onChoose={(next) => go(href('pipeline', { run, session: next }))} />
          {session === undefined ? null : <SessionFacts session={session} />}
          {rows === 'quarantine' || rows === 'restatements' ? (
            <RowsPanel key={rows} route={rows} session={session} reason={query.get('reason') ?? undefined} />
          ) : null}
          {gap === null ? null : <MissingSessions key={gap} symbol={gap} />}
          <div class="findings-grid">
            <Gaps />
            <QualityFindings />
          </div>
        </div>
      </div>
    </>
  );
}

const SOURCES: Readonly<Record<string, string>> = {
  simulated: 'a simulated market',
  massive: 'Massive',
  'flat-files': 'flat files',
};

function subtitle(): string {
  const now = status.value;
  if (now === undefined) return 'How days get into the lake';
  const parts = [
    now.source === null ? 'Nothing is fetched by this server' : `Days come from ${SOURCES[now.source] ?? now.source}`,
    now.lake.last_fetch_ms === null ? '' : `last fetched ${instant(now.lake.last_fetch_ms)}`,
    now.lake.watermark === null ? '' : `without a hole up to ${day(now.lake.watermark)}`,
    now.work_count === 0 ? 'nothing left to do' : `${plural(now.work_count, 'session')} left to do`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
