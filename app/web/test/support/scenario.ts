// A plan with its people, made by the app's own instructions on a chain in the process.
import { type Address, type Instruction, lamports } from '@solana/kit';
import { getCreateAccountInstruction } from '@solana-program/system';
import { getInitializeMint2Instruction, getMintToInstruction } from '@solana-program/token';
import { planAddress } from '../../src/chain/addresses';
import * as instructions from '../../src/chain/instructions';
import {
  type PlanState,
  attestationsOfPlan,
  decodeAll,
  decodeEvaluation,
  decodeGrant,
  grantsOfPlan,
  pagesOfPlan,
  readOnePlan,
} from '../../src/chain/read';
import { TOKEN_PROGRAM, associatedTokenAccount } from '../../src/chain/token';
import type { Version } from '../../src/chain/packing';
import { type Prepared, prepare } from '../../src/chain/transaction';
import { type Attestation, type Evaluations, byKey } from '../../src/domain/evaluation';
import type { Grant } from '../../src/domain/grant';
import type { Page } from '../../src/domain/page';
import { cadence } from '../../src/generated/types/cadence';
import { Combination } from '../../src/generated/types/combination';
import type { CreateGrantArgsArgs } from '../../src/generated/types/createGrantArgs';
import type { CreatePlanArgsArgs } from '../../src/generated/types/createPlanArgs';
import { Interpolation } from '../../src/generated/types/interpolation';
import type { KpiTermsArgs } from '../../src/generated/types/kpiTerms';
import { Release } from '../../src/generated/types/release';
import { Scope } from '../../src/generated/types/scope';
import { UnearnedPolicy } from '../../src/generated/types/unearnedPolicy';
import { LiteChain } from './liteChain';
import { type Person, person, signing } from './people';
import { submit } from './submit';

export const TOKEN = 1_000_000n;
const DECIMALS = 6;
const MINT_SIZE = 82;
export const HOUR = 3_600;
export const DAY = 86_400;
/** 1 January 2027, 00:00 UTC. */
export const START = 1_798_761_600n;

export type Scenario = {
  chain: LiteChain;
  authority: Person;
  oracles: Person[];
  arbiter: Person;
  contributors: Person[];
  mint: Address;
  plan: Address;
  /** Sends instructions for somebody who signs and pays; other signers are named too. */
  send: (payer: Person, list: readonly Instruction[], ...others: Person[]) => Promise<Prepared>;
  state: () => Promise<PlanState>;
  grants: () => Promise<Grant[]>;
  evaluations: () => Promise<Evaluations>;
  /** Those of which the plan has exactly one. */
  attestation: () => Promise<Attestation>;
  page: () => Promise<Page>;
  /** On a shared KPI. */
  vote: (oracles: readonly Person[], kpi: number, period: number, value: bigint) => Promise<void>;
  /** On an individual KPI: of the grant with the index `first` and those after it. */
  votePage: (
    oracles: readonly Person[],
    kpi: number,
    period: number,
    first: number,
    values: readonly bigint[],
    evidence?: Uint8Array,
  ) => Promise<void>;
};

export const kpi = (change: Partial<KpiTermsArgs> = {}): KpiTermsArgs => ({
  name: 'milestones completed',
  unit: '%',
  rubricHash: new Uint8Array(32).fill(7),
  decimals: 1,
  scope: Scope.Shared,
  rangeMin: 0n,
  rangeMax: 1_000n,
  interpolation: Interpolation.Linear,
  points: [
    { value: 0n, score: 0 },
    { value: 800n, score: 10_000 },
    { value: 1_000n, score: 12_500 },
  ],
  defaultScore: 0,
  defaultPrice: null,
  feed: null,
  ...change,
});

/** A price in USD with four decimals: 0.05 if nobody reports. */
export const price = (change: Partial<KpiTermsArgs> = {}): KpiTermsArgs =>
  kpi({
    name: 'Token price',
    unit: 'USD',
    decimals: 4,
    rangeMin: 100n,
    rangeMax: 1_000_000n,
    points: [],
    defaultPrice: 500n,
    ...change,
  });

/** Terms of a plan with that price. */
export const IN_USD = { unit: 'USD', unitDecimals: 2 } as const;

export type Options = {
  terms?: Partial<CreatePlanArgsArgs>;
  kpis?: KpiTermsArgs[];
  grants?: Partial<CreateGrantArgsArgs>[];
  /** Whether all grants are one contributor's, and whose. */
  oneContributor?: boolean;
  contributor?: Person;
  /** Another plan on a chain that is there already. */
  chain?: LiteChain;
  /** The form of the transactions that make the scenario. */
  version?: Version;
};

/** Four quarters with two oracles of three, an arbiter, and a grant of 1,200 tokens for each entry of `grants`. */
export async function scenario({
  terms = {},
  kpis = [kpi()],
  grants = [{}],
  oneContributor = false,
  contributor,
  chain = new LiteChain(),
  version = 0,
}: Options = {}): Promise<Scenario> {
  chain.warp(START - BigInt(7 * DAY));
  const [authority, arbiter, mintKey] = [await person(), await person(), await person()];
  const oracles = [await person(), await person(), await person()];
  const first = contributor ?? (await person());
  const contributors = await Promise.all(
    grants.map((_, index) => (index === 0 || oneContributor ? Promise.resolve(first) : person())),
  );
  for (const { address } of [authority, arbiter, ...oracles, ...contributors]) chain.airdrop(address, 10n);

  const send: Scenario['send'] = async (payer, list, ...others) => {
    const prepared = await prepare(chain, { payer: payer.address, version }, list);
    await submit(chain, [prepared], signing(payer, ...others));
    return prepared;
  };
  const mint = mintKey.address;
  const source = await associatedTokenAccount(authority.address, mint, TOKEN_PROGRAM);
  const token = { mint, tokenProgram: TOKEN_PROGRAM };
  await send(
    authority,
    [
      getCreateAccountInstruction({
        payer: authority,
        newAccount: mintKey,
        lamports: lamports(await chain.rent(MINT_SIZE)),
        space: MINT_SIZE,
        programAddress: TOKEN_PROGRAM,
      }),
      getInitializeMint2Instruction({ mint, decimals: DECIMALS, mintAuthority: authority.address }),
      instructions.createTokenAccount(authority.address, authority.address, source, token),
      getMintToInstruction({ mint, token: source, mintAuthority: authority, amount: 1_000_000n * TOKEN }),
    ],
    mintKey,
  );

  const args: CreatePlanArgsArgs = {
    planId: 1n,
    name: 'Design guild',
    unit: '',
    unitDecimals: 0,
    startTs: START,
    cadence: cadence('Months', [3]),
    periodCount: 4,
    attestSecs: 14 * DAY,
    challengeSecs: 7 * DAY,
    rulingSecs: 7 * DAY,
    noticeSecs: 14 * DAY,
    combination: Combination.WeightedSum,
    unearnedPolicy: UnearnedPolicy.Return,
    release: Release.AtSettlement,
    bonusCapBps: 10_000,
    minAllocation: 1n,
    maxAllocation: 100_000n * TOKEN,
    maxGrants: 2_000,
    enrolmentEnd: START + BigInt(DAY),
    tokenFlags: 0,
    maxFeeBps: 0,
    oracles: oracles.map(({ address }) => address),
    threshold: 2,
    arbiter: arbiter.address,
    ...terms,
  };
  const address = await planAddress(authority.address, BigInt(args.planId));
  const by = authority.address;
  await send(authority, [await instructions.createPlan(by, by, { ...token, treasury: source }, args)]);
  for (const each of kpis) await send(authority, [await instructions.addKpi(by, address, each)]);
  await send(authority, [await instructions.activatePlan(by, address, mint)]);

  const state = () => readOnePlan(chain, address);
  const { plan } = await state();
  await send(authority, [await instructions.fund(by, plan, source, 500_000n * TOKEN)]);
  for (const [index, change] of grants.entries()) {
    const grant: CreateGrantArgsArgs = {
      grantIndex: index,
      beneficiary: contributors[index]!.address,
      allocation: 1_200n * TOKEN,
      unitAllocation: 0n,
      firstPeriod: 0,
      periods: 4,
      cliffPeriods: 0,
      timeWeight: 0,
      kpiWeights: [10_000],
      revocable: true,
      transferable: false,
      ...change,
    };
    await send(authority, [await instructions.createGrant(by, by, plan, grant)]);
  }

  const evidence = new Uint8Array(32).fill(9);
  const vote: Scenario['vote'] = async (voters, number, period, value) => {
    for (const oracle of voters) {
      const of = plan.kpis[number]!;
      await send(oracle, [await instructions.attest(oracle.address, plan, of, { period, value, evidence })]);
    }
  };
  const votePage: Scenario['votePage'] = async (voters, number, period, start, values, proof = evidence) => {
    for (const oracle of voters) {
      const vote = { period, first: start, values, evidence: proof };
      await send(oracle, [await instructions.attestPage(oracle.address, plan, plan.kpis[number]!, vote)]);
    }
  };
  const evaluations = async () => {
    const found = await Promise.all(
      [attestationsOfPlan(address), pagesOfPlan(address)].map((each) => chain.find(each)),
    );
    return byKey(decodeAll(found.flat(), decodeEvaluation));
  };
  async function only<T extends 'attestation' | 'page'>(kind: T) {
    const found = [...(await evaluations()).values()].filter((each) => each.kind === kind);
    if (found.length !== 1) throw new Error(`${found.length} of kind ${kind}`);
    return found[0] as T extends 'page' ? Page : Attestation;
  }
  return {
    chain,
    authority,
    oracles,
    arbiter,
    contributors,
    mint,
    plan: address,
    send,
    state,
    grants: async () => {
      const found = decodeAll(await chain.find(grantsOfPlan(address)), decodeGrant);
      return found.sort((a, b) => a.account.index - b.account.index);
    },
    evaluations,
    attestation: () => only('attestation'),
    page: () => only('page'),
    vote,
    votePage,
  };
}
