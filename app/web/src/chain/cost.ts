// Upper bounds of what instructions take of a transaction besides bytes and accounts, for packing them. The twin of the
// SDK's `send/cost.rs`: what both have is compared (`test/vectors/transactions.json`). Measured figures are in
// `docs/compute-units.md`.
import type { Instruction } from '@solana/kit';

export type Cost = {
  /** Compute units. */
  units: number;
  /** Instructions: itself and all that it makes programs call. */
  calls: number;
};

/** An instruction with what it takes at most. */
export type Costed = Instruction & { readonly cost: Cost };

export function costing(cost: Cost, instruction: Instruction): Costed {
  return { ...instruction, cost };
}

/** Creates an account, which may have been funded before, and reports. */
export const CREATE_GRANT: Cost = { units: 20_000, calls: 5 };
/** The first vote creates the account, which may have been funded before. */
export const ATTEST: Cost = { units: 16_000, calls: 5 };
/** Creates the account as a vote does, and hashes the feed's message. */
export const OBSERVE: Cost = { units: 20_000, calls: 5 };
/** Of 64 values. */
export const ATTEST_PAGE: Cost = { units: 40_000, calls: 5 };
export const COLLECT_BONUS: Cost = { units: 8_000, calls: 2 };
/** Creating an associated token account, if it is not there. */
export const CREATE_ASSOCIATED: Cost = { units: 30_000, calls: 8 };
/** With a memo at most; tokens with a transfer hook are not claimed here. */
export const CLAIM: Cost = { units: 18_000, calls: 4 };
/** Of 64 values; creates the account that holds them. */
export const DISPUTE: Cost = { units: 30_000, calls: 5 };
/** Of 64 values. */
export const RULE: Cost = { units: 25_000, calls: 2 };
/** Creates the plan and its vault. */
export const CREATE_PLAN: Cost = { units: 100_000, calls: 12 };
/** Whatever changes accounts that are there, and reports. */
export const CHANGE: Cost = { units: 10_000, calls: 2 };
/** The same with a transfer of tokens, and a memo at most. */
export const TRANSFER: Cost = { units: 20_000, calls: 4 };

/** `settle` with so many KPIs whose results it takes, and whether it creates the period's pool. */
export function settleCost(results: number, makesPool: boolean): Cost {
  // A silent KPI: its address is searched. Calls are itself, its event, and what creates an account that may have been
  // funded before.
  return { units: 14_000 + 3_000 * results, calls: makesPool ? 5 : 2 };
}
