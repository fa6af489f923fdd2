// A plan as somebody writes it: the fields of a form or of a plan file, as text.
import type { Combination } from '../core/credit';
import type { Interpolation } from '../core/curve';
import type { Release } from '../core/release';
import type { UnearnedPolicy } from '../core/tranche';
import { ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, type Scope } from '../domain/terms';
import { isoTime } from '../text/time';

export type PointDraft = { value: string; score: string };

/** A price feed on the chain. */
export type FeedDraft = {
  receiver: 'pyth' | 'pyth-pro';
  id: string;
  price: 'spot' | 'average';
  maxDelay: string;
  maxConfidence: string;
};

/** The price of a token in the unit of account: the last KPI of its plan. */
export type PriceDraft = {
  /** Its name among the KPIs. */
  name: string;
  unit: string;
  unitDecimals: string;
  decimals: string;
  min: string;
  max: string;
  /** What counts if nobody reports. */
  fallback: string;
  rubric: string;
  feed: FeedDraft | undefined;
};

export type KpiDraft = {
  name: string;
  unit: string;
  decimals: string;
  scope: Scope;
  min: string;
  max: string;
  interpolation: Interpolation;
  curve: PointDraft[];
  defaultScore: string;
  /** The text of the rubric, or its SHA-256. */
  rubric: string;
  feed: FeedDraft | undefined;
};

export type PlanDraft = {
  id: string;
  name: string;
  mint: string;
  treasury: string;
  start: string;
  cadence: string;
  periods: string;
  combination: Combination;
  unearned: UnearnedPolicy;
  bonusCap: string;
  release: Release;
  attest: string;
  challenge: string;
  ruling: string;
  notice: string;
  minAllocation: string;
  maxAllocation: string;
  maxGrants: string;
  enrolmentEnd: string;
  oracles: string[];
  threshold: string;
  arbiter: string;
  allow: number;
  maxFee: string;
  /** All tokens that exist, for amounts in percent; empty if none are. */
  supply: string;
  kpis: KpiDraft[];
  /** Undefined for a plan whose grants are all in tokens. */
  price: PriceDraft | undefined;
};

export const EMPTY_KPI: KpiDraft = {
  name: '',
  unit: '',
  decimals: '0',
  scope: 'shared',
  min: '0',
  max: '100',
  interpolation: 'linear',
  curve: [
    { value: '0', score: '0' },
    { value: '100', score: '10_000' },
  ],
  defaultScore: '0',
  rubric: '',
  feed: undefined,
};

/** A price to begin with. */
export const EMPTY_PRICE: PriceDraft = {
  name: 'Token price',
  unit: 'USD',
  unitDecimals: '2',
  decimals: '4',
  min: '0.01',
  max: '100',
  fallback: '',
  rubric: '',
  feed: undefined,
};

/** A feed to begin with. */
export const EMPTY_FEED: FeedDraft = {
  receiver: 'pyth',
  id: '',
  price: 'spot',
  maxDelay: '10 minutes',
  maxConfidence: '2 %',
};

/** A draft to begin with, whose calendar starts at `start`. */
export function emptyDraft(start: bigint): PlanDraft {
  return {
    id: '1',
    name: '',
    mint: '',
    treasury: '',
    start: isoTime(start),
    cadence: '3 months',
    periods: '4',
    combination: 'weighted-sum',
    unearned: 'return',
    bonusCap: '10_000',
    release: 'at-settlement',
    attest: '14 days',
    challenge: '7 days',
    ruling: '7 days',
    notice: '14 days',
    minAllocation: '1',
    maxAllocation: '1_000_000',
    maxGrants: '100',
    enrolmentEnd: isoTime(start),
    oracles: ['', '', ''],
    threshold: '2',
    arbiter: '',
    allow: 0,
    maxFee: '0',
    supply: '',
    kpis: [EMPTY_KPI],
    price: undefined,
  };
}

export const FLAGS: readonly (readonly [name: string, flag: number, text: string])[] = [
  ['transfer-fee', ALLOW_TRANSFER_FEE, 'a transfer fee'],
  ['transfer-hook', ALLOW_TRANSFER_HOOK, 'a transfer hook'],
  ['freeze-authority', ALLOW_FREEZE_AUTHORITY, 'a freeze authority'],
];
