"""
The six-interval job as a notebook would do it: group, aggregate, sort, write. `polars` and `pandas` do the plain part of
it. `polars-whole` does all of it but renames: splits inside windows, nulls, the columns and order of silver, and six
committed Delta tables, one file a year. Prints the seconds and the processor time.
"""
import resource
import sys
import time
from pathlib import Path

which, folder, out, index_file = sys.argv[1:5]
files = sorted(str(path) for path in Path(folder).glob("year=*/bars.parquet"))
intervals = [3, 5, 8, 13, 21, 34]
if which == "pandas":
    import pandas as pd
else:
    import polars as pl
    from deltalake import WriterProperties, write_deltalake


def clocks():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


start = clocks()
if which == "polars":
    index = pl.read_csv(index_file, try_parse_dates=True)
    bars = pl.read_parquet(files, hive_partitioning=False).join(index, on="session").sort("symbol", "session")
    for n in intervals:
        (
            bars.with_columns(window=pl.col("index") // n, money=pl.col("vwap") * pl.col("volume"))
            .group_by("symbol", "window", maintain_order=True)
            .agg(
                pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
                pl.col("volume").sum(), (pl.col("money").sum() / pl.col("volume").sum()).alias("vwap"),
                pl.col("trades").sum(), pl.len().alias("sessions"),
            )
            .write_parquet(f"{out}/polars_{n}.parquet")
        )
elif which == "polars-whole":
    properties = WriterProperties(compression="ZSTD", compression_level=1)
    calendar = pl.read_csv(index_file, try_parse_dates=True)
    bars = pl.read_parquet(files, hive_partitioning=False).join(calendar, on="session").sort("symbol", "session")
    splits = pl.read_parquet(f"{folder}/splits.parquet").join(calendar.rename({"session": "ex_date"}), on="ex_date")
    shares = pl.col("split_to") / pl.col("split_from")
    traded = pl.col("volume") > 0
    for n in intervals:
        window = pl.col("index") // n
        inside = splits.filter(pl.col("index") % n != 0).select("symbol", window=window, ex="index", shares=shares)
        scales = (
            bars.select("symbol", "index", window=window).join(inside, on=["symbol", "window"])
            .filter(pl.col("index") < pl.col("ex")).group_by("symbol", "index").agg(pl.col("shares").product())
        )
        windows = calendar.group_by(window=window).agg(
            first_session=pl.col("session").min(), last_session=pl.col("session").max(), published=pl.len(),
        )
        price = 1 / pl.col("shares")
        folded = (
            bars.join(scales, on=["symbol", "index"], how="left", maintain_order="left")
            .with_columns(window=window, shares=pl.col("shares").fill_null(1.0))
            .group_by("symbol", "window", maintain_order=True)
            .agg(
                (pl.col("open") * price).first(), (pl.col("high") * price).max(), (pl.col("low") * price).min(),
                (pl.col("close") * price).last(), (pl.col("volume") * pl.col("shares")).sum(),
                money=pl.when(traded).then(pl.col("vwap") * pl.col("volume")).sum(),
                unknown=(pl.col("vwap").is_null() & traded).any(),
                trades=pl.when(pl.col("trades").is_null().any()).then(None).otherwise(pl.col("trades").sum()),
                sessions=pl.len().cast(pl.Int32),
            )
            .join(windows, on="window")
            .select(
                "symbol", "first_session", "last_session", "open", "high", "low", "close", "volume",
                pl.when(~pl.col("unknown") & traded).then(pl.col("money") / pl.col("volume")).alias("vwap"),
                "trades", "sessions", pl.lit(n, pl.Int32).alias("expected"), (pl.col("published") == n).alias("complete"),
                pl.col("symbol").alias("security_id"), pl.col("first_session").dt.year().alias("year"),
            )
            .sort("symbol", "first_session")
        )
        table = f"{out}/polars_whole_{n}"
        write_deltalake(table, folded, mode="overwrite", partition_by=["year"], writer_properties=properties)
else:
    index = pd.read_csv(index_file, parse_dates=["session"])
    bars = pd.concat([pd.read_parquet(file, partitioning=None) for file in files])
    bars["session"] = pd.to_datetime(bars["session"]).astype("datetime64[s]")
    index["session"] = index["session"].astype("datetime64[s]")
    bars = bars.merge(index, on="session").sort_values(["symbol", "session"])
    for n in intervals:
        bars["window"] = bars["index"] // n
        bars["money"] = bars["vwap"] * bars["volume"]
        grouped = bars.groupby(["symbol", "window"], sort=True).agg(
            open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"),
            volume=("volume", "sum"), money=("money", "sum"), trades=("trades", "sum"), sessions=("session", "size"),
        )
        grouped["vwap"] = grouped["money"] / grouped["volume"]
        grouped.drop(columns="money").to_parquet(f"{out}/pandas_{n}.parquet")
print(*(end - begin for begin, end in zip(start, clocks())))
