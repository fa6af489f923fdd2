const PATHS = {
  copy: 'M5.5 5.5V3A1.5 1.5 0 0 1 7 1.5h6A1.5 1.5 0 0 1 14.5 3v6a1.5 1.5 0 0 1-1.5 1.5h-2.5M3 5.5h6A1.5 1.5 0 0 1 10.5 7v6A1.5 1.5 0 0 1 9 14.5H3A1.5 1.5 0 0 1 1.5 13V7A1.5 1.5 0 0 1 3 5.5Z',
  done: 'M2.5 8.5l3.5 3.5 7.5-8',
  close: 'M3 3l10 10M13 3L3 13',
  out: 'M6 3H3.5A1.5 1.5 0 0 0 2 4.5v8A1.5 1.5 0 0 0 3.5 14h8a1.5 1.5 0 0 0 1.5-1.5V10M9.5 2H14v4.5M14 2L7.5 8.5',
} as const;

/** A small drawing that needs no font. Its meaning is said in words by what it stands in. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true" className="drawing">
      <path d={PATHS[name]} />
    </svg>
  );
}
