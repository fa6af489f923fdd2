import type { Vote } from '../domain/evaluation';
import { type Kpi, NO_KEY } from '../domain/terms';
import { parseValue, plainNumber } from '../text/amount';
import { hex } from '../text/hash';
import { AddressText, HashText } from '../ui/AddressText';
import { HostileText } from '../ui/HostileText';

/** A value with its unit. */
export function ValueText({ value, kpi }: { value: bigint; kpi: Kpi }) {
  return (
    <span className="amount">
      {plainNumber(value, kpi.decimals)}
      {kpi.unit !== '' && (
        <>
          {' '}
          <HostileText text={kpi.unit} />
        </>
      )}
    </span>
  );
}

/** Who reported which value, and by what evidence. */
export function Votes({ votes, kpi }: { votes: readonly Vote[]; kpi: Kpi }) {
  return (
    <ul className="plain votes">
      {votes.map((vote, index) => (
        <li key={index}>
          {vote.oracle === NO_KEY ? 'an earlier oracle' : <AddressText address={vote.oracle} />}:{' '}
          <ValueText value={vote.value} kpi={kpi} />, <span className="muted">evidence</span>{' '}
          <HashText hash={hex(vote.evidence)} what="evidence hash" />
          {!vote.counts && <span className="muted">; does not count: the grant is the oracle’s own</span>}
        </li>
      ))}
    </ul>
  );
}

/** Reads a value that the plan accepts for the KPI, or says why it is none. */
export function parseAccepted(text: string, kpi: Kpi): { value: bigint } | { error: string } {
  const { decimals, rangeMin, rangeMax } = kpi;
  const parsed = parseValue(text.trim(), decimals);
  if ('error' in parsed) return { error: `“${text.trim()}” ${parsed.error}` };
  if (parsed.value >= rangeMin && parsed.value <= rangeMax) return parsed;
  return { error: `The plan accepts ${plainNumber(rangeMin, decimals)} to ${plainNumber(rangeMax, decimals)}.` };
}
