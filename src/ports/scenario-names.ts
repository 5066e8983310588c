/** Faults between the simulated market and its callers, by name, for `CONDVEST_SCENARIO`. */
export const SCENARIOS = {
  'late-bars': 'every third symbol is missing until a session settles',
  'corrected-bars': 'four values in ten differ until a session settles',
  'partial-session':
    'one session in ten has four rows in ten; half of these stay that way, the others until 26 hours after the close',
  'missing-session':
    'one session in ten has no rows; half of these stay that way, the others until 50 hours after the close',
  'truncated-reply': 'the first response for one session in five breaks off',
  'bad-rows': 'every response has an invalid row',
  'duplicate-rows': 'every response has two rows twice, and until the session settles one of them with two values',
  outage: 'no response for three hours after the close of one session in five',
  'too-many-requests': 'the first request of each kind is rejected',
  'split-announced-ahead': 'splits are announced five sessions ahead; always the case, with any scenario or none',
  'late-split': 'splits are listed five sessions after their ex-date',
  'two-split-values': 'every split is listed with two ratios',
  rename: 'at the start of every quarter, one symbol changes',
  'reused-symbol':
    'at the start of every quarter, one security is delisted, and ten sessions later another one gets its symbol',
  delisting: 'at the start of every quarter, one security is delisted',
  'half-day': 'sessions that close at 13:00 by the calendar; always the case, with any scenario or none',
  'surprise-closure': 'on one session in fifty the exchange was closed, unknown to the calendar',
  slow: 'every response takes two seconds',
  restatement: 'one session in twenty changes 48 hours after it has settled',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
