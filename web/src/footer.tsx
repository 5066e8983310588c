import { openShortcuts } from './shortcuts.tsx';
import { status } from './state/status.ts';

export function Footer() {
  const version = status.value?.version;
  return (
    <footer class="footer">
      <span>Condvest{version === undefined ? '' : ` ${version}`}</span>
      <a href="/condvest/docs">API reference</a>
      <button type="button" onClick={openShortcuts}>
        Keyboard shortcuts
      </button>
      {/* The chart library's license requires this link wherever its charts are shown. */}
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
