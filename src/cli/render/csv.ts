/** Returns a line of CSV (RFC 4180, but ended by a line feed only, as pipes expect). Null becomes an empty field. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\n`;
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
