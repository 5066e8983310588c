/** A line plot of closes for the terminal in Braille dots: two columns and four rows of dots per character. */

const DOTS: readonly (readonly number[])[] = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];

/** Returns the lines of the plot, highest price first; empty without prices. */
export function renderPlot(prices: readonly number[], width: number, height: number): string[] {
  const [first] = prices;
  if (first === undefined) return [];
  const low = Math.min(...prices);
  const high = Math.max(...prices);
  const label = (price: number): string =>
    price.toFixed(2).padStart(Math.max(low.toFixed(2).length, high.toFixed(2).length));
  const columns = Math.max(10, width - label(high).length - 3);
  const dotColumns = columns * 2;
  const dotRows = height * 4;
  const cells = Array.from({ length: height }, () => new Array<number>(columns).fill(0));
  const rowOf = (price: number): number =>
    high === low ? Math.floor(dotRows / 2) : Math.round(((high - price) / (high - low)) * (dotRows - 1));
  let previous: number | undefined;
  for (let x = 0; x < dotColumns; x += 1) {
    const price = prices[Math.min(prices.length - 1, Math.floor((x / dotColumns) * prices.length))] ?? first;
    const row = rowOf(price);
    // Connect steps with a vertical line, so that jumps are visible.
    for (let y = Math.min(row, previous ?? row); y <= Math.max(row, previous ?? row); y += 1) {
      const cell = cells[Math.floor(y / 4)];
      const column = Math.floor(x / 2);
      if (cell !== undefined) cell[column] = (cell[column] ?? 0) | (DOTS[x % 2]?.[y % 4] ?? 0);
    }
    previous = row;
  }
  return cells.map((cell, index) => {
    const edge = index === 0 ? label(high) : index === height - 1 ? label(low) : ' '.repeat(label(high).length);
    return `${edge} │${cell.map((bits) => (bits === 0 ? ' ' : String.fromCharCode(0x2800 + bits))).join('')}`;
  });
}
