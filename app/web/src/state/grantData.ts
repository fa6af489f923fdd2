// One grant with what decides about its pay: its plan, and the attestations of its KPIs.
import type { Address } from '@solana/kit';
import type { Chain, RawAccount } from '../chain/chain';
import { Fault } from '../chain/fault';
import { attestationsAbout, findAttestations, readGrant, readOnePlan, readPools } from '../chain/read';
import { keyOf } from '../domain/reading';
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
  const [state, shared, own] = await Promise.all([
    readOnePlan(chain, planAddress),
    findAttestations(chain, attestationsAbout(planAddress)),
    findAttestations(chain, attestationsAbout(address)),
  ]);
  const attestations = [...shared, ...own].filter(({ account }) => account.plan === planAddress);
  const redistributes = state.plan.unearned === 'redistribute';
  return {
    ...state,
    grant,
    grants: new Map([[address, grant]]),
    attestations: new Map(attestations.map((each) => [keyOf(each), each])),
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
      let stops = [
        chain.watchAccounts([address], { onAccount: follow, onGap, onLive }),
        chain.watchProgram(attestationsAbout(address), { onAccount: follow, onGap, onLive: () => undefined }),
      ];
      let stopped = false;
      // Which plan to follow is known once the grant is read.
      void readGrant(chain, address).then(
        (grant) => {
          if (stopped || grant === undefined) return;
          const events = { onAccount: follow, onGap, onLive: () => undefined };
          const { plan } = grant.account;
          const changed = (account: RawAccount) => {
            follow(account);
            onGap();
          };
          stops = [
            ...stops,
            chain.watchAccounts([plan], { ...events, onAccount: changed }),
            chain.watchProgram(attestationsAbout(plan), events),
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
