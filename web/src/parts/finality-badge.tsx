import { capitalize } from '../format.ts';

/** Finality of a bar or a session, in the ledger's terms. */
const BADGES: Readonly<Record<string, readonly [className: string, meaning: string]>> = {
  settled: ['is-good', "Final: the vendor's correction period is over"],
  provisional: ['is-warn', 'Complete, but the vendor may still correct it'],
  partial: ['is-bad', 'Some rows are missing'],
  incomplete: ['is-warn', 'Some sessions of this window are missing from the lake'],
  live: ['is-warn', 'Prices so far; not published yet'],
  open: ['is-warn', 'Some sessions of this window are still to come'],
};

export function FinalityBadge({ finality }: { readonly finality: string | null }) {
  if (finality === null) return <span class="badge">Not in ledger</span>;
  const [className, meaning] = BADGES[finality] ?? ['', ''];
  return (
    <span class={`badge ${className}`} title={meaning}>
      {capitalize(finality)}
    </span>
  );
}
