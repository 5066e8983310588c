import { openShortcuts } from './shortcuts.tsx';
import { status } from './state/status.ts';

export function Foot() {
  const version = status.value?.version;
  return (
    <footer class="foot">
      <span>Condvest{version === undefined ? '' : ` ${version}`}</span>
      <a href="/condvest/docs">API reference</a>
      <button type="button" onClick={openShortcuts}>
        Keys
      </button>
      {/* The chart library's licence asks for this link where its charts are shown. */}
      <span>
        Charts by{' '}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          TradingView
        </a>{' '}
        Lightweight Charts™
      </span>
    </footer>
  );
}
