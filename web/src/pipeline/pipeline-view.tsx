import { useEffect } from 'preact/hooks';
import { address, href, navigate } from '../address.ts';
import { day, instant, plural, sourceName } from '../format.ts';
import { subscribeLive } from '../state/live.ts';
import { status } from '../state/status.ts';
import { Gaps, QualityFindings } from './findings.tsx';
import { Ledger } from './ledger.tsx';
import { Notices } from './notices.tsx';
import { MissingSessions, RowsPanel } from './rows-panel.tsx';
import { Runs } from './runs.tsx';
import { SessionDetails } from './session-details.tsx';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function PipelineView() {
  const { query } = address.value;
  const run = query.get('run') ?? undefined;
  const parameter = query.get('session') ?? '';
  const session = DATE.test(parameter) ? parameter : undefined;
  const rows = query.get('rows');
  const gap = query.get('gap');
  useEffect(subscribeLive, []);
  return (
    <>
      <div class="heading">
        <div>
          <h1>Pipeline</h1>
          <p class="muted small">{subtitle()}</p>
        </div>
      </div>
      <div class="pipeline-grid">
        <Notices />
        <Runs requested={run} />
        <div class="pipeline-column">
          <Ledger selected={session} onSelect={(next) => navigate(href('pipeline', { run, session: next }))} />
          {session === undefined ? null : <SessionDetails session={session} />}
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

function subtitle(): string {
  const current = status.value;
  if (current === undefined) return 'Data ingestion and quality';
  const { source, lake, work_count } = current;
  const parts = [
    source === null ? "This server doesn't fetch data" : `Source: ${sourceName(source)}`,
    lake.last_fetch_ms === null ? '' : `Last fetched ${instant(lake.last_fetch_ms)}`,
    lake.watermark === null ? '' : `Complete through ${day(lake.watermark)}`,
    work_count === 0 ? 'Nothing pending' : `${plural(work_count, 'session')} pending`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
