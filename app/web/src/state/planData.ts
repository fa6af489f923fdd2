// A plan, loaded and followed with everything that belongs to it.
import type { Address } from '@solana/kit';
import { vaultAddress } from '../chain/addresses';
import type { Chain, RawAccount, Stop } from '../chain/chain';
import {
  attestationsOfPlan,
  decodeEvaluation,
  decodeGrant,
  decodePlan,
  findAttestations,
  findGrants,
  findPages,
  grantsOfPlan,
  pagesOfPlan,
  readOnePlan,
  readPools,
} from '../chain/read';
import { readTokenAccount } from '../chain/token';
import { byKey, keyOf } from '../domain/evaluation';
import type { Grant } from '../domain/grant';
import type { Period } from '../generated/accounts/period';
import type { PlanData } from '../model/planData';
import type { Source } from './live';

export async function loadPlan(chain: Chain, address: Address): Promise<PlanData> {
  const first = await loadOnce(chain, address);
  // Between two answers the plan may have changed: what is still missing a moment later was left out.
  return first.short === undefined ? first : loadOnce(chain, address);
}

async function loadOnce(chain: Chain, address: Address): Promise<PlanData> {
  const [state, grants, attestations, pages] = await Promise.all([
    readOnePlan(chain, address),
    findGrants(chain, grantsOfPlan(address)),
    findAttestations(chain, attestationsOfPlan(address)),
    findPages(chain, pagesOfPlan(address)),
  ]);
  const redistributes = state.plan.unearned === 'redistribute';
  const pools = redistributes ? await readPools(chain, address) : new Map<number, Period>();
  const { openGrants, openAttestations, openPages, openPeriods } = state.plan.account;
  const counts = [
    { what: 'grant', given: grants.length, counted: openGrants },
    { what: 'attestation', given: attestations.length, counted: openAttestations },
    { what: 'value page', given: pages.length, counted: openPages },
    { what: 'bonus pool', given: pools.size, counted: redistributes ? openPeriods : 0 },
  ].filter(({ given, counted }) => given !== counted);
  return {
    ...state,
    grants: byIndex(grants),
    evaluations: byKey([...attestations, ...pages]),
    pools,
    short: counts.length === 0 ? undefined : counts,
  };
}

function byIndex(grants: Grant[]): Map<Address, Grant> {
  grants.sort((a, b) => a.account.index - b.account.index);
  return new Map(grants.map((grant) => [grant.address, grant]));
}

/** The data with one account as it is now; the same data if it is none of the plan's. */
export function withAccount(data: PlanData, account: RawAccount): PlanData {
  if (account.address === data.plan.address) {
    const plan = decodePlan(account);
    return plan === undefined ? data : { ...data, plan };
  }
  if (account.address === data.vault.address) {
    const vault = readTokenAccount(account);
    return vault === undefined ? data : { ...data, vault };
  }
  if (data.grants.has(account.address) && account.data.length === 0) {
    const grants = new Map(data.grants);
    grants.delete(account.address);
    return { ...data, grants };
  }
  const grant = decodeGrant(account);
  if (grant !== undefined && grant.account.plan === data.plan.address)
    return { ...data, grants: byIndex([...new Map(data.grants).set(grant.address, grant).values()]) };
  const evaluation = decodeEvaluation(account);
  if (evaluation?.account.plan !== data.plan.address) return data;
  return { ...data, evaluations: new Map(data.evaluations).set(keyOf(evaluation), evaluation) };
}

/** Loads and follows a plan. The plan counts its events, so that its one account tells whether anything was missed. */
export function planSource(chain: Chain, address: Address): Source<PlanData> {
  return {
    load: () => loadPlan(chain, address),
    async isCurrent({ plan, vault, short }) {
      if (short !== undefined) return false;
      const [planAccount, vaultAccount] = await chain.accounts([address, vault.address]);
      const now = planAccount === undefined ? undefined : decodePlan(planAccount);
      const sameEvents = now?.account.eventSequence === plan.account.eventSequence;
      return sameEvents && readTokenAccount(vaultAccount)?.amount === vault.amount;
    },
    watch(apply, onGap, onLive): Stop {
      const live = [false, false, false, false, false];
      const events = (watch: number) => ({
        onAccount: (account: RawAccount) => apply((data) => withAccount(data, account)),
        onGap,
        onLive(now: boolean) {
          live[watch] = now;
          onLive(live.every(Boolean));
        },
      });
      const stops = [
        chain.watchAccounts([address], events(0)),
        chain.watchProgram(grantsOfPlan(address), events(1)),
        chain.watchProgram(attestationsOfPlan(address), events(2)),
        chain.watchProgram(pagesOfPlan(address), events(3)),
      ];
      let stopped = false;
      void vaultAddress(address).then((vault) => {
        if (!stopped) stops.push(chain.watchAccounts([vault], events(4)));
      });
      return () => {
        stopped = true;
        stops.forEach((stop) => stop());
      };
    },
  };
}
