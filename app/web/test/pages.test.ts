// Pages of values on the built program in the process: uploads, what counts, disputes and rulings of several grants, and
// what of a page is believed.
import { type Address, getAddressEncoder } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import { eventAuthorityAddress } from '../src/chain/addresses';
import { readHistory } from '../src/chain/history';
import * as instructions from '../src/chain/instructions';
import { decodePage, findPages, newSize, pagesNumbered, pagesOfPlan } from '../src/chain/read';
import { fits } from '../src/chain/packing';
import { tallyOf } from '../src/domain/evaluation';
import { type Manifest, manifestText, readManifest } from '../src/domain/manifest';
import { indicesOf, pageGrants, pageSize, place } from '../src/domain/page';
import { type Reading, isVoid, readingsFor } from '../src/domain/reading';
import { periodTimes } from '../src/domain/terms';
import { NO_VALUE } from '../src/generated/constants';
import { getClosePageInstruction } from '../src/generated/instructions/closePage';
import { EARNOUT_PROGRAM_ADDRESS } from '../src/generated/programs/earnout';
import { Scope } from '../src/generated/types/scope';
import { challenges, rulings } from '../src/model/deciding';
import { disputable, disputesOf, tasksOf } from '../src/model/due';
import { lateIn, reasonsIn } from '../src/model/record';
import { statement } from '../src/model/statement';
import { hasReported, readValues, uploads } from '../src/model/upload';
import { hex, sha256 } from '../src/text/hash';
import { loadGrant } from '../src/state/grantData';
import { loadPlan } from '../src/state/planData';
import { lying } from './support/lying';
import { person } from './support/people';
import { type Options, type Scenario, kpi, scenario } from './support/scenario';

const REASON = new Uint8Array(32).fill(3);
const OTHER = 'othEr1othEr1othEr1othEr1othEr1othEr1othEr11' as Address;

/** A plan whose only KPI is individual, in the first minute of voting on the first period. */
async function paged(grants: Options['grants'] = [{}, {}, {}], options: Options = {}): Promise<Scenario> {
  const s = await scenario({ kpis: [kpi({ scope: Scope.Individual })], grants, ...options });
  const { plan } = await s.state();
  s.chain.warp(periodTimes(plan, 0).end + 60n);
  return s;
}

/** What the plan says of each grant for the first period. */
async function readings(s: Scenario): Promise<Reading[]> {
  const data = await loadPlan(s.chain, s.plan);
  return [...data.grants.values()].flatMap((grant) =>
    readingsFor(data.plan, grant, 0, data.evaluations, s.chain.now()),
  );
}

const values = async (s: Scenario) =>
  (await readings(s)).map(({ outcome }) => (outcome.kind === 'value' ? outcome.value : undefined));

describe('places', () => {
  it('go on to the next page after 64 grants, and masks name grants of one page', () => {
    expect([0, 63, 64, 200].map(place)).toEqual([
      { page: 0, slot: 0 },
      { page: 0, slot: 63 },
      { page: 1, slot: 0 },
      { page: 3, slot: 8 },
    ]);
    expect(pageGrants([130, 128, 191])).toEqual({ first: 128, mask: (1n << 63n) | 5n });
    expect(indicesOf({ first: 128, mask: (1n << 63n) | 5n })).toEqual([128, 130, 191]);
  });
});

describe('an upload', () => {
  it('of several grants is one vote for each, and leaves others as they are', async () => {
    const s = await paged();
    const { plan } = await s.state();
    const [one, two] = s.oracles;
    await s.votePage([one!], 0, 0, 0, [100n, 200n, 300n]);
    await s.votePage([one!], 0, 0, 0, [NO_VALUE, 250n]);
    await s.votePage([two!], 0, 0, 1, [250n, 310n]);
    const page = await s.page();
    expect(page.ballots[0]).toMatchObject({ oracle: one!.address, values: [100n, 250n, 300n] });
    expect(page.ballots[1]).toMatchObject({ oracle: two!.address, values: [undefined, 250n, 310n] });
    expect(page.entries.map(({ resolvedAt }) => resolvedAt)).toEqual([undefined, s.chain.now(), undefined]);
    const [account] = await s.chain.accounts([page.address]);
    expect(account!.data).toHaveLength(newSize(plan, 0, 0));
    expect(pageSize(8, 64)).toBe(5_928);
    const found = await readings(s);
    expect(found.map(({ stage, stands }) => [stage, stands])).toEqual([
      ['voting', false],
      ['challenge', true],
      ['voting', false],
    ]);
    s.chain.warp(periodTimes(plan, 0).attestDeadline);
    // One vote of three is silence; 300 and 310: the second from the top.
    expect(await values(s)).toEqual([undefined, 250n, 300n]);
  });

  it('keeps what was agreed when a vote changes afterwards, and its event says so', async () => {
    const s = await paged();
    await s.votePage(s.oracles.slice(0, 2), 0, 0, 0, [100n, 200n]);
    await s.votePage(s.oracles.slice(0, 1), 0, 0, 0, [150n, 200n, 300n]);
    const page = await s.page();
    expect(page.ballots[0]!.values).toEqual([150n, 200n, 300n]);
    expect(page.entries.map(({ agreed }) => agreed)).toEqual([100n, 200n, undefined]);
    const { kpi: number, period } = page.account;
    const subject = { plan: s.plan, page: { address: page.address, kpi: number, period, page: 0 } };
    const { events } = await readHistory(s.chain, subject);
    const uploaded = events.map(({ event }) => event).filter((event) => event.name === 'PageAttested');
    expect(uploaded.map(({ late, resolved }) => [late, resolved])).toEqual([
      [0n, 0n],
      [0n, 3n],
      [1n, 0n],
    ]);
  });

  it('of an oracle on its own grant does not count, and resolves nothing early', async () => {
    const s = await paged([{}, {}]);
    const { plan } = await s.state();
    const [grant, other] = await s.grants();
    await s.votePage(s.oracles.slice(0, 2), 0, 0, 0, [100n, 100n]);
    const page = await s.page();
    expect(tallyOf(page, grant)!.resolved).toEqual({ value: 100n, at: s.chain.now() });
    // The same bytes, read for a grant that belongs to the first oracle.
    const ofOracle = { ...grant!, account: { ...grant!.account, beneficiary: s.oracles[0]!.address } };
    const tally = tallyOf(page, ofOracle)!;
    expect(tally).toMatchObject({ resolved: undefined, votes: [undefined, 100n, undefined] });
    const [reading] = readingsFor(plan, ofOracle, 0, await s.evaluations(), s.chain.now());
    expect(reading).toMatchObject({ stage: 'voting', stands: false });
    expect(reading!.votes.map(({ counts }) => counts)).toEqual([false, true]);
    s.chain.warp(periodTimes(plan, 0).attestDeadline);
    const [late] = readingsFor(plan, ofOracle, 0, await s.evaluations(), s.chain.now());
    expect(late).toMatchObject({ outcome: { kind: 'silent' }, stage: 'challenge' });
    expect(tallyOf(page, other)!.resolved?.value).toBe(100n);
  });

  it('on its own grant is passed over by the program as well', async () => {
    const oracle = await person();
    const others = [await person(), await person()];
    const all = [oracle, ...others];
    const terms = { oracles: all.map(({ address }) => address) };
    const s = await paged([{}, {}], { contributor: oracle, terms });
    for (const { address } of all) s.chain.airdrop(address, 10n);
    await s.votePage([oracle], 0, 0, 0, [1_000n, 640n]);
    await s.votePage([others[0]!], 0, 0, 0, [1_000n, 640n]);
    await s.votePage([others[1]!], 0, 0, 0, [800n]);
    const { plan } = await s.state();
    expect((await s.page()).entries.map(({ resolvedAt }) => resolvedAt !== undefined)).toEqual([true, true]);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    const expected = await readings(s);
    for (const grant of await s.grants()) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant, true)]);
    }
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const settled = events.map(({ event }) => event).filter((event) => event.name === 'GrantSettled');
    expect(settled.map(({ scores }) => scores[0])).toEqual(expected.map(({ score }) => score));
    // Written down is an agreement on 100 %; without the own vote 100 % and 80 % are left.
    expect(expected.map(({ score }) => score)).toEqual([10_000, 8_000]);
    expect(expected[0]!.votes.map(({ counts }) => counts)).toEqual([false, true, true]);
    const statements = statement(await loadPlan(s.chain, s.plan), events, s.chain.now());
    expect(statements.split('\n')[1]).toContain(`,80,10000,${others[0]!.address} ${others[1]!.address},`);
  });

  it('on its own grant reopens nothing when it is late, and freezes nothing when it is early', async () => {
    const [oracle, one, two] = [await person(), await person(), await person()];
    const all = [oracle, one, two];
    const terms = { oracles: all.map(({ address }) => address) };
    const s = await paged([{}, {}], { contributor: oracle, oneContributor: true, terms });
    for (const { address } of all) s.chain.airdrop(address, 10n);
    await s.votePage([one], 0, 0, 0, [500n, 900n]);
    await s.votePage([two], 0, 0, 0, [500n]);
    await s.votePage([oracle], 0, 0, 0, [1_000n, 900n]);
    await s.votePage([one], 0, 0, 1, [300n]);
    await s.votePage([two], 0, 0, 1, [300n]);
    const { plan } = await s.state();
    const grants = await s.grants();
    const page = await s.page();
    expect(page.entries.map(({ agreed }) => agreed)).toEqual([500n, 900n]);
    expect(grants.map((grant) => tallyOf(page, grant)!.resolved?.value)).toEqual([500n, undefined]);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    const expected = await readings(s);
    expect(await values(s)).toEqual([500n, 300n]);
    for (const grant of grants) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant, true)]);
    }
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const settled = events.map(({ event }) => event).filter((event) => event.name === 'GrantSettled');
    expect(settled.map(({ scores }) => scores[0])).toEqual(expected.map(({ score }) => score));
    const rows = statement(await loadPlan(s.chain, s.plan), events, s.chain.now()).split('\n');
    const first = (grant: number) => rows.find((row) => row.startsWith(`${grant},`) && row.includes(',0,2027'));
    expect(first(0)).toContain(`,50,`);
    expect(first(1)).toContain(`,30,`);
  });

  it('of a whole page fits into one transaction', async () => {
    const s = await paged([{}]);
    const { plan } = await s.state();
    const all = Array.from({ length: 64 }, (_, index) => BigInt(index));
    const vote = { period: 0, first: 64, values: all, evidence: REASON };
    const upload = await instructions.attestPage(s.oracles[0]!.address, plan, plan.kpis[0]!, vote);
    for (const version of [0, 1] as const) expect(fits({ payer: s.oracles[0]!.address, version }, [upload])).toBe(true);
  });
});

describe('a vote that comes, or changes, after enough oracles agreed', () => {
  it('is told from one that was different before, by the page and its events', async () => {
    const s = await paged([{}, {}, {}]);
    const [one, two, three] = s.oracles;
    // Grant 0: the third comes late. Grant 1: it was different before. Grant 2: the first changes its vote.
    await s.votePage([three!], 0, 0, 1, [700n]);
    await s.votePage([one!, two!], 0, 0, 0, [100n, 200n, 300n]);
    await s.votePage([three!], 0, 0, 0, [100n, NO_VALUE, 300n]);
    await s.votePage([one!], 0, 0, 2, [350n]);
    const found = await readings(s);
    expect(
      found.map(({ votes }) =>
        votes.map(({ oracle, idle }) => [s.oracles.findIndex(({ address }) => address === oracle), idle]),
      ),
    ).toEqual([
      [
        [0, undefined],
        [1, undefined],
        [2, 'late'],
      ],
      [
        [0, undefined],
        [1, undefined],
        [2, 'differs'],
      ],
      [
        [0, 'differs'],
        [1, undefined],
        [2, 'late'],
      ],
    ]);
    expect(await values(s)).toEqual([100n, 200n, 300n]);
    const page = await s.page();
    const subject = { plan: s.plan, page: { address: page.address, kpi: 0, period: 0, page: 0 } };
    const { events } = await readHistory(s.chain, subject);
    expect(lateIn(events)).toEqual(
      new Map([
        [0, new Set([three!.address])],
        [2, new Set([three!.address, one!.address])],
      ]),
    );
  });

  it('is one as any other where the agreement is void, and where the arbiter set a value nothing is said of it', async () => {
    const oracle = await person();
    const others = [await person(), await person()];
    const all = [oracle, ...others];
    const terms = { oracles: all.map(({ address }) => address) };
    const s = await paged([{}, {}], { contributor: oracle, terms });
    for (const { address } of all) s.chain.airdrop(address, 10n);
    await s.votePage([oracle, others[0]!], 0, 0, 0, [900n, 900n]);
    await s.votePage([others[1]!], 0, 0, 0, [300n]);
    await s.votePage([others[0]!], 0, 0, 1, [400n]);
    const [own, other] = await readings(s);
    expect(own!.votes.map(({ idle }) => idle)).toEqual([undefined, undefined, undefined]);
    expect([own, other].map((reading) => isVoid(reading!))).toEqual([true, false]);
    expect(other!.votes.map(({ idle }) => idle)).toEqual([undefined, 'differs']);
    const valued = { kpi: 0, period: 0, grants: pageGrants([1]) };
    await s.send(s.authority, [await instructions.dispute(s.authority.address, s.plan, valued, undefined, REASON)]);
    await s.send(s.arbiter, [await instructions.rule(s.arbiter.address, s.plan, valued, [], 500n, REASON)]);
    const [, ruled] = await readings(s);
    expect(ruled).toMatchObject({ outcome: { kind: 'value', value: 500n } });
    expect(ruled!.votes.map(({ idle }) => idle)).toEqual([undefined, undefined]);
  });
});

describe('uploads and their manifests', () => {
  it('are made page by page, and repeat what the oracle reported there before', async () => {
    const s = await paged();
    const [oracle] = s.oracles;
    const about = { plan: s.plan, oracle: oracle!.address, kpi: 0, period: 0 };
    const [old, hash] = await Promise.all([sha256('an old document'), sha256('a document')]);
    const before = { ...about, page: 0, votes: new Map([[0, { value: 100n, evidence: old }]]) };
    const earlier = await sha256(manifestText(before));
    await s.votePage([oracle!], 0, 0, 0, [100n], earlier);
    const page = await s.page();
    const reports = [2, 70, 1].map((grant) => ({ grant, value: BigInt(grant * 10), evidence: hash }));
    const made = (known: Manifest | undefined) =>
      uploads(
        about,
        reports,
        (number) => (number === 0 ? page : undefined),
        (wanted) => (wanted === hex(earlier) ? known : undefined),
      );
    const listed = (grant: number, evidence: Uint8Array | undefined = hash, value = BigInt(grant * 10)) =>
      [grant, { value, evidence }] as const;
    const [first, second] = made(before);
    expect([first, second]).toEqual([
      {
        first: 1,
        values: [10n, 20n],
        manifest: { ...about, page: 0, votes: new Map([listed(0, old, 100n), listed(2), listed(1)]) },
        unknown: undefined,
      },
      {
        first: 70,
        values: [700n],
        manifest: { ...about, page: 1, votes: new Map([listed(70)]) },
        unknown: undefined,
      },
    ]);
    expect(readManifest(manifestText(first!.manifest))).toEqual(first!.manifest);
    // Without that manifest, or with another one, the value is known, and its document is not.
    const others = [undefined, { ...before, period: 1 }, { ...before, votes: new Map([listed(0, old, 90n)]) }];
    for (const other of others) {
      const [without] = made(other);
      expect(without!.unknown).toEqual({ grants: [0], hash: hex(earlier) });
      expect(without!.manifest.votes.get(0)).toEqual({ value: 100n, evidence: undefined });
    }
    expect(hasReported(oracle!.address, [undefined, page])).toBe(true);
    expect(hasReported(s.oracles[1]!.address, [undefined, page])).toBe(false);
  });

  it('files of values say what is wrong with them', () => {
    const said = (text: string) =>
      readValues(text, new Set([1, 2])).mistakes.map(({ line, what }) => `${line}: ${what}`);
    expect(said('grant,value\n1,5\n2,6')).toEqual([]);
    expect(said('value,grant\n5,1\n6,x\n7,3\n8,1')).toEqual([
      '3: "x": expected the index of a grant, like 12',
      '4: grant 3 has no value to report here',
      '5: line 2 has the same one',
    ]);
    expect(said('grant,worth\n1,5')[0]).toContain('expected a header with the columns grant,value,evidence');
  });
});

describe('disputes and rulings', () => {
  it('of several grants at once are one transaction each, and tell whom they concern', async () => {
    const s = await paged();
    const [grant] = await s.grants();
    const [me] = s.contributors;
    await s.votePage(s.oracles.slice(0, 2), 0, 0, 0, [100n, 200n, 300n]);
    const mine = { kpi: 0, period: 0, grants: pageGrants([0]) };
    await s.send(me!, [await instructions.dispute(me!.address, s.plan, mine, grant!.address, REASON)]);
    let data = await loadPlan(s.chain, s.plan);
    const open = disputable(data, s.chain.now());
    expect(open.map((reading) => reading.grant!.account.index)).toEqual([1, 2]);
    const made = await challenges(s.authority.address, data.plan, open, REASON, s.chain.now());
    expect(made).toHaveLength(1);
    await s.send(s.authority, [made[0]!.instruction]);

    data = await loadPlan(s.chain, s.plan);
    const [disputes] = disputesOf(data, s.chain.now()).open;
    expect(disputes!.disputes.map(({ reading }) => reading.stage)).toEqual(['ruling', 'ruling', 'ruling']);
    const page = await s.page();
    expect(page.entries.map(({ disputer }) => disputer)).toEqual(['beneficiary', 'authority', 'authority']);
    const some = disputes!.disputes.filter(({ reading }) => reading.grant!.account.index !== 1);
    const rule = await rulings(
      { payer: s.arbiter.address, version: 0 },
      data.plan,
      some,
      800n,
      new Uint8Array(32).fill(4),
    );
    expect(rule).toHaveLength(1);
    await s.send(s.arbiter, rule);
    expect(await values(s)).toEqual([800n, 200n, 800n]);
    data = await loadPlan(s.chain, s.plan);
    const { open: left, closed } = disputesOf(data, s.chain.now());
    expect([left, closed].map((each) => each.flatMap(({ disputes: of }) => of).length)).toEqual([1, 2]);

    const subject = { plan: s.plan, page: { address: page.address, kpi: 0, period: 0, page: 0 } };
    const reasons = reasonsIn((await readHistory(s.chain, subject)).events);
    expect(reasons.get(0)).toMatchObject({ disputer: me!.address, dispute: REASON });
    expect(reasons.get(1)).toMatchObject({ disputer: s.authority.address, ruling: undefined });
    expect(reasons.get(2)!.ruling).toEqual(new Uint8Array(32).fill(4));
  });

  it('of silence make the page, and so many rulings as fit go into a transaction', async () => {
    const s = await paged(Array.from({ length: 40 }, () => ({})));
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).attestDeadline + 60n);
    for (const [index, grant] of (await s.grants()).entries()) {
      const by = s.contributors[index]!;
      const valued = { kpi: 0, period: 0, grants: pageGrants([index]) };
      await s.send(by, [await instructions.dispute(by.address, s.plan, valued, grant.address, REASON)]);
    }
    const data = await loadPlan(s.chain, s.plan);
    const [{ disputes } = { disputes: [] }] = disputesOf(data, s.chain.now()).open;
    expect(disputes).toHaveLength(40);
    const made = await rulings({ payer: s.arbiter.address, version: 0 }, data.plan, disputes, null, REASON);
    expect(made.length).toBeGreaterThan(1);
    for (const rule of made) await s.send(s.arbiter, [rule]);
    expect((await readings(s)).every(({ stage }) => stage === 'final')).toBe(true);
  });
});

describe('an oracle', () => {
  it('is asked for what can count: not for its own grant, nor for what is resolved', async () => {
    const s = await paged();
    const [one, two, three] = s.oracles;
    const asked = async (oracle: Address) =>
      tasksOf(await loadPlan(s.chain, s.plan), oracle, s.chain.now()).flatMap(({ tasks }) =>
        tasks.map(({ reading, voted }) => [reading.grant!.account.index, voted]),
      );
    await s.votePage([one!], 0, 0, 0, [100n, 200n]);
    await s.votePage([two!], 0, 0, 0, [100n, 210n]);
    expect(await asked(one!.address)).toEqual([
      [1, 200n],
      [2, undefined],
    ]);
    expect(await asked(three!.address)).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect(await asked(s.arbiter.address)).toEqual([]);
  });
});

describe('a page that is closed', () => {
  it('is told by the events, in the statement as it was', async () => {
    const s = await paged();
    const { plan } = await s.state();
    await s.votePage(s.oracles.slice(0, 2), 0, 0, 0, [640n, NO_VALUE, 100n]);
    await s.votePage(s.oracles.slice(2), 0, 0, 2, [200n]);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    for (const grant of await s.grants()) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant, true)]);
    }
    const text = async () => {
      const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
      return statement(await loadPlan(s.chain, s.plan), events, s.chain.now());
    };
    const before = await text();
    const page = await s.page();
    const close = getClosePageInstruction({
      plan: s.plan,
      page: page.address,
      rentPayer: page.account.rentPayer,
      treasury: plan.account.treasury,
      eventAuthority: await eventAuthorityAddress(),
      program: EARNOUT_PROGRAM_ADDRESS,
    });
    await s.send(s.authority, [close]);
    expect((await loadPlan(s.chain, s.plan)).short).toBeUndefined();
    expect(await text()).toBe(before);
    const lines = before.split('\n').filter((line) => line.includes(',settled,'));
    const [one, two, three] = s.oracles.map(({ address }) => address);
    expect(lines.map((line) => line.split(',').slice(7, 10).join())).toEqual([
      `64,8000,${one} ${two}`,
      'silent,0,',
      `10,1250,${one} ${two} ${three}`,
    ]);
  });
});

describe('what an endpoint says of pages', () => {
  it('is believed of accounts with the right owner, length, content and address only, once', async () => {
    const s = await paged();
    await s.votePage(s.oracles.slice(0, 1), 0, 0, 0, [100n, 200n, 300n]);
    const { address } = await s.page();
    const chain = lying(s, (found) =>
      found.flatMap((account) => {
        const bytes = (change: (data: Uint8Array) => void) => {
          const data = new Uint8Array(account.data);
          change(data);
          return { ...account, data };
        };
        return [
          { ...account, owner: OTHER },
          { ...account, address: OTHER },
          { ...account, data: account.data.slice(0, -1) },
          { ...account, data: account.data.slice(0, 60) },
          { ...account, data: new Uint8Array([...account.data, 0]) },
          bytes((data) => data.set(getAddressEncoder().encode(OTHER), 24)),
          bytes((data) => (data[16] = 1)),
          account,
          account,
        ];
      }),
    );
    expect(await findPages(chain, pagesOfPlan(s.plan))).toHaveLength(1);
    expect(await findPages(chain, pagesNumbered(s.plan, 0))).toHaveLength(1);
    expect(await findPages(chain, pagesNumbered(s.plan, 1))).toEqual([]);
    const [account] = await s.chain.accounts([address]);
    const damaged = (at: number, byte: number) => {
      const data = new Uint8Array(account!.data);
      data[at] = byte;
      return decodePage({ ...account!, data });
    };
    const { length } = account!.data;
    expect(damaged(8, 1)).toBeDefined();
    // Version, oracles, threshold, capacity, and a status byte of no disputer, no ruling, or a ruling without a dispute.
    const wrong = [
      [8, 2],
      [11, 0],
      [11, 9],
      [14, 1],
      [14, 4],
      [15, 0],
      [15, 65],
      [length - 1, 3],
      [length - 1, 0x30],
      [length - 1, 0x11],
    ] as const;
    for (const [at, byte] of wrong) expect([at, byte, damaged(at, byte)]).toEqual([at, byte, undefined]);
  });

  it('is held against the plan’s counter', async () => {
    const s = await paged();
    await s.votePage(s.oracles.slice(0, 1), 0, 0, 0, [100n]);
    const without = lying(s, (found) => found.filter((account) => decodePage(account) === undefined));
    expect((await loadPlan(without, s.plan)).short).toEqual([{ what: 'value page', given: 0, counted: 1 }]);
  });

  it('is asked for one grant by its page alone', async () => {
    const s = await paged(Array.from({ length: 66 }, () => ({})));
    await s.votePage(s.oracles.slice(0, 1), 0, 0, 63, [100n]);
    await s.votePage(s.oracles.slice(0, 1), 0, 0, 64, [200n, 300n]);
    const grants = await s.grants();
    const data = await loadGrant(s.chain, grants[65]!.address);
    const [page] = [...data.evaluations.values()];
    expect(data.evaluations.size).toBe(1);
    expect(page).toMatchObject({ kind: 'page', account: { page: 1, capacity: 2 } });
    const [reading] = readingsFor(data.plan, data.grant, 0, data.evaluations, s.chain.now());
    expect(reading!.votes.map(({ value }) => value)).toEqual([300n]);
  });
});
