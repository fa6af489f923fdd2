// What the events of the past say about values and scores: of periods whose accounts may be closed, and of disputes what
// a page does not hold.
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import { type EarnoutEvent, some } from '../chain/events';
import type { PastEvent } from '../chain/history';
import { CoreError } from '../core/error';
import { SILENT, type Outcome } from '../core/quorum';
import { type Observation, type Vote, idleOf } from '../domain/evaluation';
import type { Grant } from '../domain/grant';
import { indicesOf, isSet, place } from '../domain/page';
import { outcomeOf } from '../domain/reading';
import { type Kpi, type Plan, oracleSet } from '../domain/terms';
import { NO_VALUE } from '../generated/constants';

/** What a grant's settlement recorded: scores by KPI in basis points, amounts in base units. */
export type Settled = {
  scores: readonly number[];
  /** Of a grant in another unit the price, with the decimals of its KPI; undefined of one in tokens. */
  price: bigint | undefined;
  tranche: bigint;
  earned: bigint;
  bonus: bigint;
  settledAt: bigint;
  /** Whose grant it was then; undefined if the events before are missing. */
  beneficiary: Address | undefined;
};

export function settledKey(grant: Address, period: number): string {
  return `${grant}/${period}`;
}

/** Settlements by grant and period. */
export function settlements(events: readonly PastEvent[]): Map<string, Settled> {
  const found = new Map<string, Settled>();
  const beneficiaries = new Map<Address, Address>();
  for (const { event } of events) {
    if (event.name === 'GrantCreated') beneficiaries.set(event.grant, event.terms.beneficiary);
    if (event.name === 'BeneficiaryAccepted') beneficiaries.set(event.grant, event.new);
    if (event.name === 'GrantSettled') {
      const { earned, scores, tranche, time } = event;
      const price = some(event.price);
      const beneficiary = beneficiaries.get(event.grant);
      const settled = { earned, scores, price, tranche, settledAt: time, bonus: 0n, beneficiary };
      found.set(settledKey(event.grant, event.period), settled);
    }
    if (event.name === 'BonusCollected') {
      const settled = found.get(settledKey(event.grant, event.period));
      if (settled !== undefined) settled.bonus += event.bonus;
    }
  }
  return found;
}

/** The grant as it was when it was settled: whether an oracle's vote counted depends on whose it was. */
export function asSettled(grant: Grant, settled: Settled | undefined): Grant {
  const beneficiary = settled?.beneficiary ?? grant.account.beneficiary;
  return { ...grant, account: { ...grant.account, beneficiary } };
}

/** What was reported and ruled of one KPI for one period, where it is individual for one grant. */
type Recorded = {
  votes: Map<Address, { value: bigint; evidence: Evidence; late: boolean }>;
  resolved?: bigint;
  observed?: Observation;
  ruled?: bigint;
};

/** Of a page the evidence of an oracle's last upload is that of all its votes there. */
type Evidence = { hash: ReadonlyUint8Array };

/** By KPI, period and, where it is individual, the grant's index. */
export type Record = ReadonlyMap<string, Recorded>;

const recordKey = (kpi: number, period: number, index: number | undefined) => `${kpi}/${period}/${index ?? ''}`;

/** The values that the oracles reported and the arbiter set. */
export function recordOf(events: readonly PastEvent[]): Record {
  const record = new Map<string, Recorded>();
  const evidences = new Map<string, Evidence>();
  const at = (kpi: number, period: number, index: number | undefined) => {
    const key = recordKey(kpi, period, index);
    const entry: Recorded = record.get(key) ?? { votes: new Map() };
    record.set(key, entry);
    return entry;
  };
  for (const { event } of events) {
    if (event.name === 'ValueAttested') {
      const { kpi, period, oracle, value, evidence, resolved } = event;
      const entry = at(kpi, period, undefined);
      entry.votes.set(oracle, { value, evidence: { hash: evidence }, late: false });
      if (resolved) entry.resolved = value;
    } else if (event.name === 'PageAttested') {
      const { kpi, period, first, oracle } = event;
      const key = `${kpi}/${period}/${place(first).page}/${oracle}`;
      const evidence = evidences.get(key) ?? { hash: event.evidence };
      evidences.set(key, evidence);
      evidence.hash = event.evidence;
      for (const [offset, value] of event.values.entries()) {
        if (value === NO_VALUE) continue;
        const entry = at(kpi, period, first + offset);
        // Whether it was late says its first vote: it is one of those that agreed, or not.
        const late = entry.votes.get(oracle)?.late ?? isSet(event.late, offset);
        entry.votes.set(oracle, { value, evidence, late });
        if (isSet(event.resolved, offset)) entry.resolved = value;
      }
    } else if (event.name === 'ValueObserved') {
      // The program lets none be shown that does not count before the one that stands.
      const { kpi, period, value, confidenceBps, publishedAt, previousAt, evidence } = event;
      at(kpi, period, undefined).observed = { value, confidenceBps, publishedAt, previousAt, evidence };
    } else if (event.name === 'DisputeRuled') {
      const value = some(event.value);
      if (value === undefined) continue;
      for (const index of grantsOf(event)) at(event.kpi, event.period, index).ruled = value;
    }
  }
  return record;
}

function grantsOf(event: EarnoutEvent & { name: 'ValueDisputed' | 'DisputeRuled' }): (number | undefined)[] {
  const grants = some(event.grants);
  return grants === undefined ? [undefined] : indicesOf(grants);
}

/** The votes of the record and what they came to for the grant; undefined if there are none. */
export function recorded(
  plan: Plan,
  record: Record,
  kpi: Kpi,
  period: number,
  { account: { index, beneficiary } }: Grant,
): { votes: Vote[]; observed: Observation | undefined; outcome: Outcome } | undefined {
  const isIndividual = kpi.scope === 'individual';
  const entry = record.get(recordKey(kpi.number, period, isIndividual ? index : undefined));
  if (entry === undefined) return undefined;
  const own = isIndividual ? entry.votes.get(beneficiary) : undefined;
  const resolved = own === undefined || own.late ? entry.resolved : undefined;
  const votes = [...entry.votes].map(([oracle, { value, evidence, late }]): Vote => {
    const counts = !isIndividual || oracle !== beneficiary;
    return { oracle, value, evidence: evidence.hash, counts, idle: idleOf(value, late, resolved) };
  });
  const { observed } = entry;
  if (entry.ruled !== undefined) return { votes, observed, outcome: { kind: 'value', value: entry.ruled } };
  const set = oracleSet(plan, period);
  const cast = votes.filter(({ counts }) => counts).map(({ value }) => value);
  const all = Array.from({ length: Math.max(set.keys.length, cast.length) }, (_, position) => cast[position]);
  const { threshold } = set;
  try {
    const agreed = resolved === undefined ? undefined : { value: resolved, at: 0n };
    return { votes, observed, outcome: outcomeOf(kpi, { resolved: agreed, observed, votes: all, threshold }) };
  } catch (error) {
    // Of a set that made room for another one the threshold is not known any more.
    if (error instanceof CoreError) return { votes, observed, outcome: SILENT };
    throw error;
  }
}

/** What only events say of a dispute in a page: who disputed and why, and why the arbiter ruled as it did. */
export type Reasons = {
  disputer: Address;
  dispute: ReadonlyUint8Array;
  ruling: ReadonlyUint8Array | undefined;
};

/** Which oracles voted, or changed their vote, on a grant after enough of them had agreed: by its index. */
export function lateIn(events: readonly PastEvent[]): Map<number, Set<Address>> {
  const late = new Map<number, Set<Address>>();
  for (const { event } of events) {
    if (event.name !== 'PageAttested') continue;
    for (const index of indicesOf({ first: event.first, mask: event.late })) {
      late.set(index, (late.get(index) ?? new Set()).add(event.oracle));
    }
  }
  return late;
}

/** By the grant's index, from the events of a page. */
export function reasonsIn(events: readonly PastEvent[]): Map<number, Reasons> {
  const reasons = new Map<number, Reasons>();
  for (const { event } of events) {
    if (event.name !== 'ValueDisputed' && event.name !== 'DisputeRuled') continue;
    for (const index of grantsOf(event)) {
      if (index === undefined) continue;
      if (event.name === 'ValueDisputed') {
        reasons.set(index, { disputer: event.disputer, dispute: event.reasonHash, ruling: undefined });
      } else {
        const before = reasons.get(index);
        if (before !== undefined) reasons.set(index, { ...before, ruling: event.reasonHash });
      }
    }
  }
  return reasons;
}
