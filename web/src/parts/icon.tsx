const PATHS = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4 4',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400m11.200 11.200L19 19M19 5l-1.400 1.400M6.400 17.600 5 19',
  moon: 'M20 14.500A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500Z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  left: 'm14 6-6 6 6 6',
  right: 'm10 6 6 6-6 6',
  close: 'm6 6 12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  play: 'M8 5.500v13l10.500-6.500z',
  warning: 'M12 4 2.500 20h19L12 4Zm0 6v5m0 2.500v.5',
  chart: 'M5 20V10m5 10V4m5 16v-7m5 7V8',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  download: 'M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 20h14',
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative icon next to text, hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
