import type { Serving, ServingApp } from '../http/serving.ts';

/** The vendor's API (Massive, formerly Polygon.io), at the root of the host. */
export function addVendorRoutes(_app: ServingApp, _serving: Serving): void {}
