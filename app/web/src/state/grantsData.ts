// The grants of one beneficiary across all plans.
import type { Address } from '@solana/kit';
import type { Chain, RawAccount } from '../chain/chain';
import { type PlanState, decodeGrant, findGrants, grantsOfBeneficiary, readPlans } from '../chain/read';
import type { Grant } from '../model/grant';
import type { Source } from './live';

export type GrantsData = {
  grants: ReadonlyMap<Address, Grant>;
  plans: ReadonlyMap<Address, PlanState>;
};

export async function loadGrants(chain: Chain, beneficiary: Address): Promise<GrantsData> {
  const grants = await findGrants(chain, grantsOfBeneficiary(beneficiary));
  const addresses = [...new Set(grants.map(({ account }) => account.plan))];
  const plans = await readPlans(chain, addresses);
  const readable = new Map<Address, PlanState>();
  plans.forEach((state) => state && readable.set(state.plan.address, state));
  return {
    grants: new Map(grants.filter(({ account }) => readable.has(account.plan)).map((grant) => [grant.address, grant])),
    plans: readable,
  };
}

export function grantsSource(chain: Chain, beneficiary: Address): Source<GrantsData> {
  return {
    load: () => loadGrants(chain, beneficiary),
    // A new grant can appear in any plan: only reading again tells.
    isCurrent: () => Promise.resolve(false),
    watch(apply, onGap, onLive) {
      const onAccount = (account: RawAccount) => {
        const grant = decodeGrant(account);
        if (grant === undefined) return onGap();
        apply((data) => {
          // A grant of a plan that was not read yet needs the plan first.
          if (!data.plans.has(grant.account.plan)) {
            onGap();
            return data;
          }
          return { ...data, grants: new Map(data.grants).set(grant.address, grant) };
        });
      };
      return chain.watchProgram(grantsOfBeneficiary(beneficiary), { onAccount, onGap, onLive });
    },
  };
}
