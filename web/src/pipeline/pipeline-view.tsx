import { useEffect } from 'preact/hooks';
import { address, href, navigate } from '../address.ts';
import { EmptyLake } from '../building.tsx';
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
  const isEmpty = status.value?.last_published == null;
  useEffect(subscribeLive, []);
  useEffect(() => uncover(session), [session]);
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
        <div class="pipeline-side">
          {isEmpty || session === undefined ? null : (
            <SessionDetails key={session} session={session} closeHref={href('pipeline', { run })} />
          )}
          {rows === 'quarantine' || rows === 'restatements' ? (
            <RowsPanel key={rows} route={rows} session={session} reason={query.get('reason') ?? undefined} />
          ) : null}
          {gap === null ? null : <MissingSessions key={gap} symbol={gap} />}
          <Runs requested={run} />
        </div>
        <div class="pipeline-column">
          {isEmpty ? (
            <EmptyLake />
          ) : (
            <>
              <Ledger selected={session} onSelect={(next) => navigate(href('pipeline', { run, session: next }))} />
              <div class="findings-grid">
                <Gaps />
                <QualityFindings />
              </div>
            </>
          )}
        </div>
      </div>
    </>
  );
}

/** Scrolls a session of the calendar above the drawer, where that comes up from the bottom. */
function uncover(session: string | undefined): void {
  const cell = document.querySelector(`[data-session="${session}"]`)?.getBoundingClientRect();
  const drawer = document.querySelector('.drawer')?.getBoundingClientRect();
  const isAtBottom = drawer !== undefined && drawer.width >= document.documentElement.clientWidth;
  if (cell === undefined || !isAtBottom) return;
  // As high as the drawer becomes once it is filled.
  const top = innerHeight / 2;
  if (cell.bottom > top) scrollBy(0, cell.bottom - top + UNCOVERED_PX);
}

const UNCOVERED_PX = 24;

function subtitle(): string {
  const current = status.value;
  if (current === undefined) return 'Data ingestion and quality';
  const { source, lake, work_count } = current;
  const parts = [
    source === null ? "This server doesn't fetch data" : `Source: ${sourceName(source)}`,
    lake.last_fetch_ms === null ? '' : `Last fetched ${instant(lake.last_fetch_ms)}`,
    lake.watermark === null ? '' : `Complete through ${day(lake.watermark)}`,
    lake.first === null
      ? 'No sessions yet'
      : work_count === 0
        ? 'Nothing pending'
        : `${plural(work_count, 'session')} pending`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
