import type { ExchangeShape } from '../shapes/reference.ts';

/**
 * Venues that report trades of US stocks. Ids are the vendor's, as trades and quotes carry them. Sources: the vendor's
 * documentation of `/v3/reference/exchanges`; market identifier codes by ISO 10383; letters by the plans of the tapes (CTA, UTP).
 */
export const EXCHANGES: readonly ExchangeShape[] = [
  venue(1, 'exchange', 'NYSE American, LLC', 'XASE', 'XNYS', 'A', 'https://www.nyse.com/markets/nyse-american', 'AMEX'),
  venue(2, 'exchange', 'Nasdaq Texas, Inc.', 'XBOS', 'XNAS', 'B', 'https://www.nasdaq.com'),
  venue(3, 'exchange', 'NYSE National, Inc.', 'XCIS', 'XNYS', 'C', 'https://www.nyse.com/markets/nyse-national', 'NSX'),
  venue(4, 'TRF', 'FINRA Alternative Display Facility', 'XADF', 'FINR', 'D', 'https://www.finra.org'),
  venue(5, 'SIP', 'Unlisted Trading Privileges', undefined, 'XNAS', 'E', 'https://www.utpplan.com'),
  venue(6, 'TRF', 'International Securities Exchange, LLC - Stocks', 'XISE', 'XNAS', 'I', 'https://www.nasdaq.com'),
  venue(7, 'exchange', 'Cboe EDGA', 'EDGA', 'XCBO', 'J', 'https://www.cboe.com/us/equities'),
  venue(8, 'exchange', 'Cboe EDGX', 'EDGX', 'XCBO', 'K', 'https://www.cboe.com/us/equities'),
  venue(9, 'exchange', 'NYSE Texas, Inc.', 'XCHI', 'XNYS', 'M', 'https://www.nyse.com/markets/nyse-texas'),
  venue(10, 'exchange', 'New York Stock Exchange', 'XNYS', 'XNYS', 'N', 'https://www.nyse.com', 'NYSE'),
  venue(11, 'exchange', 'NYSE Arca, Inc.', 'ARCX', 'XNYS', 'P', 'https://www.nyse.com/markets/nyse-arca'),
  venue(12, 'exchange', 'Nasdaq', 'XNAS', 'XNAS', 'T', 'https://www.nasdaq.com', 'NASDAQ'),
  venue(13, 'SIP', 'Consolidated Tape Association', undefined, 'XNYS', 'S', 'https://www.ctaplan.com'),
  venue(14, 'exchange', 'Long-Term Stock Exchange', 'LTSE', 'LTSE', 'L', 'https://www.ltse.com', 'LTSE'),
  venue(15, 'exchange', 'Investors Exchange', 'IEXG', 'IEXG', 'V', 'https://www.iex.io', 'IEX'),
  venue(16, 'TRF', 'Cboe Stock Exchange', 'CBSX', 'XCBO', 'W', 'https://www.cboe.com'),
  venue(17, 'exchange', 'Nasdaq Philadelphia Exchange LLC', 'XPHL', 'XNAS', 'X', 'https://www.nasdaq.com'),
  venue(18, 'exchange', 'Cboe BYX', 'BATY', 'XCBO', 'Y', 'https://www.cboe.com/us/equities'),
  venue(19, 'exchange', 'Cboe BZX', 'BATS', 'XCBO', 'Z', 'https://www.cboe.com/us/equities'),
  venue(20, 'exchange', 'MIAX Pearl', 'EPRL', 'MIHI', 'H', 'https://www.miaxglobal.com'),
  venue(21, 'exchange', 'Members Exchange', 'MEMX', 'MEMX', 'U', 'https://www.memx.com', 'MEMX'),
  venue(22, 'exchange', '24X National Exchange LLC', '24EQ', '24EQ', 'G', 'https://24exchange.com', '24X'),
  venue(23, 'exchange', 'Texas Stock Exchange LLC', 'TXSE', 'TXSE', 'F', 'https://txse.com', 'TXSE'),
  venue(201, 'TRF', 'FINRA NYSE TRF', 'FINY', 'FINR', undefined, 'https://www.finra.org'),
  venue(202, 'TRF', 'FINRA Nasdaq TRF Carteret', 'FINN', 'FINR', undefined, 'https://www.finra.org'),
  venue(203, 'TRF', 'FINRA Nasdaq TRF Chicago', 'FINC', 'FINR', undefined, 'https://www.finra.org'),
];

function venue(
  id: number,
  type: ExchangeShape['type'],
  name: string,
  mic: string | undefined,
  operatingMic: string,
  participantId: string | undefined,
  url: string,
  acronym?: string,
): ExchangeShape {
  return {
    id,
    type,
    asset_class: 'stocks',
    locale: 'us',
    name,
    ...(acronym === undefined ? {} : { acronym }),
    ...(mic === undefined ? {} : { mic }),
    operating_mic: operatingMic,
    ...(participantId === undefined ? {} : { participant_id: participantId }),
    url,
  };
}
