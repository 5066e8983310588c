"""The six-interval job as a notebook would do it: group, aggregate, sort, write. No splits, no renames, no checkpoints."""
import sys
import time
from pathlib import Path

which, folder, out, index_file = sys.argv[1:5]
files = sorted(str(path) for path in Path(folder).glob("year=*/bars.parquet"))
intervals = [3, 5, 8, 13, 21, 34]
start = time.perf_counter()
if which == "polars":
    import polars as pl

    index = pl.read_csv(index_file, try_parse_dates=True)
    bars = pl.read_parquet(files, hive_partitioning=False).join(index, on="session").sort("symbol", "session")
    start_compute = time.perf_counter()
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
else:
    import pandas as pd

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
print(time.perf_counter() - start)
