import { share, percent } from '../text/amount';

/** Parts of a whole as a bar; its text says the same. */
export function Meter({
  whole,
  parts,
  label,
}: {
  whole: bigint;
  parts: readonly { name: string; value: bigint }[];
  label: string;
}) {
  const text = parts.map(({ name, value }) => `${name} ${percent(share(value, whole))}`).join(', ');
  return (
    <div className="meter" role="img" aria-label={`${label}: ${text}`} title={text}>
      {parts.map(({ name, value }) => (
        <span key={name} className={name} style={{ width: `${Math.min(100, share(value, whole) / 100)}%` }} />
      ))}
    </div>
  );
}
