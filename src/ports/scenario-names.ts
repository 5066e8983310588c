/** What can go wrong between the simulated market and those who fetch from it, by name, for `CONDVEST_SCENARIO`. */
export const SCENARIOS = {
  'late-bars': 'every third symbol is missing until a session settles',
  'corrected-bars': 'four values in ten differ until a session settles',
  'partial-session':
    'one session in ten has four rows in ten, every second of these for ever, the others until 26 hours after the close',
  'missing-session':
    'one session in ten has no row, every second of these for ever, the others until 50 hours after the close',
  'truncated-reply': 'the first reply for one session in five breaks off',
  'bad-rows': 'every reply has a row that cannot be right',
  'duplicate-rows': 'every reply has two rows twice, and until the session settles one with two values',
  outage: 'no answer for three hours after the close of one session in five',
  'too-many-requests': 'the first request for each thing is refused',
  'split-announced-ahead': 'splits are announced five sessions ahead: always so, with any scenario or none',
  'late-split': 'splits are listed five sessions after their ex-date',
  'two-split-values': 'every split is listed with two ratios',
  rename: 'at the start of every quarter a symbol changes',
  'reused-symbol':
    'at the start of every quarter a security ceases to trade, and ten sessions later another one has its symbol',
  delisting: 'at the start of every quarter a security ceases to trade',
  'half-day': 'sessions that close at 13:00, by the calendar: always so, with any scenario or none',
  'surprise-closure': 'one session in fifty was none, and the calendar does not know',
  slow: 'every answer takes two seconds',
  restatement: 'one session in twenty changes 48 hours after it has settled',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
