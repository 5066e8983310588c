/** Closes as a small line. The numbers beside it say the same, so it is a picture only. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const [first] = values;
  const last = values.at(-1);
  if (values.length < 2 || first === undefined || last === undefined) return <span class="soft">–</span>;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const scale = high === low ? 0 : HEIGHT / (high - low);
  const step = WIDTH / (values.length - 1);
  const level = (value: number): string => (HEIGHT - (value - low) * scale + EDGE).toFixed(1);
  const points = values.map((value, n) => `${(n * step).toFixed(1)},${level(value)}`).join(' L');
  const way = last > first ? 'up' : last < first ? 'down' : 'soft';
  return (
    <svg class={`sparkline ${way}`} viewBox={`-${EDGE} 0 ${WIDTH + 2 * EDGE} ${HEIGHT + 2 * EDGE}`} aria-hidden="true">
      <path class="area" d={`M0,${HEIGHT + 2 * EDGE} L${points} L${WIDTH},${HEIGHT + 2 * EDGE} Z`} />
      <path class="line" d={`M${points}`} />
      <circle cx={WIDTH} cy={level(last)} r="2.2" />
    </svg>
  );
}

const WIDTH = 120;
const HEIGHT = 30;
const EDGE = 3;
