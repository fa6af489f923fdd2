// A plan in the middle of its life, made without a browser.
import type { Address, KeyPairSigner } from '@solana/kit';
import { planAddress } from '../../src/chain/addresses';
import type { Chain } from '../../src/chain/chain';
import * as instructions from '../../src/chain/instructions';
import { readOnePlan } from '../../src/chain/read';
import { TOKEN_PROGRAM, associatedTokenAccount } from '../../src/chain/token';
import { pack } from '../../src/chain/packing';
import { prepareLater, signAll } from '../../src/chain/transaction';
import { strictMajority } from '../../src/core/quorum';
import { cadence } from '../../src/generated/types/cadence';
import { Combination } from '../../src/generated/types/combination';
import { Interpolation } from '../../src/generated/types/interpolation';
import type { KpiTermsArgs } from '../../src/generated/types/kpiTerms';
import { Release } from '../../src/generated/types/release';
import { Scope } from '../../src/generated/types/scope';
import { UnearnedPolicy } from '../../src/generated/types/unearnedPolicy';
import { signing } from '../../test/support/people';
import { makeToken, send } from './money';

export const TOKEN = 1_000_000n;
const HOUR = 3_600;
const DAY = 24 * HOUR;

export type Cast = {
  authority: KeyPairSigner;
  oracle: KeyPairSigner;
  /** The other oracles; more than half of all decide. */
  others?: readonly KeyPairSigner[];
  arbiter: KeyPairSigner;
};

/** A plan of four days whose first begins in two hours, with a grant of 1,000 tokens for each beneficiary. */
export async function makePlan(
  chain: Chain,
  now: bigint,
  { authority, oracle, others = [], arbiter }: Cast,
  beneficiaries: readonly Address[],
  change: Partial<KpiTermsArgs> = {},
): Promise<Address> {
  const by = authority.address;
  const mint = await makeToken(chain, authority, 10_000_000n * TOKEN);
  const treasury = await associatedTokenAccount(by, mint, TOKEN_PROGRAM);
  const token = { mint, treasury, tokenProgram: TOKEN_PROGRAM };
  const startTs = now + BigInt(2 * HOUR);
  const address = await planAddress(by, 1n);
  const create = await instructions.createPlan(by, by, token, {
    planId: 1n,
    name: 'Design guild',
    unit: '',
    unitDecimals: 0,
    startTs,
    cadence: cadence('Seconds', [DAY]),
    periodCount: 4,
    attestSecs: 2 * HOUR,
    challengeSecs: HOUR,
    rulingSecs: HOUR,
    noticeSecs: HOUR,
    combination: Combination.WeightedSum,
    unearnedPolicy: UnearnedPolicy.Return,
    release: Release.AtSettlement,
    bonusCapBps: 10_000,
    minAllocation: 1n,
    maxAllocation: 1_000_000n * TOKEN,
    maxGrants: 2_000,
    enrolmentEnd: startTs,
    tokenFlags: 0,
    maxFeeBps: 0,
    oracles: [oracle, ...others].map((each) => each.address),
    threshold: strictMajority(1 + others.length),
    arbiter: arbiter.address,
  });
  const kpi = await instructions.addKpi(by, address, {
    name: 'milestones',
    unit: '%',
    rubricHash: new Uint8Array(32).fill(1),
    decimals: 0,
    scope: Scope.Shared,
    rangeMin: 0n,
    rangeMax: 100n,
    interpolation: Interpolation.Linear,
    points: [
      { value: 0n, score: 0 },
      { value: 100n, score: 10_000 },
    ],
    defaultScore: 0,
    defaultPrice: null,
    feed: null,
    ...change,
  });
  await send(chain, authority, [create, kpi, await instructions.activatePlan(by, address, mint)]);
  const { plan } = await readOnePlan(chain, address);
  const amount = BigInt(beneficiaries.length) * 1_000n * TOKEN;
  await send(chain, authority, [await instructions.fund(by, plan, treasury, amount)]);
  const grants = await Promise.all(
    beneficiaries.map(async (beneficiary, grantIndex) => [
      await instructions.createGrant(by, by, plan, {
        grantIndex,
        beneficiary,
        allocation: 1_000n * TOKEN,
        unitAllocation: 0n,
        firstPeriod: 0,
        periods: 4,
        cliffPeriods: 0,
        timeWeight: 0,
        kpiWeights: [10_000],
        revocable: true,
        transferable: false,
      }),
    ]),
  );
  // Each is executed as soon as it is sent: only the last has to be waited for.
  const envelope = { payer: by, version: 1 } as const;
  const prepared = pack(envelope, grants).map((list) => prepareLater(envelope, list));
  for (let first = 0; first < prepared.length; first += 50) {
    const signed = await signAll(chain, prepared.slice(first, first + 50), signing(authority));
    for (const { wire } of signed) await chain.send(wire);
  }
  while ((await readOnePlan(chain, address)).plan.account.grantCounter < grants.length) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return address;
}

/** Has the oracle report `value` for a period whose votes are accepted now; where it is individual for every grant. */
export async function report(
  chain: Chain,
  oracle: KeyPairSigner,
  address: Address,
  period: number,
  value: bigint,
): Promise<void> {
  const { plan } = await readOnePlan(chain, address);
  const kpi = plan.kpis[0];
  if (kpi === undefined) throw new Error('the plan has no KPI');
  const vote = { period, evidence: new Uint8Array(32).fill(2) };
  const values = Array.from({ length: plan.account.grantCounter }, () => value);
  await send(chain, oracle, [
    kpi.scope === 'shared'
      ? await instructions.attest(oracle.address, plan, kpi, { ...vote, value })
      : await instructions.attestPage(oracle.address, plan, kpi, { ...vote, first: 0, values }),
  ]);
}
