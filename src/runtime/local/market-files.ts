import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { storeFailure } from '#adapters/fs/failure.ts';
import { SimulatedMarket } from '#adapters/simulator/market.ts';
import type { IsoDate } from '#base/dates.ts';
import type { AppContext, MarketFiles } from '../app.ts';
import type { SimulatedMarketSettings } from '../home-folder/simulated-market.ts';

/** Writes the market up to and including `to` as CSV files into the temporary folder, in the columns that `import` reads. */
export async function writeMarketFiles(
  { calendar, tempFolder }: Pick<AppContext, 'calendar' | 'tempFolder'>,
  settings: SimulatedMarketSettings,
  to: IsoDate,
  onProgress: (done: number, total: number, detail: string) => void,
): Promise<MarketFiles> {
  const market = new SimulatedMarket({ calendar, ...settings, to });
  const path = (name: string): string => join(tempFolder, `${name}.csv`);
  await using bars = await CsvFile.open(path('bars'), 'symbol,session,open,high,low,close,volume,vwap,trades');
  await using splits = await CsvFile.open(path('splits'), 'symbol,ex_date,split_from,split_to');
  await using dividends = await CsvFile.open(
    path('dividends'),
    'symbol,ex_date,kind,cash_amount,declaration_date,record_date,pay_date,frequency',
  );
  await using listings = await CsvFile.open(
    path('listings'),
    'security_id,symbol,first_session,last_session,name,type,exchange',
  );
  let rows = 0;
  let done = 0;
  const events = { splits: 0, dividends: 0 };
  for (const session of market.replay()) {
    const { symbol, open, high, low, close, volume, vwap, trades } = session.bars;
    let text = '';
    for (const [i, name] of symbol.entries()) {
      text += `${name},${session.session},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]},${vwap[i]},${trades[i]}\n`;
    }
    await bars.write(text);
    events.splits += session.splits.length;
    events.dividends += session.dividends.length;
    for (const split of session.splits)
      await splits.write(`${split.symbol},${split.exDate},${split.splitFrom},${split.splitTo}\n`);
    for (const { symbol: name, exDate, kind, cashAmount, ...details } of session.dividends) {
      const { declarationDate, recordDate, payDate, frequency } = details;
      const columns = [name, exDate, kind, cashAmount, declarationDate, recordDate, payDate, frequency];
      await dividends.write(`${columns.join(',')}\n`);
    }
    rows += symbol.length;
    done += 1;
    if (done % 50 === 0) onProgress(done, market.sessions.length, session.session);
  }
  const listed = market.listings().map((row) => {
    const { securityId, symbol, firstSession, lastSession, name, type, exchange } = row;
    return `${securityId},${symbol},${firstSession},${lastSession ?? ''},${name},${type},${exchange}\n`;
  });
  await listings.write(listed.join(''));
  return {
    paths: [
      path('listings'),
      ...(events.splits > 0 ? [path('splits')] : []),
      ...(events.dividends > 0 ? [path('dividends')] : []),
      path('bars'),
    ],
    sessions: done,
    rows,
  };
}

/** A text file written from beginning to end. Disk failures are thrown as `CondvestError`. */
class CsvFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string, header: string): Promise<CsvFile> {
    let file: FileHandle;
    try {
      file = await open(path, 'w');
    } catch (cause) {
      throw storeFailure('create', path, cause);
    }
    const csv = new CsvFile(path, file);
    try {
      await csv.write(`${header}\n`);
    } catch (cause) {
      await file.close();
      throw cause;
    }
    return csv;
  }

  async write(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text);
    } catch (cause) {
      throw storeFailure('write to', this.#path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
