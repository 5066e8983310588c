import { CLOCK_OPTION, type CommandDefinition } from './command.ts';

/** Commands that fill the lake from a source and keep it correct. */
export const NIGHTLY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'status',
    summary: 'show how complete and how final the lake is',
    description:
      'Shows the range of the bars, the date up to which it is complete, sessions by state, sessions to fetch, the latest run, open ' +
      'notices, and notices that could not be delivered. Exits with 3 while sessions are to be fetched.',
    examples: [{ line: 'condvest status', doc: 'at a glance' }],
    load: () => import('./status.ts'),
  },
  {
    name: 'fetch',
    summary: 'fetch sessions that are missing, partial or about to settle',
    description:
      'Fetches the sessions that the ledger lacks, those that are partial, and those whose correction window has ended. ' +
      'Also updates listings, splits and dividends. Complete sessions are not fetched again.',
    options: [
      { flags: '--from <date>', doc: 'first session', defaultText: 'the first session in the lake' },
      { flags: '--to <date>', doc: 'last session', defaultText: 'the last closed session' },
      { flags: '--settle', doc: 'only sessions whose correction window has ended' },
      { flags: '--again', doc: 'also settled sessions' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest fetch', doc: 'everything that is due' },
      { line: 'condvest fetch --from 2026-11-02 --to 2026-11-06 --again', doc: 'one week again' },
    ],
    load: () => import('./fetch.ts'),
  },
  {
    name: 'backfill',
    summary: 'fetch history',
    description:
      'Fetches every session of a range that the lake does not have, newest first, within the request budget. It can be stopped ' +
      'at any time and resumes where it left off. Ends at the horizon of your plan.',
    options: [
      { flags: '--years <count>', doc: 'years up to today' },
      { flags: '--from <date>', doc: 'first session' },
      { flags: '--to <date>', doc: 'last session', defaultText: 'the last closed session' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest backfill --years 2', doc: 'two years, the history of the free plan' },
      { line: 'condvest backfill --from 2015-01-02 --to 2015-12-31', doc: 'one year' },
    ],
    load: () => import('./backfill.ts'),
  },
  {
    name: 'gaps',
    summary: 'list missing sessions, and symbols missing from sessions',
    description:
      'Lists missing and partial sessions, and symbols without a bar in sessions in which they were listed. With a ' +
      'symbol: the sessions it is missing from. Exits with 3 if there are any.',
    operands: [{ name: 'symbol', doc: 'one symbol', required: false }],
    options: [{ flags: '--limit <count>', doc: 'lines per list', defaultText: '20' }],
    examples: [
      { line: 'condvest gaps', doc: 'all gaps' },
      { line: 'condvest gaps AAPL', doc: 'sessions without a bar of AAPL' },
    ],
    load: () => import('./gaps.ts'),
  },
  {
    name: 'repair',
    summary: 'fetch the sessions that gaps lists',
    description:
      'Fetches missing and partial sessions, and with a symbol the sessions it is missing from. With --damaged, it first removes files ' +
      'that are gone or damaged from their tables, so that the sessions in them are fetched again and N-session bars are rebuilt.',
    operands: [{ name: 'symbol', doc: 'one symbol', required: false }],
    options: [
      { flags: '--damaged', doc: 'remove damaged files and bring back what was in them' },
      { flags: '--dry-run', doc: 'with --damaged: report the damage without writing anything' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest repair', doc: 'fill every gap that can be filled' },
      { line: 'condvest repair --damaged --dry-run', doc: 'list damaged files and the sessions in them' },
    ],
    load: () => import('./repair.ts'),
  },
  {
    name: 'restore',
    summary: 'bring back an earlier version of a table',
    description:
      'Commits a new version with the rows of an earlier one: the way to undo an import. Versions in between stay readable as they ' +
      'were. The ledger follows (a session without bars is missing again), and N-session bars and restatements are derived again. ' +
      'Writes made since that version are undone too; --dry-run shows what would change.',
    operands: [
      {
        name: 'table',
        doc: 'daily_bars, splits, dividends, listings or quarantine; others are derived',
        required: true,
      },
    ],
    options: [
      { flags: '--version <number>', doc: 'the version, as condvest history lists it' },
      { flags: '--as-of <instant>', doc: 'the last version at this instant: with its zone, or a date' },
      { flags: '--empty', doc: 'the state before the first version' },
      { flags: '--dry-run', doc: 'report what would change without writing anything' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest restore daily_bars --version 41', doc: 'undo what came after version 41' },
      { line: 'condvest restore splits --as-of 2026-11-23T21:00:00Z --dry-run', doc: 'what has changed since then' },
    ],
    load: () => import('./restore.ts'),
  },
  {
    name: 'quality',
    summary: 'list rejected rows and warnings',
    description:
      'Lists rejected rows with their reasons, bars without volume, jumps without a split, splits without a jump, and sessions with ' +
      'far more or fewer bars than their neighbors.',
    options: [
      { flags: '--session <date>', doc: 'one session' },
      { flags: '--from <date>', doc: 'first session' },
      { flags: '--to <date>', doc: 'last session' },
      { flags: '--limit <count>', doc: 'examples of each kind', defaultText: '10' },
    ],
    examples: [
      { line: 'condvest quality', doc: 'the whole lake' },
      { line: 'condvest quality --session 2026-11-23', doc: 'one session' },
    ],
    load: () => import('./quality.ts'),
  },
  {
    name: 'pipeline',
    summary: 'run the daily pipeline, or show its runs',
    description:
      'run: plan, fetch, record, resample, consolidate, verify and report, once. resume: repeat a run with its input, without redoing ' +
      'completed work. status: the latest run. history: the latest runs. show: one run with its steps.',
    operands: [
      { name: 'action', doc: 'run, resume, status, history or show', required: false },
      { name: 'run', doc: 'run id, for resume and show', required: false },
    ],
    options: [
      { flags: '--session <date>', doc: 'run: only this session' },
      { flags: '--limit <count>', doc: 'history: number of runs', defaultText: '20' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest pipeline run', doc: 'what `condvest up` does after each close' },
      { line: 'condvest pipeline history', doc: 'the latest runs' },
    ],
    load: () => import('./pipeline.ts'),
  },
  {
    name: 'notify',
    summary: 'test the notification channels, or list notices',
    description:
      'test: sends a notice through every configured channel. digest: lists open notices, and those that could not be delivered.',
    operands: [{ name: 'action', doc: 'test or digest', required: true }],
    options: [
      { flags: '--all', doc: 'digest: also resolved notices' },
      { flags: '--limit <count>', doc: 'digest: number of notices', defaultText: '20' },
    ],
    examples: [
      { line: 'condvest notify test', doc: 'check that notices arrive' },
      { line: 'condvest notify digest', doc: 'everything that needs attention now' },
    ],
    load: () => import('./notify.ts'),
  },
];
