// What the events of the past say about values and scores, for periods whose attestations may be closed.
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import { some } from '../chain/events';
import type { PastEvent } from '../chain/history';
import { CoreError } from '../core/error';
import { SILENT, type Outcome, atDeadline } from '../core/quorum';
import { attestationKey } from '../domain/reading';
import { type Plan, oracleSet } from '../domain/terms';

/** What a grant's settlement recorded: scores by KPI in basis points, amounts in base units. */
export type Settled = {
  scores: readonly number[];
  tranche: bigint;
  earned: bigint;
  bonus: bigint;
  settledAt: bigint;
};

export function settledKey(grant: Address, period: number): string {
  return `${grant}/${period}`;
}

/** Settlements by grant and period. */
export function settlements(events: readonly PastEvent[]): Map<string, Settled> {
  const found = new Map<string, Settled>();
  for (const { event } of events) {
    if (event.name === 'GrantSettled') {
      const { earned, scores, tranche, time } = event;
      found.set(settledKey(event.grant, event.period), { earned, scores, tranche, settledAt: time, bonus: 0n });
    }
    if (event.name === 'BonusCollected') {
      const settled = found.get(settledKey(event.grant, event.period));
      if (settled !== undefined) settled.bonus += event.bonus;
    }
  }
  return found;
}

export type RecordedVote = { oracle: Address; value: bigint; evidence: ReadonlyUint8Array };

/** Votes on one KPI for one period and subject, and what they came to. */
export type Recorded = { votes: RecordedVote[]; outcome: Outcome };

type Open = { votes: Map<Address, RecordedVote>; resolved?: bigint; ruled?: bigint };

/** Values by KPI, period and subject, as the oracles reported and the arbiter set them. */
export function recordedValues(plan: Plan, events: readonly PastEvent[]): Map<string, Recorded> {
  const open = new Map<string, Open & { kpi: number; period: number }>();
  for (const { event } of events) {
    if (event.name !== 'ValueAttested' && event.name !== 'DisputeRuled') continue;
    const { kpi, period } = event;
    const key = attestationKey(kpi, period, event.subject);
    const entry = open.get(key) ?? { votes: new Map<Address, RecordedVote>(), kpi, period };
    open.set(key, entry);
    if (event.name === 'ValueAttested') {
      const { oracle, value, evidence } = event;
      entry.votes.set(oracle, { oracle, value, evidence });
      if (event.resolved) entry.resolved = value;
    } else {
      entry.ruled = some(event.value);
    }
  }
  return new Map(
    [...open].map(([key, entry]) => [key, { votes: [...entry.votes.values()], outcome: outcomeOf(plan, entry) }]),
  );
}

function outcomeOf(
  plan: Plan,
  { kpi, period, votes, resolved, ruled }: Open & { kpi: number; period: number },
): Outcome {
  const decided = ruled ?? resolved;
  if (decided !== undefined) return { kind: 'value', value: decided };
  const terms = plan.kpis[kpi];
  const set = oracleSet(plan, period);
  if (terms === undefined) return SILENT;
  const cast = [...votes.values()].map(({ value }) => value);
  const all = Array.from({ length: Math.max(set.keys.length, cast.length) }, (_, index) => cast[index]);
  try {
    return atDeadline(all, set.threshold, terms.curve, terms.defaultScore);
  } catch (error) {
    // Of a set that made room for another one the threshold is not known any more.
    if (error instanceof CoreError) return SILENT;
    throw error;
  }
}
