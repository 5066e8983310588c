/**
 * The shortest text that reads back as the same number, with a point in it: who reads a file guesses the type of a column by its first
 * rows, would take a column of volumes for whole numbers, and fails on the first fraction that a split has left in one.
 */
export function decimalText(value: number): string {
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}
