/** Returns the vendor's envelope around the results of a list. */
export function listEnvelope(results: readonly unknown[], requestId: string) {
  return { status: 'OK', request_id: requestId, results };
}

/** The same with their number, where the vendor gives it. */
export function countedEnvelope(results: readonly unknown[], requestId: string) {
  return { status: 'OK', request_id: requestId, count: results.length, results };
}
