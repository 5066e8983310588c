/** Message for a lake without bars. */
export const NO_BARS_YET = 'There are no daily bars yet. Fetch some with: condvest backfill --years 2, or condvest up';
