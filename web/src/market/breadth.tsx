import type { MarketAnswer } from '../api/wire.ts';
import { compact, whole } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';

/** How many rose and fell, and what was traded of each: shares of the whole, in words and as bars. */
export function Breadth({ market }: { readonly market: MarketAnswer }) {
  const { advancers, decliners, unchanged, total, up_volume, down_volume, new_highs, new_lows } = market.breadth;
  return (
    <section class="card breadth" aria-labelledby="breadth-title">
      <header>
        <h2 id="breadth-title">Breadth</h2>
        <FinalityBadge finality={market.finality} />
      </header>
      <div class="body breadth-body">
        <Split
          title="Securities"
          parts={[
            { label: 'rose', value: advancers, text: whole(advancers), look: 'up' },
            { label: 'unchanged', value: unchanged, text: whole(unchanged), look: 'flat' },
            { label: 'fell', value: decliners, text: whole(decliners), look: 'down' },
          ]}
        />
        <Split
          title="Volume"
          parts={[
            { label: 'rising', value: up_volume, text: compact(up_volume), look: 'up' },
            { label: 'falling', value: down_volume, text: compact(down_volume), look: 'down' },
          ]}
        />
        <dl class="breadth-facts">
          <div>
            <dt>Compared</dt>
            <dd class="number">{whole(total)}</dd>
          </div>
          <div>
            <dt>52-week highs</dt>
            <dd class="number">{whole(new_highs)}</dd>
          </div>
          <div>
            <dt>52-week lows</dt>
            <dd class="number">{whole(new_lows)}</dd>
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
  readonly look: 'up' | 'flat' | 'down';
}

function Split({ title, parts }: { readonly title: string; readonly parts: readonly Part[] }) {
  const sum = parts.reduce((all, part) => all + part.value, 0);
  let at = 0;
  return (
    <div class="split">
      <h3 class="soft">{title}</h3>
      <svg class="split-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        {parts.map((part) => {
          const width = sum === 0 ? 0 : (part.value / sum) * 100;
          const x = at;
          at += width;
          return (
            <rect
              key={part.label}
              class={`fill-${part.look}`}
              x={x}
              y={0}
              width={Math.max(0, width - 0.4)}
              height={6}
            />
          );
        })}
      </svg>
      <ul class="split-words">
        {parts.map((part) => (
          <li key={part.label}>
            <b class={`number ${part.look === 'flat' ? '' : part.look}`}>{part.text}</b>{' '}
            <span class="soft">{part.label}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
