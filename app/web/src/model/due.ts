// What the people of a plan have to do, and by when.
import type { Address } from '@solana/kit';
import { covers } from '../domain/grant';
import { type Attestation, type Reading, attestationKey, readingAt } from '../domain/reading';
import { type Kpi, oracleSet, periodTimes } from '../domain/terms';
import type { PlanData } from './planData';

/** Periods whose votes are accepted at `now`. */
export function votingPeriods({ plan }: PlanData, now: bigint): number[] {
  const periods: number[] = [];
  for (let period = 0; period < plan.calendar.periodCount; period += 1) {
    const { end, attestDeadline } = periodTimes(plan, period);
    if (end <= now && now < attestDeadline && (plan.account.unsettledGrants[period] ?? 0) > 0) periods.push(period);
  }
  return periods;
}

/** A value that an oracle may report now. */
export type Task = {
  reading: Reading;
  /** The grant of an individual KPI. */
  grant: Address | undefined;
  /** What this oracle reported already. */
  voted: bigint | undefined;
};

/** What `oracle` may vote on at `now`: votes can be changed until the value is resolved. */
export function tasksOf(data: PlanData, oracle: Address, now: bigint): Task[] {
  return votingPeriods(data, now)
    .filter((period) => oracleSet(data.plan, period).keys.includes(oracle))
    .flatMap((period) =>
      data.plan.kpis.flatMap((kpi) =>
        subjectsOf(data, kpi, period, oracle).map((grant) => task(data, kpi, period, grant, oracle, now)),
      ),
    )
    .filter(({ reading }) => !reading.attestation?.account.resolved);
}

/** The grants that an individual KPI is measured for, or nothing, once, for a shared one. */
function subjectsOf({ plan, grants }: PlanData, kpi: Kpi, period: number, oracle: Address): (Address | undefined)[] {
  const weighted = [...grants.values()].filter(
    (grant) =>
      (grant.account.kpiWeights[kpi.number] ?? 0) > 0 && covers(grant, period) && period >= grant.account.nextPeriod,
  );
  if (kpi.scope === 'shared') return weighted.length > 0 ? [undefined] : [];
  // Nobody votes on its own pay.
  return weighted
    .filter(({ account }) => account.beneficiary !== oracle && account.plan === plan.address)
    .map(({ address }) => address);
}

function task(
  { plan, attestations }: PlanData,
  kpi: Kpi,
  period: number,
  grant: Address | undefined,
  oracle: Address,
  now: bigint,
): Task {
  const subject = grant ?? plan.address;
  const attestation = attestations.get(attestationKey(kpi.number, period, subject));
  const reading = readingAt(plan, kpi, period, subject, attestation, now);
  return { reading, grant, voted: reading.votes.find((vote) => vote.oracle === oracle)?.value };
}

export type Dispute = { attestation: Attestation; reading: Reading };

/** Disputes on which the arbiter may rule at `now`, and those that were decided. */
export function disputesOf({ plan, attestations }: PlanData, now: bigint): { open: Dispute[]; closed: Dispute[] } {
  const all = [...attestations.values()].filter(({ account }) => account.disputedAt !== 0n);
  const disputes = all.flatMap((attestation): Dispute[] => {
    const kpi = plan.kpis[attestation.account.kpi];
    if (kpi === undefined) return [];
    const { period, subject } = attestation.account;
    return [{ attestation, reading: readingAt(plan, kpi, period, subject, attestation, now) }];
  });
  const isOpen = ({ attestation: { account } }: Dispute) =>
    account.ruling === 0 && now < account.disputedAt + BigInt(plan.windows.rulingSecs);
  return { open: disputes.filter(isOpen), closed: disputes.filter((dispute) => !isOpen(dispute)) };
}
