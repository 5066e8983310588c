import type { Serving, ServingApp } from '../http/serving.ts';

/** The datafeed protocol of TradingView's chart library (UDF), under `/udf`. */
export function addUdfRoutes(_app: ServingApp, _serving: Serving): void {}
