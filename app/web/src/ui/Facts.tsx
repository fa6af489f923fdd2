import type { ReactNode } from 'react';
import type { Fact } from '../context/action';

/** Names and values, one line each. A name may come several times: the place tells one line from another. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(([label, value], place) => (
        <div key={place}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A figure, with a note below it or without. */
export type Figure = Fact | readonly [label: string, value: ReactNode, note: ReactNode];

/** Figures in a row, the first one the most important. */
export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl className="figures">
      {figures.map(([label, value, note], place) => (
        <div key={place}>
          <dt>{label}</dt>
          <dd>{value}</dd>
          {note !== undefined && <dd className="note">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
