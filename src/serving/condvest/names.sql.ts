/** The name in a security's newest listing that has one. `listings` is SQL text of a relation; `$1` the security's id. */
export function nameSql(listings: string): string {
  return `SELECT arg_max(name, first_session) AS name FROM (${listings}) WHERE security_id = $1 AND name IS NOT NULL`;
}
