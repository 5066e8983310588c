import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import type { ListedSecurity, ListingsIndex } from '#ports/listings-index.ts';
import type { OpenTwice } from './sql-stores.ts';

/** Contract of `ListingsIndex` over any database. Two stores over one database stand for two processes. */
export function listingsIndexContract(name: string, open: OpenTwice): void {
  describe(`with the listings index over ${name},`, () => {
    let first: ListingsIndex;
    let second: ListingsIndex;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      const stores = await open();
      [first, second, close] = [stores.first.listings, stores.second.listings, stores.close];
    });
    after(() => close?.());

    test('listings are replaced as a whole, and found by the beginning of a symbol or part of a name', async () => {
      const row = (symbol: string, label: string | null): ListedSecurity => ({
        securityId: symbol,
        symbol,
        firstSession: isoDate('2020-01-02'),
        lastSession: null,
        name: label,
        type: 'CS',
        exchange: 'XNYS',
      });
      const many = Array.from({ length: 1200 }, (_, index) => row(`X${index}`, `Number ${index}`));
      await first.replace(many, 0);
      await second.replace([row('AA', 'Alcoa'), row('AAPL', 'Apple'), row('BACpB', '100% Bank_A'), row('ZA', null)], 1);
      const search = async (text: string): Promise<string[]> =>
        (await first.search(text, 10)).map(({ symbol }) => symbol);
      assert.deepEqual(await search('AA'), ['AA', 'AAPL']);
      assert.deepEqual(await search('appl'), ['AAPL']);
      assert.deepEqual(await search('%'), ['BACpB']);
      assert.deepEqual(await search('_a'), ['BACpB']);
      assert.deepEqual(await search('X1'), []);
    });
  });
}
