/** How final a bar or a session is, in the ledger's words. */
const LOOK: Readonly<Record<string, readonly [look: string, meaning: string]>> = {
  settled: ['is-good', 'The vendor’s corrections are over'],
  provisional: ['is-warn', 'Complete, but the vendor may still correct it'],
  partial: ['is-bad', 'Not all rows are there yet'],
  incomplete: ['is-warn', 'Some sessions of this window are not in the lake'],
  live: ['is-warn', 'Not published yet: these are the prices so far'],
  open: ['is-warn', 'Sessions of this window are still to come'],
};

export function FinalityBadge({ finality }: { readonly finality: string | null }) {
  if (finality === null) return <span class="badge">not in the ledger</span>;
  const [look, meaning] = LOOK[finality] ?? ['', ''];
  return (
    <span class={`badge ${look}`} title={meaning}>
      {finality}
    </span>
  );
}
