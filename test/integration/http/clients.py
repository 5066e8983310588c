"""Drives the vendor's own Python client, unmodified but for its base address, and prints what each stock method gave as JSON.

Arguments: the package (`massive` or `polygon`), the base address, a key, a symbol, a session with bars, the session before it.
"""

import importlib
import json
import sys
from datetime import date, datetime, timedelta, timezone

package, base, key, symbol, session, previous = sys.argv[1:7]
module = importlib.import_module(package)
client = module.RESTClient(api_key=key, base=base, retries=0)
from_day = (date.fromisoformat(session) - timedelta(days=400)).isoformat()


def plain(value):
    """The client's models as plain data."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "__dict__"):
        return {name: plain(item) for name, item in vars(value).items() if item is not None}
    return value


def pages(call, most=10_000):
    """A paged listing, all pages, bounded."""
    rows = []
    for row in call:
        rows.append(plain(row))
        assert len(rows) <= most, "a listing that does not end"
    return rows


METHODS = {
    "list_aggs": lambda: pages(client.list_aggs(symbol, 1, "day", from_day, session, limit=50)),
    "list_aggs whole": lambda: pages(client.list_aggs(symbol, 1, "day", from_day, session, limit=50_000)),
    "list_aggs instants": lambda: pages(
        client.list_aggs(
            symbol,
            1,
            "day",
            datetime.fromisoformat(from_day).replace(tzinfo=timezone.utc),
            datetime.fromisoformat(session).replace(hour=23, tzinfo=timezone.utc),
            limit=70,
            sort="desc",
            adjusted=False,
        )
    ),
    "list_aggs week": lambda: pages(client.list_aggs(symbol, 2, "week", from_day, session, limit=60)),
    "list_aggs session": lambda: pages(client.list_aggs(symbol, 5, "session", from_day, session, limit=60)),
    "get_aggs": lambda: plain(client.get_aggs(symbol, 1, "month", from_day, session)),
    "get_grouped_daily_aggs": lambda: plain(client.get_grouped_daily_aggs(session)),
    "get_daily_open_close_agg": lambda: plain(client.get_daily_open_close_agg(symbol, session)),
    "get_previous_close_agg": lambda: plain(client.get_previous_close_agg(symbol)),
    "get_sma": lambda: plain(client.get_sma(symbol, window=10, limit=20)),
    "get_ema": lambda: plain(client.get_ema(symbol, window=10, limit=20, expand_underlying=True)),
    "get_sma datetimes": lambda: plain(
        client.get_sma(
            symbol,
            window=10,
            limit=5000,
            timestamp_gte=datetime.fromisoformat(from_day).replace(tzinfo=timezone.utc),
            timestamp_lt=datetime.fromisoformat(session).replace(tzinfo=timezone.utc),
        )
    ),
    "get_sma dates": lambda: plain(client.get_sma(symbol, window=10, limit=5000, timestamp_gte=from_day, timestamp_lt=session)),
    "get_rsi": lambda: plain(client.get_rsi(symbol, limit=20)),
    "get_macd": lambda: plain(client.get_macd(symbol, limit=20)),
    "list_universal_snapshots": lambda: pages(
        client.list_universal_snapshots(type="stocks", ticker_any_of=[symbol, "NOSUCH"])
    ),
    "get_snapshot_all": lambda: plain(client.get_snapshot_all("stocks")),
    "get_snapshot_all some": lambda: plain(client.get_snapshot_all("stocks", tickers=[symbol, "NOSUCH"])),
    "get_snapshot_direction": lambda: plain(client.get_snapshot_direction("stocks", "gainers")),
    "get_snapshot_ticker": lambda: plain(client.get_snapshot_ticker("stocks", symbol)),
    "get_summaries": lambda: plain(client.get_summaries([symbol])),
    "get_market_holidays": lambda: plain(client.get_market_holidays()),
    "get_market_status": lambda: plain(client.get_market_status()),
    "list_tickers": lambda: pages(client.list_tickers(market="stocks", limit=3)),
    "get_ticker_details": lambda: plain(client.get_ticker_details(symbol)),
    "get_ticker_events": lambda: plain(client.get_ticker_events(symbol)),
    "get_ticker_types": lambda: plain(client.get_ticker_types(asset_class="stocks")),
    "list_splits": lambda: pages(client.list_splits(limit=2)),
    "list_dividends": lambda: pages(client.list_dividends(limit=7)),
    "list_conditions": lambda: pages(client.list_conditions(asset_class="stocks", limit=20)),
    "get_exchanges": lambda: plain(client.get_exchanges(asset_class="stocks")),
    # What a server without trades, quotes and news has to refuse in the vendor's own way.
    "list_aggs minute": lambda: pages(client.list_aggs(symbol, 1, "minute", previous, session)),
    "list_trades": lambda: pages(client.list_trades(symbol, limit=10)),
    "list_quotes": lambda: pages(client.list_quotes(symbol, limit=10)),
    "get_last_trade": lambda: plain(client.get_last_trade(symbol)),
    "get_last_quote": lambda: plain(client.get_last_quote(symbol)),
    "list_ticker_news": lambda: pages(client.list_ticker_news(symbol, limit=10)),
    "get_related_companies": lambda: plain(client.get_related_companies(symbol)),
    "list_short_interest": lambda: pages(client.list_short_interest(ticker=symbol)),
    "list_short_volume": lambda: pages(client.list_short_volume(ticker=symbol)),
    # What the vendor itself answers with an error.
    "unknown ticker details": lambda: plain(client.get_ticker_details("NOSUCH")),
    "unknown snapshot": lambda: plain(client.get_snapshot_ticker("stocks", "NOSUCH")),
    "open-close without data": lambda: plain(client.get_daily_open_close_agg(symbol, "1999-01-01")),
    "unknown ticker aggs": lambda: pages(client.list_aggs("NOSUCH", 1, "day", from_day, session)),
    "bad parameter": lambda: pages(client.list_aggs(symbol, 1, "day", "yesterday", session)),
}
if package == "massive":
    METHODS["list_stocks_splits"] = lambda: pages(client.list_stocks_splits(limit=2))
    METHODS["list_stocks_dividends"] = lambda: pages(client.list_stocks_dividends(limit=7))

outcomes = {}
for name, call in METHODS.items():
    try:
        outcomes[name] = {"value": call()}
    except Exception as error:  # what the user of the client would see, whatever it is
        outcomes[name] = {"error": type(error).__name__, "message": str(error)}
print(json.dumps(outcomes, default=str))
