// One grant with what decides about its pay: its plan, and the attestations and pages of its KPIs.
import type { Address } from '@solana/kit';
import type { Chain, RawAccount } from '../chain/chain';
import { Fault } from '../chain/fault';
import {
  attestationsOfPlan,
  findAttestations,
  findPages,
  pagesNumbered,
  readGrant,
  readOnePlan,
  readPools,
} from '../chain/read';
import { byKey } from '../domain/evaluation';
import { place } from '../domain/page';
import type { Period } from '../generated/accounts/period';
import type { GrantData } from '../model/planData';
import type { Source } from './live';
import { withAccount } from './planData';

export async function loadGrant(chain: Chain, address: Address): Promise<GrantData> {
  const grant = await readGrant(chain, address);
  if (grant === undefined) {
    const message = 'There is no grant at this address. It may be closed: settled and paid in full.';
    throw new Fault('input', message, 'Check the address, and the cluster at the top of the page.');
  }
  const { plan: planAddress } = grant.account;
  const [state, attestations, pages] = await Promise.all([
    readOnePlan(chain, planAddress),
    findAttestations(chain, attestationsOfPlan(planAddress)),
    findPages(chain, pagesNumbered(planAddress, place(grant.account.index).page)),
  ]);
  const redistributes = state.plan.unearned === 'redistribute';
  return {
    ...state,
    grant,
    grants: new Map([[address, grant]]),
    evaluations: byKey([...attestations, ...pages]),
    pools: redistributes ? await readPools(chain, planAddress) : new Map<number, Period>(),
  };
}

export function grantSource(chain: Chain, address: Address): Source<GrantData> {
  return {
    load: () => loadGrant(chain, address),
    async isCurrent({ plan }) {
      // What the others settle changes the pools, of which nobody notifies.
      if (plan.unearned === 'redistribute') return false;
      const state = await readOnePlan(chain, plan.address);
      return state.plan.account.eventSequence === plan.account.eventSequence;
    },
    watch(apply, onGap, onLive) {
      const follow = (account: RawAccount) =>
        apply((data) => {
          const changed = withAccount(data, account);
          const grant = changed.grants.get(address);
          return grant === undefined ? data : { ...changed, grant };
        });
      let stops = [chain.watchAccounts([address], { onAccount: follow, onGap, onLive })];
      let stopped = false;
      // Which plan to follow is known once the grant is read.
      void readGrant(chain, address).then(
        (grant) => {
          if (stopped || grant === undefined) return;
          const events = { onAccount: follow, onGap, onLive: () => undefined };
          const { plan, index } = grant.account;
          const changed = (account: RawAccount) => {
            follow(account);
            onGap();
          };
          stops = [
            ...stops,
            chain.watchAccounts([plan], { ...events, onAccount: changed }),
            chain.watchProgram(attestationsOfPlan(plan), events),
            chain.watchProgram(pagesNumbered(plan, place(index).page), events),
          ];
        },
        () => undefined,
      );
      return () => {
        stopped = true;
        stops.forEach((stop) => stop());
      };
    },
  };
}
