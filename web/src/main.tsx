import { render } from 'preact';
import { followAddress } from './address.ts';
import { App } from './app.tsx';
import { followShortcuts } from './shortcuts.tsx';
import { followStatus } from './state/status.ts';
import './styles/palette.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/chart.css';
import './styles/market.css';
import './styles/pipeline.css';

const page = document.getElementById('page');
if (page === null) throw new Error('index.html has no #page');
followAddress();
followShortcuts();
followStatus();
render(<App />, page);
