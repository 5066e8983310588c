import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { address, PATHS, type ViewName } from './address.ts';
import { Banners } from './banners.tsx';
import { BuildingPanel, EmptyLake } from './building.tsx';
import { readChart, writeChart } from './chart/chart-address.ts';
import { ChartView } from './chart/chart-view.tsx';
import { Footer } from './footer.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { MarketView } from './market/market-view.tsx';
import { LoadError, MessageBox, SkeletonLines } from './parts/messages.tsx';
import { PipelineView } from './pipeline/pipeline-view.tsx';
import { ShortcutsDialog } from './shortcuts.tsx';
import { refreshStatus, status, statusError } from './state/status.ts';
import { TopBar } from './top-bar.tsx';

const TITLES: Readonly<Record<ViewName, string>> = {
  chart: 'Chart',
  market: 'Market',
  pipeline: 'Pipeline',
  unknown: 'Page not found',
};

export function App() {
  const { view, query } = address.value;
  const main = useRef<HTMLElement>(null);
  const shownView = useRef(view);
  const symbol = view === 'chart' ? query.get('symbol') : null;

  useEffect(() => {
    document.title = `${symbol ?? TITLES[view]} · Condvest`;
    // A new view is a new page to assistive technology, so the focus moves to its start.
    if (shownView.current !== view) main.current?.focus();
    shownView.current = view;
  }, [view, symbol]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to main content
      </a>
      <TopBar
        view={view}
        hrefOfSymbol={(next) =>
          writeChart({ ...readChart(view === 'chart' ? query : new URLSearchParams()), symbol: next, at: undefined })
        }
      />
      <Banners />
      <main id="main" ref={main} tabIndex={-1}>
        {renderView(view)}
      </main>
      <Footer />
      <KeyDialog />
      <ShortcutsDialog />
    </>
  );
}

function renderView(view: ViewName): ComponentChildren {
  if (view === 'unknown') {
    return (
      <div class="card">
        <MessageBox icon="search" title={TITLES.unknown} isPage>
          <p>Check the address for typos.</p>
          <a class="button" href={PATHS.chart}>
            Go to chart
          </a>
        </MessageBox>
      </div>
    );
  }
  const current = status.value;
  const error = statusError.value;
  if (current === undefined && error !== undefined) {
    return (
      <div class="card">
        <LoadError error={error} title="Couldn't load the lake" isPage onRetry={refreshStatus} />
      </div>
    );
  }
  // Views load only once the status is known, since the lake may still be empty.
  if (current === undefined) {
    return (
      <div class="card">
        <h1 class="visually-hidden">{TITLES[view]}</h1>
        <SkeletonLines lines={9} label="Loading" />
      </div>
    );
  }
  if (current.last_published === null) {
    if (current.building !== null) return <BuildingPanel building={current.building} />;
    if (view !== 'pipeline') return <EmptyLake isPage />;
  }
  if (view === 'chart') return <ChartView />;
  return view === 'market' ? <MarketView /> : <PipelineView />;
}
