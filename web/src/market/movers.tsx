import { href } from '../address.ts';
import type { Mover } from '../api/wire.ts';
import { compact, percent, price } from '../format.ts';

/** One list of a session's movers. Each symbol links to its chart. */
export function Movers({
  title,
  movers,
  isByVolume = false,
}: {
  readonly title: string;
  readonly movers: readonly Mover[];
  readonly isByVolume?: boolean;
}) {
  const id = `movers-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section class="card movers" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
      </header>
      {movers.length === 0 ? (
        <p class="empty">None in this session.</p>
      ) : (
        <div class="table-frame">
          <table class="data is-fixed" aria-labelledby={id}>
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col" class="end">
                  {isByVolume ? 'Volume' : 'Close'}
                </th>
                <th scope="col" class="end">
                  Change
                </th>
              </tr>
            </thead>
            <tbody>
              {movers.slice(0, ROWS_SHOWN).map((mover) => (
                <tr key={mover.symbol}>
                  <th scope="row">
                    <a class="symbol-link" href={href('chart', { symbol: mover.symbol })}>
                      {mover.symbol}
                    </a>
                    <span class="name" title={mover.name ?? undefined}>
                      {mover.name ?? ''}
                    </span>
                  </th>
                  <td class="end">{isByVolume ? compact(mover.volume) : price(mover.close)}</td>
                  <td class={`end ${directionClass(mover.change)}`}>{percent(mover.change_percent)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const ROWS_SHOWN = 10;

export function directionClass(change: number | null): string {
  if (change === null || change === 0) return '';
  return change > 0 ? 'up' : 'down';
}
