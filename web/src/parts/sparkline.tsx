/** Small line chart of closes. Decorative: the numbers next to it carry the same information. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const [first] = values;
  const last = values.at(-1);
  if (values.length < 2 || first === undefined || last === undefined) return <span class="muted">–</span>;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const scale = high === low ? 0 : HEIGHT / (high - low);
  const step = WIDTH / (values.length - 1);
  const level = (value: number): string => (HEIGHT - (value - low) * scale + EDGE).toFixed(1);
  const points = values.map((value, n) => `${(n * step).toFixed(1)},${level(value)}`).join(' L');
  const direction = last > first ? 'up' : last < first ? 'down' : 'muted';
  return (
    <svg
      class={`sparkline ${direction}`}
      viewBox={`-${EDGE} 0 ${WIDTH + 2 * EDGE} ${HEIGHT + 2 * EDGE}`}
      aria-hidden="true"
    >
      <path class="area" d={`M0,${HEIGHT + 2 * EDGE} L${points} L${WIDTH},${HEIGHT + 2 * EDGE} Z`} />
      <path class="line" d={`M${points}`} />
      <circle cx={WIDTH} cy={level(last)} r="2.2" />
    </svg>
  );
}

const WIDTH = 120;
const HEIGHT = 30;
const EDGE = 3;
