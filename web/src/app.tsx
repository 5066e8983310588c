import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { address, go, PATHS, type ViewName } from './address.ts';
import { Banners } from './banners.tsx';
import { BuildingPanel, EmptyLake } from './building.tsx';
import { readChart, writeChart } from './chart/chart-address.ts';
import { ChartView } from './chart/chart-view.tsx';
import { Foot } from './foot.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { MarketView } from './market/market-view.tsx';
import { Failure, NoticeBox, SkeletonLines } from './parts/placeholders.tsx';
import { PipelineView } from './pipeline/pipeline-view.tsx';
import { ShortcutsDialog } from './shortcuts.tsx';
import { askNow, status, statusError } from './state/status.ts';
import { TopBar } from './top-bar.tsx';

const TITLES: Readonly<Record<ViewName, string>> = {
  chart: 'Chart',
  market: 'Market',
  pipeline: 'Pipeline',
  unknown: 'Nothing here',
};

export function App() {
  const { view, query } = address.value;
  const main = useRef<HTMLElement>(null);
  const shown = useRef(view);
  const symbol = view === 'chart' ? query.get('symbol') : null;

  useEffect(() => {
    document.title = `${symbol ?? TITLES[view]} · Condvest`;
    // Another view is another page: the focus goes to its beginning, as it would have.
    if (shown.current !== view) main.current?.focus();
    shown.current = view;
  }, [view, symbol]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopBar
        view={view}
        onSymbol={(next) => {
          const chart = readChart(view === 'chart' ? query : new URLSearchParams());
          go(writeChart({ ...chart, symbol: next, from: undefined, to: undefined }));
        }}
      />
      <Banners />
      <main id="main" ref={main} tabIndex={-1}>
        {contentOf(view)}
      </main>
      <Foot />
      <KeyDialog />
      <ShortcutsDialog />
    </>
  );
}

function contentOf(view: ViewName): ComponentChildren {
  if (view === 'unknown') {
    return (
      <div class="card">
        <NoticeBox icon="search" title="There is no such page" isPage>
          <p>The address may be mistyped.</p>
          <a class="button" href={PATHS.chart}>
            To the chart
          </a>
        </NoticeBox>
      </div>
    );
  }
  const now = status.value;
  const error = statusError.value;
  if (now === undefined && error !== undefined) {
    return (
      <div class="card">
        <Failure error={error} title="The lake cannot be shown" isPage onRetry={askNow} />
      </div>
    );
  }
  // What a view would ask for may not be there yet: the status says so, and comes first.
  if (now === undefined) {
    return (
      <div class="card">
        <h1 class="unseen">{TITLES[view]}</h1>
        <SkeletonLines lines={9} label="Loading" />
      </div>
    );
  }
  if (now.last_published === null) {
    if (now.building !== null) return <BuildingPanel building={now.building} />;
    if (view !== 'pipeline') return <EmptyLake />;
  }
  if (view === 'chart') return <ChartView />;
  return view === 'market' ? <MarketView /> : <PipelineView />;
}
