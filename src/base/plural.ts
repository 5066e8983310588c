/** Returns a count with its noun: `1 session`, `1,200 sessions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US', { maximumFractionDigits: 0 })} ${count === 1 ? one : many}`;
}
