// What is known of a plan at once, and of one grant with what decides about its pay.
import type { Address } from '@solana/kit';
import type { PlanState } from '../chain/read';
import type { Evaluations } from '../domain/evaluation';
import type { Grant } from '../domain/grant';
import type { Period } from '../generated/accounts/period';

/** Everything of one plan: its terms, its vault, its grants, attestations, pages and pools. */
export type PlanData = PlanState & {
  grants: ReadonlyMap<Address, Grant>;
  evaluations: Evaluations;
  /** Pools by period; empty unless the plan redistributes. */
  pools: ReadonlyMap<number, Period>;
  /** Kinds of accounts (one of each in words) of which the endpoint gave another number than the plan counts; undefined if there are none. */
  short?: readonly { what: string; given: number; counted: number }[];
};

/** A plan of which only one grant was read. */
export type GrantData = PlanData & { grant: Grant };
