// What holds the values of a KPI for a period: the attestation of a shared one, a page of an individual one.
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import { type Ruling, type Votes, agreed } from '../core/quorum';
import type { Attestation as AttestationAccount } from '../generated/accounts/attestation';
import type { Grant } from './grant';
import { type Page, isSet, place } from './page';
import { type Kpi, NO_KEY, type Plan, oracleSet } from './terms';

export type Attestation = { kind: 'attestation'; address: Address; account: AttestationAccount };

export type Evaluation = Attestation | Page;

/** By plan, KPI, period and page. */
export type Evaluations = ReadonlyMap<string, Evaluation>;

/** `page` is the number of the page; undefined for an attestation. */
export function evaluationKey(plan: Address, kpi: number, period: number, page: number | undefined): string {
  return `${plan}/${kpi}/${period}/${page ?? ''}`;
}

export function keyOf(evaluation: Evaluation): string {
  const { plan, kpi, period } = evaluation.account;
  return evaluationKey(plan, kpi, period, evaluation.kind === 'page' ? evaluation.account.page : undefined);
}

export function byKey(evaluations: readonly Evaluation[]): Map<string, Evaluation> {
  return new Map(evaluations.map((each) => [keyOf(each), each]));
}

/** The page in which the KPI's value for the grant of this index is; undefined if all grants share one value. */
export function pageFor(kpi: Kpi, index: number): number | undefined {
  return kpi.scope === 'shared' ? undefined : place(index).page;
}

/** What says of the KPI for the period what counts for the grant; undefined if nothing was reported or disputed. */
export function evaluationFor(
  evaluations: Evaluations,
  plan: Plan,
  kpi: Kpi,
  period: number,
  grant: Grant,
): Evaluation | undefined {
  return evaluations.get(evaluationKey(plan.address, kpi.number, period, pageFor(kpi, grant.account.index)));
}

/** The votes on one KPI for one period, and how far its evaluation has come. Times in Unix seconds. */
export type Tally = {
  /** By position in the oracle set, those that count. */
  votes: Votes;
  threshold: number;
  /** The value on which enough oracles agreed while voting was open, and when. */
  resolved: { value: bigint; at: bigint } | undefined;
  disputedAt: bigint | undefined;
  ruling: Ruling | undefined;
  /** What a feed said: it is resolved when voting ends, and counts in the place of the votes. */
  observed: Observation | undefined;
};

/** The update of a price feed that counts for a period. Times in Unix seconds. */
export type Observation = {
  value: bigint;
  /** How uncertain the feed was, basis points of its price, rounded up. */
  confidenceBps: number;
  publishedAt: bigint;
  /** When the feed published its update before. */
  previousAt: bigint;
  /** SHA-256 of the feed's message. */
  evidence: ReadonlyUint8Array;
};

/** The update that the attestation holds; a page has none. */
export function observationOf(evaluation: Evaluation): Observation | undefined {
  if (evaluation.kind === 'page' || evaluation.account.isObserved === 0) return undefined;
  const { account } = evaluation;
  return {
    value: account.observedValue,
    confidenceBps: account.observedConfidenceBps,
    publishedAt: account.observedAt,
    previousAt: account.observedPrevious,
    evidence: account.observedHash,
  };
}

/**
 * What the account says; of a page, for the grant. An oracle's vote on its own grant does not count, and unless enough
 * others agreed before it came, nothing is resolved before the end of voting. Undefined for a grant that the page does
 * not have.
 */
export function tallyOf(evaluation: Evaluation, grant: Grant | undefined): Tally | undefined {
  const written = standingOf(evaluation, grant);
  if (written === undefined) return undefined;
  const { threshold } = evaluation.account;
  const ballots = ballotsOf(evaluation, grant);
  const votes = ballots.map(({ value, counts }) => (counts ? value : undefined));
  const voids = ballots.some(({ value, counts, late }) => value !== undefined && !counts && !late);
  const at = voids ? undefined : written.resolvedAt;
  const value = at === undefined ? undefined : written.agreed;
  const resolved = at === undefined || value === undefined ? undefined : { value, at };
  const { disputedAt, ruling } = written;
  return { votes, threshold, resolved, disputedAt, ruling, observed: observationOf(evaluation) };
}

/** How far the evaluation has come as it is written down, whoever voted. */
export type Standing = {
  resolvedAt: bigint | undefined;
  /** The value on which enough oracles agreed then; in a page, once the arbiter has set another one, that one. */
  agreed: bigint | undefined;
  disputedAt: bigint | undefined;
  ruling: Ruling | undefined;
};

export function standingOf(evaluation: Evaluation, grant: Grant | undefined): Standing | undefined {
  if (evaluation.kind === 'page') return grant && evaluation.entries[place(grant.account.index).slot];
  const { resolvedAt, disputedAt, ruling, rulingValue, threshold } = evaluation.account;
  const votes = ballotsOf(evaluation, grant).map(({ value }) => value);
  return {
    resolvedAt: resolvedAt === 0n ? undefined : resolvedAt,
    // Changed votes are refused since then, and no second value can have a majority.
    agreed: resolvedAt === 0n ? undefined : agreed(votes, threshold),
    disputedAt: disputedAt === 0n ? undefined : disputedAt,
    ruling: ruling === 0 ? undefined : ruling === 1 ? { kind: 'uphold' } : { kind: 'value', value: rulingValue },
  };
}

type Cast = {
  oracle: Address | undefined;
  value: bigint | undefined;
  evidence: ReadonlyUint8Array;
  counts: boolean;
  /** Whether enough oracles had agreed before. */
  late: boolean;
};

/** One for each oracle of the set that votes; of a page those on the grant. The attestation does not know the keys. */
function ballotsOf(evaluation: Evaluation, grant: Grant | undefined): Cast[] {
  if (evaluation.kind === 'page') {
    const slot = grant === undefined ? -1 : place(grant.account.index).slot;
    return evaluation.ballots.map(({ oracle, evidence, values, late }) => ({
      oracle,
      evidence,
      value: values[slot],
      counts: oracle !== grant?.account.beneficiary,
      late: slot >= 0 && isSet(late, slot),
    }));
  }
  const { account } = evaluation;
  return account.values.slice(0, account.oracleCount).map((value, position) => ({
    oracle: undefined,
    evidence: account.evidence[position] ?? new Uint8Array(32),
    value: (account.voted & (1 << position)) === 0 ? undefined : value,
    counts: true,
    late: false,
  }));
}

/** One oracle's vote; of an individual KPI the evidence is that of all its votes in the page. */
export type Vote = {
  oracle: Address;
  value: bigint;
  evidence: ReadonlyUint8Array;
  /** An oracle's vote on its own grant does not count. */
  counts: boolean;
  /** Why it changes nothing though it counts; undefined for one that may be among those that decide. */
  idle: Idle | undefined;
};

/** Enough oracles had agreed before it came, or it is not what they agreed on. */
export type Idle = 'late' | 'differs';

/** Why a vote changes nothing once `agreed` counts. */
export function idleOf(value: bigint, late: boolean, agreed: bigint | undefined): Idle | undefined {
  if (agreed === undefined) return undefined;
  return late ? 'late' : value === agreed ? undefined : 'differs';
}

export function votesOf(plan: Plan, evaluation: Evaluation, grant: Grant | undefined): Vote[] {
  const tally = tallyOf(evaluation, grant);
  // Once a change of oracles is over, the plan no longer says who was in the set before.
  const set = oracleSet(plan, evaluation.account.period);
  const keys = set.firstPeriod <= evaluation.account.period ? set.keys : [];
  return ballotsOf(evaluation, grant).flatMap(({ oracle, value, evidence, counts, late }, position): Vote[] => {
    if (value === undefined) return [];
    // Of a page in which the arbiter set a value it is not known any more what had been agreed.
    const isKnown = evaluation.kind === 'attestation' || tally?.ruling?.kind !== 'value';
    const agreed = tally?.resolved === undefined ? undefined : isKnown ? tally.resolved.value : value;
    const idle = idleOf(value, late, agreed);
    return [{ oracle: oracle ?? keys[position] ?? NO_KEY, value, evidence, counts, idle }];
  });
}
