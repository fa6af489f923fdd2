// A plan's terms in the words of the arithmetic, read from the account.
import { type Address, type ReadonlyUint8Array, getUtf8Decoder } from '@solana/kit';
import { type Calendar, type Windows, boundary, periodEnd, settleDeadline } from '../core/calendar';
import type { Combination } from '../core/credit';
import { type Curve, type Interpolation, maxScore } from '../core/curve';
import type { Release } from '../core/release';
import type { UnearnedPolicy } from '../core/tranche';
import type { Plan as PlanAccount } from '../generated/accounts/plan';
import type { Kpi as KpiAccount } from '../generated/types/kpi';
import type { OracleSet as OracleSetAccount } from '../generated/types/oracleSet';
import { Receiver } from '../generated/types/receiver';

/** The key of nobody: stands for none where a key is optional. */
export const NO_KEY = '11111111111111111111111111111111' as Address;

export const ALLOW_FREEZE_AUTHORITY = 1;
export const ALLOW_TRANSFER_FEE = 2;
export const ALLOW_TRANSFER_HOOK = 4;

export type Scope = 'shared' | 'individual';

/** A price feed on the chain from which anyone can read the value of a shared KPI. */
export type Feed = {
  receiver: Receiver;
  id: ReadonlyUint8Array;
  /** Whether its moving average is read and not its spot price. */
  average: boolean;
  /** An update counts that was published at most so long after the end of the period. */
  maxDelaySecs: number;
  /** Largest confidence interval, basis points of the price. */
  maxConfidenceBps: number;
};

export type Kpi = {
  /** Number in the plan. */
  number: number;
  /** As somebody wrote it: to be shown through `HostileText` only. */
  name: string;
  /** As somebody wrote it: to be shown through `HostileText` only. */
  unit: string;
  decimals: number;
  scope: Scope;
  rangeMin: bigint;
  rangeMax: bigint;
  curve: Curve;
  /** What counts if the oracles stay silent, basis points; 0 of the price, which has no score. */
  defaultScore: number;
  /** What counts if the oracles stay silent, if this is the plan's price; undefined for any other KPI. */
  defaultPrice: bigint | undefined;
  feed: Feed | undefined;
  rubricHash: ReadonlyUint8Array;
};

export type OracleSet = { keys: readonly Address[]; threshold: number; firstPeriod: number };

export type PlanStatus = 'draft' | 'active' | 'closed';

/** The unit of account of grants that are not stated in the token. */
export type Unit = {
  /** As somebody wrote it: to be shown through `HostileText` only. */
  name: string;
  decimals: number;
  /** Power of ten by which amounts in the unit become base units, before they are divided by the price. */
  exponent: number;
};

/** The price of a plan: what a whole token is worth in the unit of account. */
export type Price = Kpi & { defaultPrice: bigint };

/** A plan: its terms, and the account as it is for everything else. */
export type Plan = {
  address: Address;
  /** As somebody wrote it: to be shown through `HostileText` only. */
  name: string;
  /** Where the authority says that the documents are, as it wrote it; empty if it does not say. */
  uri: string;
  unit: Unit | undefined;
  price: Price | undefined;
  status: PlanStatus;
  calendar: Calendar;
  windows: Windows;
  combination: Combination;
  unearned: UnearnedPolicy;
  release: Release;
  kpis: readonly Kpi[];
  /** In force, unless the period has reached the next one's first period. */
  oracles: OracleSet;
  nextOracles: OracleSet | undefined;
  arbiter: Address | undefined;
  account: PlanAccount;
};

export function readPlan(address: Address, account: PlanAccount): Plan {
  const kpis = account.kpis.slice(0, account.kpiCount).map(readKpi);
  const next = readOracles(account.nextOracles);
  const unit = paddedText(account.unit);
  return {
    address,
    name: paddedText(account.name),
    uri: paddedText(account.uri),
    unit: unit === '' ? undefined : { name: unit, decimals: account.unitDecimals, exponent: account.unitExponent },
    price: kpis.find(isPrice),
    status: choose(['draft', 'active', 'closed'], account.status),
    calendar: {
      start: account.startTs,
      cadence: { kind: choose(['seconds', 'months'], account.cadenceKind), length: account.cadenceLength },
      periodCount: account.periodCount,
    },
    windows: {
      attestSecs: account.attestSecs,
      challengeSecs: account.challengeSecs,
      rulingSecs: account.rulingSecs,
    },
    combination: choose(['weighted-sum', 'weakest'], account.combination),
    unearned: choose(['return', 'carry-over', 'redistribute'], account.unearnedPolicy),
    release: choose(['at-settlement', 'linear'], account.release),
    kpis,
    oracles: readOracles(account.oracles),
    nextOracles: next.keys.length > 0 ? next : undefined,
    arbiter: account.arbiter === NO_KEY ? undefined : account.arbiter,
    account,
  };
}

function readKpi(kpi: KpiAccount, number: number): Kpi {
  const points = kpi.curveValues
    .slice(0, kpi.pointCount)
    .map((value, index) => ({ value, score: kpi.curveScores[index] ?? 0 }));
  return {
    number,
    name: paddedText(kpi.name),
    unit: paddedText(kpi.unit),
    decimals: kpi.decimals,
    scope: choose(['shared', 'individual'], kpi.scope),
    rangeMin: kpi.rangeMin,
    rangeMax: kpi.rangeMax,
    curve: { points, interpolation: choose<Interpolation>(['linear', 'step'], kpi.interpolation) },
    defaultScore: kpi.defaultScore,
    defaultPrice: kpi.defaultPrice > 0n ? kpi.defaultPrice : undefined,
    feed: readFeed(kpi),
    rubricHash: kpi.rubricHash,
  };
}

/** The byte of a feed's receiver: 0 is none. */
function readFeed({ feedReceiver, feedId, feedAverage, maxDelaySecs, maxConfidenceBps }: KpiAccount): Feed | undefined {
  if (feedReceiver === 0) return undefined;
  const receiver = choose([undefined, Receiver.Pyth, Receiver.PythPro], feedReceiver);
  return { receiver, id: feedId, average: feedAverage !== 0, maxDelaySecs, maxConfidenceBps };
}

/** Whether a KPI is its plan's price. */
export function isPrice(kpi: Kpi): kpi is Price {
  return kpi.defaultPrice !== undefined;
}

function readOracles(set: OracleSetAccount): OracleSet {
  return { keys: set.keys.slice(0, set.count), threshold: set.threshold, firstPeriod: set.firstPeriod };
}

/** Text padded with zero bytes; bytes that are not UTF-8 become replacement characters. */
function paddedText(bytes: ReadonlyUint8Array): string {
  const end = bytes.indexOf(0);
  return getUtf8Decoder().decode(end === -1 ? bytes : bytes.slice(0, end));
}

function choose<T>(names: readonly (T | undefined)[], byte: number): T {
  const name = names[byte];
  if (name === undefined) throw new Error('The account was written by a later release of the program.');
  return name;
}

/** The oracles that vote on `period`. */
export function oracleSet(plan: Plan, period: number): OracleSet {
  const next = plan.nextOracles;
  return next !== undefined && period >= next.firstPeriod ? next : plan.oracles;
}

/** The largest score that can count for a KPI, basis points. */
export function bestScore(kpi: Kpi): number {
  return Math.max(maxScore(kpi.curve), kpi.defaultScore);
}

/** The times of one period, Unix seconds. Every window includes its first second and excludes its last. */
export type PeriodTimes = {
  period: number;
  start: bigint;
  /** Voting begins. */
  end: bigint;
  /** Voting is over. */
  attestDeadline: bigint;
  /** From here on it settles without anyone's goodwill. */
  settleDeadline: bigint;
};

export function periodTimes(plan: Plan, period: number): PeriodTimes {
  const end = periodEnd(plan.calendar, period);
  return {
    period,
    start: boundary(plan.calendar, period),
    end,
    attestDeadline: end + BigInt(plan.windows.attestSecs),
    settleDeadline: settleDeadline(plan.windows, end),
  };
}

export function schedule(plan: Plan): PeriodTimes[] {
  return Array.from({ length: plan.calendar.periodCount }, (_, period) => periodTimes(plan, period));
}

/** The time after which every period settles without anyone's goodwill. */
export function lastDeadline(plan: Plan): bigint {
  return settleDeadline(plan.windows, boundary(plan.calendar, plan.calendar.periodCount));
}

/** Vault tokens that no grant can ever claim, base units; negative only if the books were wrong. */
export function surplus(plan: Plan, vaultBalance: bigint): bigint {
  const { reserved, owed, pooled } = plan.account;
  return vaultBalance - reserved - owed - pooled;
}

/** The treasury at `now` and its owner. */
export function treasuryAt(plan: Plan, now: bigint): { treasury: Address; owner: Address } {
  const { account } = plan;
  const pending = account.pendingTreasuryAt !== 0n && now >= account.pendingTreasuryAt;
  return pending
    ? { treasury: account.pendingTreasury, owner: account.pendingTreasuryOwner }
    : { treasury: account.treasury, owner: account.treasuryOwner };
}
