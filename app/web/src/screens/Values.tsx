import type { Address } from '@solana/kit';
import type { Vote } from '../domain/evaluation';
import { scoreOf } from '../core/curve';
import { type Kpi, type Plan, type Unit, NO_KEY, isPrice } from '../domain/terms';
import { parseValue, percent, plainNumber, shortAmount } from '../text/amount';
import { hex } from '../text/hash';
import { visible } from '../text/hostile';
import { AddressText, HashText } from '../ui/AddressText';
import { HostileText } from '../ui/HostileText';
import { Evidence } from './plan/Evidence';

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

/** An amount in the plan's unit of account. */
export function UnitText({ value, unit }: { value: bigint; unit: Unit }) {
  return (
    <span className="amount">
      {shortAmount(value, unit.decimals)} <HostileText text={unit.name} />
    </span>
  );
}

/** What a whole token is worth. */
export function PriceText({ value, price, unit }: { value: bigint; price: Kpi; unit: Unit }) {
  return (
    <span className="amount">
      {plainNumber(value, price.decimals)} <HostileText text={unit.name} /> a token
    </span>
  );
}

/** What counts if nobody reports. */
export function defaultText(kpi: Kpi): string {
  if (!isPrice(kpi)) return percent(kpi.defaultScore);
  return `${plainNumber(kpi.defaultPrice, kpi.decimals)} ${visible(kpi.unit)}`.trim();
}

/** What a value is worth, as text: its score, or of the price that every token counts for so much. */
export function worthText(kpi: Kpi, value: bigint): string {
  return isPrice(kpi) ? 'the price of a token' : percent(scoreOf(kpi.curve, value));
}

/** Why a vote changes nothing; `changed` tells whether it was changed after enough oracles had agreed. */
function whyIdle({ counts, idle }: Vote, changed: boolean): string | undefined {
  if (!counts) return 'Does not count: the grant is the oracle’s own.';
  if (idle === 'late') return 'Came after enough oracles had agreed: changes nothing.';
  if (changed) return 'Changed after enough oracles had agreed: changes nothing.';
  return idle === 'differs' ? 'Not what enough oracles agreed on: changes nothing.' : undefined;
}

/**
 * Who reported which value, and by what evidence. `late` are the oracles of which events say that they voted, or changed
 * their vote, after enough of them had agreed on what counts.
 */
export function Votes({
  plan,
  votes,
  kpi,
  late,
}: {
  plan: Plan;
  votes: readonly Vote[];
  kpi: Kpi;
  late?: ReadonlySet<Address> | undefined;
}) {
  return (
    <ul className="plain votes">
      {votes.map((vote, index) => (
        <li key={index}>
          {vote.oracle === NO_KEY ? 'an earlier oracle' : <AddressText address={vote.oracle} />}:{' '}
          <ValueText value={vote.value} kpi={kpi} />, <span className="muted">evidence</span>{' '}
          <HashText hash={hex(vote.evidence)} what="evidence hash" />
          <Evidence plan={plan} vote={vote} />
          <Idle why={whyIdle(vote, late?.has(vote.oracle) === true)} />
        </li>
      ))}
    </ul>
  );
}

function Idle({ why }: { why: string | undefined }) {
  return why === undefined ? null : <span className="idle">{why}</span>;
}

/** Reads a value that the plan accepts for the KPI, or says why it is none. */
export function parseAccepted(text: string, kpi: Kpi): { value: bigint } | { error: string } {
  const { decimals, rangeMin, rangeMax } = kpi;
  const parsed = parseValue(text.trim(), decimals);
  if ('error' in parsed) return { error: `“${text.trim()}” ${parsed.error}` };
  if (parsed.value >= rangeMin && parsed.value <= rangeMax) return parsed;
  return { error: `The plan accepts ${plainNumber(rangeMin, decimals)} to ${plainNumber(rangeMax, decimals)}.` };
}
