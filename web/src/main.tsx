import { render } from 'preact';
import { startRouter } from './address.ts';
import { App } from './app.tsx';
import { listenForShortcuts } from './shortcuts.tsx';
import { startStatusPolling } from './state/status.ts';
import './styles/palette.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/chart.css';
import './styles/market.css';
import './styles/pipeline.css';

const page = document.getElementById('page');
if (page === null) throw new Error('index.html has no #page');
startRouter();
listenForShortcuts();
startStatusPolling();
render(<App />, page);
