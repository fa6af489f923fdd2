import { Notice } from '../../ui/Notice';

/** What is accepted although it is often a mistake. */
export function Doubts({ all }: { all: readonly string[] }) {
  if (all.length === 0) return null;
  return (
    <Notice tone="warn">
      <ul className="plain">
        {all.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </Notice>
  );
}
