/**
 * Tables of the operational store. Instants are UTC epoch milliseconds; ids are text, so that no sequence is needed.
 */
export interface OperationsSchema {
  condvest_migrations: { version: number; applied_ms: number };
  runs: {
    id: string;
    kind: string;
    input: string;
    state: string;
    started_ms: number;
    ended_ms: number | null;
    output: string | null;
    error: string | null;
    tries: number;
  };
  run_steps: {
    run_id: string;
    step: string;
    attempt: number;
    state: string;
    started_ms: number;
    ended_ms: number | null;
    row_count: number | null;
    detail: string | null;
    error: string | null;
  };
  leases: { name: string; holder: string; expires_ms: number };
  notices: {
    id: string;
    notice_key: string;
    kind: string;
    severity: string;
    title: string;
    body: string;
    session_date: string | null;
    seen_ms: number;
    state: string;
    first_seen_ms: number;
    last_seen_ms: number;
    resolved_ms: number | null;
    seen_count: number;
  };
  /** One row per key of an open notice. It makes two processes agree on whether the notice is open. */
  open_notices: { notice_key: string; notice_id: string };
  deliveries: { channel: string; notice_id: string; event: string; delivered_ms: number };
  /** Events whose delivery failed, and when each is due again. */
  refusals: { channel: string; notice_id: string; event: string; refused_count: number; next_ms: number };
  /** Listings index. Only rows of the current generation count, so that readers never see a partial replacement. */
  listings: {
    generation: string;
    security_id: string;
    symbol: string;
    first_session: string;
    last_session: string | null;
    name: string | null;
    type: string | null;
    exchange: string | null;
    name_search: string;
  };
  listings_generation: { id: string; generation: string };
  api_keys: {
    id: string;
    name: string;
    digest: string;
    scopes: string;
    requests_per_minute: number | null;
    requests_per_day: number | null;
    created_ms: number;
    last_used_ms: number | null;
    revoked_ms: number | null;
    used_day: string | null;
    used_requests: number;
  };
  /** One row per name of an active key. It makes two processes agree on which key has the name. */
  api_key_names: { name: string; key_id: string };
}
