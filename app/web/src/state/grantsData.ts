// The grants of one beneficiary across all plans, with what decides what can be claimed of them.
import type { Address } from '@solana/kit';
import { evaluationAddress } from '../chain/addresses';
import type { Chain, RawAccount } from '../chain/chain';
import {
  type PlanState,
  decodeGrant,
  findGrants,
  grantsOfBeneficiary,
  readEvaluations,
  readPlans,
  readPoolsOf,
} from '../chain/read';
import { type Evaluations, byKey, evaluationKey, pageFor } from '../domain/evaluation';
import { type Grant, paidBy } from '../domain/grant';
import type { Pool } from '../domain/steps';
import { type Plan, periodTimes } from '../domain/terms';
import { chainTime } from './clock';
import type { Source } from './live';

export type GrantsData = {
  grants: ReadonlyMap<Address, Grant>;
  plans: ReadonlyMap<Address, PlanState>;
  /** Those of the periods that have ended and are not settled. */
  evaluations: Evaluations;
  /** By plan and period; empty unless the plan redistributes. */
  pools: ReadonlyMap<Address, ReadonlyMap<number, Pool>>;
};

export async function loadGrants(chain: Chain, beneficiary: Address): Promise<GrantsData> {
  const [found, now] = await Promise.all([findGrants(chain, grantsOfBeneficiary(beneficiary)), chainTime(chain)]);
  const addresses = [...new Set(found.map(({ account }) => account.plan))];
  const plans = new Map<Address, PlanState>();
  for (const state of await readPlans(chain, addresses)) if (state !== undefined) plans.set(state.plan.address, state);
  const grants = found.filter(({ account }) => plans.has(account.plan));
  const wanted = new Map<string, Promise<Address>>();
  const pooled = new Map<Address, Set<number>>();
  for (const grant of grants) {
    const plan = plans.get(grant.account.plan)?.plan;
    if (plan === undefined) continue;
    const due = duePeriods(plan, grant, now);
    for (const period of due) {
      for (const kpi of paidBy(plan, grant)) {
        const page = pageFor(kpi, grant.account.index);
        const key = evaluationKey(plan.address, kpi.number, period, page);
        if (!wanted.has(key)) wanted.set(key, evaluationAddress(plan.address, kpi.number, period, page));
      }
    }
    if (plan.unearned !== 'redistribute') continue;
    const periods = pooled.get(plan.address) ?? new Set();
    pooled.set(plan.address, periods);
    const { collectedThrough, nextPeriod } = grant.account;
    for (const period of collectedThrough < nextPeriod ? [collectedThrough, ...due] : due) periods.add(period);
  }
  const [evaluations, pools] = await Promise.all([
    Promise.all(wanted.values()).then((all) => readEvaluations(chain, all)),
    Promise.all(
      [...pooled].map(async ([plan, periods]) => [plan, await readPoolsOf(chain, plan, [...periods])] as const),
    ),
  ]);
  return {
    grants: new Map(grants.map((grant) => [grant.address, grant])),
    plans,
    evaluations: byKey(evaluations),
    pools: new Map(pools),
  };
}

/** The periods of a grant that have ended at `now` and are not settled. */
function duePeriods(plan: Plan, { account }: Grant, now: bigint): number[] {
  const due: number[] = [];
  for (let period = account.nextPeriod; period < account.endPeriod; period += 1) {
    if (periodTimes(plan, period).end > now) break;
    due.push(period);
  }
  return due;
}

export function grantsSource(chain: Chain, beneficiary: Address): Source<GrantsData> {
  return {
    load: () => loadGrants(chain, beneficiary),
    // A new grant can appear in any plan: only reading again tells.
    isCurrent: () => Promise.resolve(false),
    watch(apply, onGap, onLive) {
      const onAccount = (account: RawAccount) => {
        const grant = decodeGrant(account);
        if (grant !== undefined) {
          // A grant of a plan that was not read yet needs the plan first.
          apply((data) =>
            data.plans.has(grant.account.plan)
              ? { ...data, grants: new Map(data.grants).set(grant.address, grant) }
              : data,
          );
        }
        // What can be claimed now depends on more than the grant.
        onGap();
      };
      return chain.watchProgram(grantsOfBeneficiary(beneficiary), { onAccount, onGap, onLive });
    },
  };
}
