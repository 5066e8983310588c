import type { Serving, ServingApp } from '../http/serving.ts';

/** Our own API, under `/condvest/v1`. */
export function addCondvestRoutes(_app: ServingApp, _serving: Serving): void {}
