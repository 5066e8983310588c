/** What is said of a lake that holds nothing to look at. */
export const NO_BARS_YET = 'There are no daily bars yet. Fetch some: condvest backfill --years 2, or condvest up';
