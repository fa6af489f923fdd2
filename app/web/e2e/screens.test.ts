// Every screen in every look: axe finds nothing wrong, nothing overflows sideways. With EARNOUT_SCREENSHOTS=FOLDER they
// are kept as pictures.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantAddress } from '../src/chain/addresses';
import * as instructions from '../src/chain/instructions';
import { readOnePlan } from '../src/chain/read';
import { prepare } from '../src/chain/transaction';
import { pageGrants } from '../src/domain/page';
import { periodTimes } from '../src/domain/terms';
import { Scope } from '../src/generated/types/scope';
import { claiming } from '../src/model/claiming';
import { loadGrant } from '../src/state/grantData';
import { signing } from '../test/support/people';
import { submit } from '../test/support/submit';
import { accessibilityFaults } from './support/axe';
import { type Look, type Person, connect } from './support/browser';
import { send } from './support/money';
import { makePlan } from './support/plans';
import { type Stage, openStage } from './support/stage';

const LOOKS: (Look & { name: string })[] = [
  { name: 'desktop-light', colorScheme: 'light' },
  { name: 'desktop-dark', colorScheme: 'dark' },
  { name: 'phone-light', colorScheme: 'light', phone: true },
  { name: 'phone-dark', colorScheme: 'dark', phone: true },
];
/** Pictures are cut off below this many pixels. */
const MAX_HEIGHT = 1_900;
const FOLDER = process.env.EARNOUT_SCREENSHOTS;

describe('screens', () => {
  let stage: Stage;
  let plan: NonNullable<Stage['net']['demo']>;
  let designer: KeyPairSigner,
    unpaid: KeyPairSigner,
    authority: KeyPairSigner,
    arbiter: KeyPairSigner,
    oracles: KeyPairSigner[];
  /** A plan of an individual KPI. */
  let own: Awaited<ReturnType<typeof individualPlan>>;

  beforeAll(async () => {
    stage = await openStage({ demo: true });
    const { net, chain } = stage;
    plan = net.demo!;
    [designer, unpaid, authority, arbiter] = [
      await net.key('beneficiary-4'),
      await net.key('beneficiary-2'),
      await net.key('authority'),
      await net.key('arbiter'),
    ];
    oracles = [await net.key('oracle-1'), await net.key('oracle-2'), await net.key('oracle-3')];
    const { plan: terms } = await readOnePlan(chain, plan.plan);
    const vote = async (oracle: KeyPairSigner, kpi: number, period: number, value: bigint) => {
      const evidence = new Uint8Array(32).fill(kpi + 16 * period + 1);
      const to = terms.kpis[kpi]!;
      await send(chain, oracle, [await instructions.attest(oracle.address, terms, to, { period, value, evidence })]);
    };
    const pay = async (grant: number, claimer: KeyPairSigner) => {
      const data = await loadGrant(chain, plan.grants[grant]!.address);
      const { groups } = await claiming(chain, data, net.now());
      const prepared = await prepare(chain, { payer: claimer.address, version: 0 }, groups.flat());
      await submit(chain, [prepared], signing(claimer));
    };
    // The first quarter is settled and partly claimed, the second is attested and disputed, the third still runs.
    net.warp(periodTimes(terms, 0).end + 3_600n);
    for (const oracle of oracles.slice(0, 2)) {
      await vote(oracle, 0, 0, 720n);
      await vote(oracle, 1, 0, 620n);
      await vote(oracle, 2, 0, 940n);
    }
    net.warp(periodTimes(terms, 0).settleDeadline + 3_600n);
    await pay(3, designer);
    const middle = periodTimes(terms, 1).end + 3_600n;
    own = await individualPlan(stage, middle);
    net.warp(middle);
    for (const oracle of oracles.slice(0, 2)) {
      await vote(oracle, 0, 1, 560n);
      await vote(oracle, 1, 1, 910n);
    }
    await vote(oracles[0]!, 2, 1, 880n);
    const developer = await net.key('beneficiary-1');
    const reason = new Uint8Array(32).fill(5);
    const dispute = await instructions.dispute(
      developer.address,
      plan.plan,
      { kpi: 0, period: 1, grants: undefined },
      plan.grants[0]!.address,
      reason,
    );
    await send(chain, developer, [dispute]);
    await own.fill();
  });

  afterAll(() => stage?.close());

  const screens: {
    name: string;
    path: () => string;
    who?: () => KeyPairSigner;
    ready: string | RegExp;
    act?: (page: Page) => Promise<void>;
  }[] = [
    { name: 'home', path: () => '/', ready: 'Look at a plan or a grant' },
    {
      name: 'connect',
      path: () => '/grants',
      ready: 'Connect the wallet',
      act: async (page) => {
        await page.getByRole('button', { name: 'Connect wallet' }).first().click();
        await page.getByRole('button', { name: 'Test Wallet' }).waitFor();
      },
    },
    { name: 'grants', path: () => '/grants', who: () => unpaid, ready: 'Allocated' },
    { name: 'grant', path: () => `/grant/${plan.grants[3]!.address}`, who: () => designer, ready: 'earned' },
    {
      name: 'claim',
      path: () => `/grant/${plan.grants[1]!.address}`,
      who: () => unpaid,
      ready: 'Periods and results',
    },
    { name: 'plan', path: () => `/plan/${plan.plan}`, ready: 'The vault holds everything' },
    { name: 'new', path: () => '/new', who: () => authority, ready: 'From a file' },
    { name: 'manage', path: () => `/plan/${plan.plan}/manage`, who: () => authority, ready: 'Make a grant' },
    {
      name: 'import',
      path: () => `/plan/${plan.plan}/manage`,
      who: () => authority,
      ready: 'Grants from a file',
      act: async (page) => {
        const rows = [designer, oracles[0]!].map(
          ({ address }) => `${address},1_000_000,3,1,0,3000,3000,3000,1000,true,false`,
        );
        const header =
          'beneficiary,allocation,first_period,periods,cliff,time_weight,weight:0,weight:1,weight:2,revocable,transferable';
        const buffer = Buffer.from([header, ...rows].join('\n'));
        await page.getByLabel('File of grants').setInputFiles({ name: 'grants.csv', mimeType: 'text/csv', buffer });
        await page.getByText('2 rows: 1 new, 1 with a grant already.').scrollIntoViewIfNeeded();
      },
    },
    {
      name: 'endpoints',
      path: () => '/',
      ready: 'Look at a plan or a grant',
      act: async (page) => {
        await page.getByRole('button', { name: 'Change the cluster' }).click();
        await page.getByLabel('RPC URL').waitFor();
      },
    },
    {
      name: 'attest',
      path: () => `/plan/${plan.plan}/attest`,
      who: () => oracles[2]!,
      ready: 'to report',
      act: async (page) => {
        await page.getByLabel('Value, %').first().fill('87.5');
        await page.getByText('and pays').waitFor();
      },
    },
    { name: 'rule', path: () => `/plan/${plan.plan}/rule`, who: () => arbiter, ready: 'SHA-256 of the reason' },
    {
      name: 'attest-grants',
      path: () => `/plan/${own.plan}/attest`,
      who: () => own.oracle,
      ready: 'to report',
      act: async (page) => {
        await page.getByLabel('Value for grant 4, %').fill('87');
        await page.getByText('and pays').waitFor();
      },
    },
    {
      name: 'rule-grants',
      path: () => `/plan/${own.plan}/rule`,
      who: () => own.arbiter,
      ready: '3 grants are disputed',
      act: async (page) => {
        await page.getByLabel('Grant 1', { exact: true }).check();
        await page.getByLabel('Ruling for 1 chosen grant').selectOption('value');
        await page.getByText('by a beneficiary').waitFor();
        await page.getByText('…', { exact: true }).waitFor({ state: 'hidden' });
      },
    },
    {
      name: 'dispute-grants',
      path: () => `/plan/${own.plan}/manage`,
      who: () => own.authority,
      ready: 'Dispute values',
      act: async (page) => {
        await page.getByLabel(/^Grant 3: /).check();
        await page.getByRole('button', { name: 'Review 1 dispute' }).scrollIntoViewIfNeeded();
      },
    },
    {
      name: 'grant-late-votes',
      path: () => `/grant/${own.grant}`,
      who: () => own.contributor,
      ready: 'Changed after enough oracles had agreed',
    },
    { name: 'plan-grants', path: () => `/plan/${own.plan}`, ready: 'The vault holds everything' },
    { name: 'roles', path: () => '/roles', who: () => authority, ready: 'Authority: manage plans' },
  ];

  for (const look of LOOKS) {
    it.concurrent(look.name, async () => {
      const faults: string[] = [];
      for (const screen of screens) {
        const signer = screen.who?.() ?? designer;
        const person: Person = await stage.person(signer, look);
        const { page } = person;
        await page.goto(stage.url(screen.path()));
        if (screen.who !== undefined) await connect(person);
        await page.getByText(screen.ready).first().waitFor();
        if (screen.name === 'claim') {
          await page.getByRole('button', { name: 'Claim', exact: true }).click();
          await page.getByText('Network fee').waitFor();
        }
        await screen.act?.(page);
        // Charts and notes that follow the first reading.
        await page.waitForLoadState('networkidle');
        const where = (what: string) => `${screen.name}: ${what}`;
        faults.push(...(await accessibilityFaults(page)).map(where), ...person.complaints.map(where));
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (excess > 0) faults.push(where(`${excess} pixels too wide`));
        if (FOLDER !== undefined) await keep(page, FOLDER, `${screen.name}-${look.name}.png`);
        await person.close();
      }
      expect(faults).toEqual([]);
    });
  }
});

/**
 * A plan of one individual KPI whose first period ends half an hour before `middle`. `fill` reports the values of four of
 * its six grants, one oracle late, one with a change after it had agreed, and disputes three of them.
 */
async function individualPlan({ net, chain }: Stage, middle: bigint) {
  const [authority, oracle, second, third, arbiter, ...contributors] = await Promise.all(
    Array.from({ length: 11 }, () => generateKeyPairSigner()),
  );
  const others = [second!, third!];
  const cast = { authority: authority!, oracle: oracle!, arbiter: arbiter! };
  for (const { address } of [...Object.values(cast), ...others, ...contributors]) net.airdrop(address, 10);
  // It begins two hours after it is made, and a period is a day.
  net.warp(middle - 26n * 3_600n - 1_800n);
  const beneficiaries = contributors.map(({ address }) => address);
  const address = await makePlan(chain, net.now(), { ...cast, others }, beneficiaries, { scope: Scope.Individual });
  const { plan } = await readOnePlan(chain, address);
  const dispute = async (by: KeyPairSigner, indices: readonly number[], grant?: number) => {
    const reason = new Uint8Array(32).fill(6);
    const valued = { kpi: 0, period: 0, grants: pageGrants(indices) };
    const whose = grant === undefined ? undefined : await grantAddress(address, grant);
    await send(chain, by, [await instructions.dispute(by.address, address, valued, whose, reason)]);
  };
  const report = async (by: KeyPairSigner, first: number, values: readonly bigint[]) => {
    const vote = { period: 0, first, values, evidence: new Uint8Array(32).fill(8) };
    await send(chain, by, [await instructions.attestPage(by.address, plan, plan.kpis[0]!, vote)]);
  };
  return {
    ...cast,
    contributor: contributors[1]!,
    grant: await grantAddress(address, 1),
    plan: address,
    async fill() {
      await report(third!, 3, [90n]);
      for (const each of [cast.oracle, second!]) await report(each, 0, [72n, 80n, 15n, 100n]);
      await report(third!, 0, [72n, 35n]);
      await report(second!, 1, [60n]);
      await dispute(contributors[2]!, [2], 2);
      await dispute(cast.authority, [0, 1]);
    },
  };
}

/** Keeps a picture, with few colours where the tool for it is there. */
async function keep(page: Page, folder: string, name: string) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const open = await page.getByRole('dialog').count();
  const { width } = page.viewportSize()!;
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width, height: Math.min(whole, MAX_HEIGHT) };
  await page.screenshot(open > 0 ? { path } : { path, fullPage: true, clip });
  try {
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--speed', '1', '--output', path, '32', path]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as { status?: number }).status !== 98) throw error;
  }
}
