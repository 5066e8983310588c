import type { MarketResponse } from '../api/wire.ts';
import { compact, integer } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';

/** Market breadth: advancing and declining securities and their volume, as numbers and as bars. */
export function Breadth({ market }: { readonly market: MarketResponse }) {
  const { advancers, decliners, unchanged, total, up_volume, down_volume, new_highs, new_lows } = market.breadth;
  return (
    <section class="card breadth" aria-labelledby="breadth-title">
      <header>
        <h2 id="breadth-title">Breadth</h2>
        <FinalityBadge finality={market.finality} />
      </header>
      <div class="body breadth-body">
        <ShareBar
          title="Securities"
          parts={[
            { label: 'up', value: advancers, text: integer(advancers), direction: 'up' },
            { label: 'unchanged', value: unchanged, text: integer(unchanged), direction: 'flat' },
            { label: 'down', value: decliners, text: integer(decliners), direction: 'down' },
          ]}
        />
        <ShareBar
          title="Volume"
          parts={[
            { label: 'up', value: up_volume, text: compact(up_volume), direction: 'up' },
            { label: 'down', value: down_volume, text: compact(down_volume), direction: 'down' },
          ]}
        />
        <dl class="breadth-stats">
          <div>
            <dt>Compared</dt>
            <dd class="number">{integer(total)}</dd>
          </div>
          <div>
            <dt>52-week highs</dt>
            <dd class="number">{integer(new_highs)}</dd>
          </div>
          <div>
            <dt>52-week lows</dt>
            <dd class="number">{integer(new_lows)}</dd>
          </div>
        </dl>
      </div>
    </section>
  );
}

interface Part {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly direction: 'up' | 'flat' | 'down';
}

function ShareBar({ title, parts }: { readonly title: string; readonly parts: readonly Part[] }) {
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  let at = 0;
  return (
    <div class="share-bar">
      <h3 class="muted">{title}</h3>
      <svg class="share-bar-track" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        {parts.map((part) => {
          const width = total === 0 ? 0 : (part.value / total) * 100;
          const x = at;
          at += width;
          return (
            <rect
              key={part.label}
              class={`fill-${part.direction}`}
              x={x}
              y={0}
              width={Math.max(0, width - 0.4)}
              height={6}
            />
          );
        })}
      </svg>
      <ul class="share-bar-labels">
        {parts.map((part) => (
          <li key={part.label}>
            <b class={`number ${part.direction === 'flat' ? '' : part.direction}`}>{part.text}</b>{' '}
            <span class="muted">{part.label}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
