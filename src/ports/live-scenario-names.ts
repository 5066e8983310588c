/** Faults of the simulated live feed, by name. */
export const LIVE_SCENARIOS = {
  'late-prints': 'one trade in 200 arrives 2.1 s, 14 min or 16 min after its event time',
  busts: 'one trade in 500 is followed by one at a wild price, which is canceled within 25 min',
  'trade-corrections': 'one trade in 500 has a wrong price or size, which is corrected within 25 min',
  'duplicate-trades': 'one trade in 50 arrives twice, and some of these three times',
  'out-of-order': 'one trade in three arrives up to 1.9 s after its event time, behind later ones',
  disconnects: 'once an hour the connection is lost for 30 s, and once a day for 10 min',
  'silent-socket': 'once an hour the connection stays open for two minutes and nothing arrives',
  halts: 'one security in five is halted for some minutes within the session',
  'malformed-frames':
    'once a minute a frame arrives that is cut off, is not a list, or has values that are not allowed',
  'unknown-condition': 'one trade in 100 has a condition that no table knows',
  'key-elsewhere': 'once a day another program takes the connection, for 12 minutes',
  'feed-refused': 'the first three attempts to connect are refused',
  rebroadcast: 'one minute bar in ten is sent without its last trade, and again up to 14 min later',
  burst: 'once an hour the feed holds everything back for a minute, and then sends it at once',
  'clock-ahead': 'the feed is an hour ahead of the clock of this machine',
  'recovery-short': 'trades are known for five minutes only, so a longer loss cannot be recovered',
} as const;

export type LiveScenarioName = keyof typeof LIVE_SCENARIOS;

export const LIVE_SCENARIO_NAMES = Object.keys(LIVE_SCENARIOS) as LiveScenarioName[];
