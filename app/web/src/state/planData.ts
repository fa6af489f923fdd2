// A plan, loaded and followed with everything that belongs to it.
import type { Address } from '@solana/kit';
import { vaultAddress } from '../chain/addresses';
import type { Chain, RawAccount, Stop } from '../chain/chain';
import {
  attestationsOfPlan,
  decodeAttestation,
  decodeGrant,
  decodePlan,
  findAttestations,
  findGrants,
  grantsOfPlan,
  readOnePlan,
  readPools,
} from '../chain/read';
import { readTokenAccount } from '../chain/token';
import type { Grant } from '../domain/grant';
import { keyOf } from '../domain/reading';
import type { Period } from '../generated/accounts/period';
import type { PlanData } from '../model/planData';
import type { Source } from './live';

export async function loadPlan(chain: Chain, address: Address): Promise<PlanData> {
  const first = await loadOnce(chain, address);
  // Between two answers the plan may have changed: what is still missing a moment later was left out.
  return first.short === undefined ? first : loadOnce(chain, address);
}

async function loadOnce(chain: Chain, address: Address): Promise<PlanData> {
  const [state, grants, attestations] = await Promise.all([
    readOnePlan(chain, address),
    findGrants(chain, grantsOfPlan(address)),
    findAttestations(chain, attestationsOfPlan(address)),
  ]);
  const redistributes = state.plan.unearned === 'redistribute';
  const pools = redistributes ? await readPools(chain, address) : new Map<number, Period>();
  const { openGrants, openAttestations, openPeriods } = state.plan.account;
  const counts = [
    { what: 'grant', given: grants.length, counted: openGrants },
    { what: 'attestation', given: attestations.length, counted: openAttestations },
    { what: 'bonus pool', given: pools.size, counted: redistributes ? openPeriods : 0 },
  ].filter(({ given, counted }) => given !== counted);
  return {
    ...state,
    grants: byIndex(grants),
    attestations: new Map(attestations.map((each) => [keyOf(each), each])),
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
  const attestation = decodeAttestation(account);
  if (attestation?.account.plan !== data.plan.address) return data;
  return { ...data, attestations: new Map(data.attestations).set(keyOf(attestation), attestation) };
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
      const live = [false, false, false, false];
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
      ];
      let stopped = false;
      void vaultAddress(address).then((vault) => {
        if (!stopped) stops.push(chain.watchAccounts([vault], events(3)));
      });
      return () => {
        stopped = true;
        stops.forEach((stop) => stop());
      };
    },
  };
}
