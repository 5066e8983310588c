import type { CommandDefinition } from './command.ts';

/** The commands that fill the lake from a source and keep it true. */
export const NIGHTLY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'status',
    summary: 'say how complete and how final the lake is',
    description:
      'The range of the bars, up to where there is no hole, sessions by state, what is left to do, the latest run and open notices. ' +
      'Exits with 3 while something is left to do.',
    operands: [],
    options: [],
    examples: [{ line: 'condvest status', doc: 'at a glance' }],
    load: () => import('./status.ts'),
  },
  {
    name: 'fetch',
    summary: 'fetch what is missing, partial or about to settle',
    description:
      'Asks the source for the sessions that the ledger lacks, for those that came short, and for those whose corrections are over. ' +
      'Also brings listings, splits and dividends up to date. What is there already is not asked for again.',
    operands: [],
    options: [
      { flags: '--from <date>', doc: 'first session', defaultText: 'the first one in the lake' },
      { flags: '--to <date>', doc: 'last session', defaultText: 'the last one that has closed' },
      { flags: '--settle', doc: 'only sessions whose corrections are over' },
      { flags: '--again', doc: 'also sessions that have settled' },
    ],
    examples: [
      { line: 'condvest fetch', doc: 'everything that is due' },
      { line: 'condvest fetch --from 2026-11-02 --to 2026-11-06 --again', doc: 'one week once more' },
    ],
    load: () => import('./fetch.ts'),
  },
  {
    name: 'backfill',
    summary: 'fetch history',
    description:
      'Fetches every session of a range that the lake does not have, the newest first, within the request budget. It can be stopped ' +
      'at any time and goes on where it was. Ends at the horizon of your plan.',
    operands: [],
    options: [
      { flags: '--years <count>', doc: 'years up to today' },
      { flags: '--from <date>', doc: 'first session' },
      { flags: '--to <date>', doc: 'last session', defaultText: 'the last one that has closed' },
    ],
    examples: [
      { line: 'condvest backfill --years 2', doc: 'what the free plan has: two years' },
      { line: 'condvest backfill --from 2015-01-02 --to 2015-12-31', doc: 'one year' },
    ],
    load: () => import('./backfill.ts'),
  },
  {
    name: 'gaps',
    summary: 'list missing sessions, and symbols missing from sessions',
    description:
      'Sessions of the market that are missing or partial, and symbols that published sessions lack although they were listed. With a ' +
      'symbol: the sessions it is missing from. Exits with 3 where there are any.',
    operands: [{ name: 'symbol', doc: 'one symbol', required: false }],
    options: [{ flags: '--limit <count>', doc: 'lines of each list', defaultText: '20' }],
    examples: [
      { line: 'condvest gaps', doc: 'all gaps' },
      { line: 'condvest gaps AAPL', doc: 'sessions without a bar of AAPL' },
    ],
    load: () => import('./gaps.ts'),
  },
  {
    name: 'repair',
    summary: 'fetch what gaps lists',
    description: 'Fetches missing and partial sessions again, and with a symbol the sessions that it is missing from.',
    operands: [{ name: 'symbol', doc: 'one symbol', required: false }],
    options: [],
    examples: [{ line: 'condvest repair', doc: 'fill every hole that can be filled' }],
    load: () => import('./repair.ts'),
  },
  {
    name: 'quality',
    summary: 'list what is odd about the stored bars',
    description:
      'Refused rows with their reasons; bars without volume; jumps without a split and splits without their jump; sessions with far ' +
      'more or fewer bars than their neighbours.',
    operands: [],
    options: [
      { flags: '--session <date>', doc: 'one session' },
      { flags: '--from <date>', doc: 'first session' },
      { flags: '--to <date>', doc: 'last session' },
      { flags: '--limit <count>', doc: 'findings of each kind', defaultText: '10' },
    ],
    examples: [
      { line: 'condvest quality', doc: 'the whole lake' },
      { line: 'condvest quality --session 2026-11-23', doc: 'one session' },
    ],
    load: () => import('./quality.ts'),
  },
  {
    name: 'pipeline',
    summary: 'run the daily pipeline, or look at its runs',
    description:
      'run: plan, fetch, record, resample, consolidate, verify and report, once. resume: a run again with its input; what is done is ' +
      'not done twice. status: the latest run. history: the last runs. show: one run with its steps.',
    operands: [
      { name: 'action', doc: 'run, resume, status, history or show', required: false },
      { name: 'run', doc: 'id of a run, for resume and show', required: false },
    ],
    options: [
      { flags: '--session <date>', doc: 'run: only this session' },
      { flags: '--limit <count>', doc: 'history: runs shown', defaultText: '20' },
    ],
    examples: [
      { line: 'condvest pipeline run', doc: 'what `condvest up` does after each close' },
      { line: 'condvest pipeline history', doc: 'the last runs' },
    ],
    load: () => import('./pipeline.ts'),
  },
  {
    name: 'notify',
    summary: 'test the notices, or list them',
    description:
      'test: sends a notice through every configured channel. digest: what is open now; with --all also what is over.',
    operands: [{ name: 'action', doc: 'test or digest', required: true }],
    options: [
      { flags: '--all', doc: 'digest: also what is over' },
      { flags: '--limit <count>', doc: 'digest: notices shown', defaultText: '20' },
    ],
    examples: [
      { line: 'condvest notify test', doc: 'proves that notices arrive' },
      { line: 'condvest notify digest', doc: 'everything that a person should know of now' },
    ],
    load: () => import('./notify.ts'),
  },
];
