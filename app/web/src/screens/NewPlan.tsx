import { useEffect, useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { planAddress } from '../chain/addresses';
import type { Chain } from '../chain/chain';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { PLAN_SIZE } from '../chain/read';
import { type Mint, associatedAccountSize, associatedTokenAccount, readMint, readTokenAccount } from '../chain/token';
import { type Envelope, pack } from '../chain/packing';
import type { Action } from '../context/action';
import { useApp, useHref, useNow, useWallet } from '../context/app';
import { mostFor } from '../model/kpiCheck';
import type { Mistake } from '../model/mistakes';
import { type CheckedPlan, checkPlan } from '../model/planCheck';
import { EMPTY_KPI, FLAGS, type PlanDraft, emptyDraft } from '../model/planDraft';
import { readPlanFile } from '../model/planFile';
import { parseAmount, shortAmount } from '../text/amount';
import { noun, plural } from '../text/count';
import { short } from '../text/hash';
import { localTime } from '../text/time';
import { CheckField, NumberField, SelectField, TextField } from '../ui/Field';
import { Mistakes } from '../ui/Mistakes';
import { Loading, Notice } from '../ui/Notice';
import { ActionButtons } from './ActionButtons';
import { KpiEditor } from './KpiEditor';
import { OracleEditor } from './OracleEditor';
import { PriceEditor } from './PriceEditor';
import { COMBINATION, RELEASE, UNEARNED } from './words';

const DAY = 86_400n;

/** A new plan, from a form or from a plan file. */
export default function NewPlan() {
  const now = useNow();
  return now === undefined ? <Loading what="the chain’s time" /> : <Form begun={now} />;
}

function Form({ begun }: { begun: bigint }) {
  const { chain } = useApp();
  const now = useNow() ?? begun;
  const href = useHref();
  const me = useWallet().connection?.address;
  const [draft, setDraft] = useState<PlanDraft>(() => emptyDraft((begun / DAY + 7n) * DAY));
  const [fileMistakes, setFileMistakes] = useState<Mistake[]>([]);
  const [total, setTotal] = useState('');
  const [made, setMade] = useState<Address>();
  const mint = useMint(chain, draft.mint.trim());
  const balance = useBalance(chain, me, mint);
  const decimals = mint?.decimals;
  const checked = useChecked(draft, me, decimals, now);
  const set = (change: Partial<PlanDraft>) => setDraft((before) => ({ ...before, ...change }));

  async function load(file: File) {
    const read = readPlanFile(await file.text(), now);
    setFileMistakes(read.mistakes);
    if (read.mistakes.length > 0) return;
    setDraft(read.draft);
    setTotal(sumOf(read.allocations, read.draft.supply, decimals ?? 0));
  }

  const action: Action = {
    title: 'Create the plan',
    keys: ['create'],
    async build(envelope) {
      const { payer: signer } = envelope;
      if (mint === undefined)
        throw new Fault('input', 'The mint could not be read.', 'Check its address and the cluster.');
      const again = await checkPlan(draft, { authority: signer, decimals: mint.decimals, now });
      if (again.plan === undefined) {
        const [first] = again.mistakes;
        throw new Fault('input', first === undefined ? 'The plan has mistakes.' : `${first.field}: ${first.what}`);
      }
      const request = await createRequest(chain, envelope, mint, draft, again.plan);
      setMade(await planAddress(signer, BigInt(again.plan.args.planId)));
      return request;
    },
  };

  return (
    <>
      <h1>New plan</h1>
      {made !== undefined && (
        <Notice tone="info">
          The plan’s address is <a href={href({ name: 'plan', plan: made })}>{short(made)}</a>; once it is created, go
          on under <a href={href({ name: 'manage', plan: made })}>Manage</a>: fund it and make grants.
        </Notice>
      )}
      <section className="card">
        <h2>From a file</h2>
        <p>
          A <code>plan.toml</code> of the command line fills the form below.
        </p>
        <input
          type="file"
          accept=".toml,text/plain"
          aria-label="Plan file"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file !== undefined) void load(file);
          }}
        />
        <Mistakes mistakes={fileMistakes} title="The file was not read" />
      </section>
      <section className="card form">
        <h2>Token</h2>
        <TextField
          label="Mint"
          value={draft.mint}
          onChange={(value) => set({ mint: value })}
          hint={mint === undefined ? 'The address of the token.' : `A token with ${plural(mint.decimals, 'decimal')}.`}
        />
        <TextField
          label="Treasury"
          value={draft.treasury}
          onChange={(treasury) => set({ treasury })}
          hint="Receives what is not earned: a token account, or a wallet. Leave it empty to use your own token account."
        />
        {FLAGS.map(([name, flag, text]) => (
          <CheckField
            key={name}
            label={`Accept ${text}: somebody’s power over every payout`}
            checked={(draft.allow & flag) !== 0}
            onChange={(on) => set({ allow: on ? draft.allow | flag : draft.allow & ~flag })}
          />
        ))}
      </section>
      <section className="card form">
        <h2>Calendar and rules</h2>
        <TextField
          label="Name"
          value={draft.name}
          onChange={(name) => set({ name })}
          hint="What people call the plan: at most 32 letters, never to be changed once it is active."
        />
        <div className="row">
          <NumberField label="Your number for the plan" kind="whole" value={draft.id} onChange={(id) => set({ id })} />
          <TextField
            label="Start (UTC)"
            value={draft.start}
            onChange={(start) => set({ start })}
            hint={localHint(draft.start)}
          />
          <TextField
            label="Length of a period"
            value={draft.cadence}
            onChange={(cadence) => set({ cadence })}
            hint="like 3 months or 30 days"
          />
          <NumberField label="Periods" kind="whole" value={draft.periods} onChange={(periods) => set({ periods })} />
        </div>
        <div className="row">
          <SelectField
            label="Scores combine"
            value={draft.combination}
            onChange={(combination) => set({ combination })}
            options={Object.entries(COMBINATION) as [PlanDraft['combination'], string][]}
          />
          <SelectField
            label="What is not earned"
            value={draft.unearned}
            onChange={(unearned) => set({ unearned })}
            options={Object.entries(UNEARNED) as [PlanDraft['unearned'], string][]}
          />
          <SelectField
            label="What is earned vests"
            value={draft.release}
            onChange={(release) => set({ release })}
            options={Object.entries(RELEASE) as [PlanDraft['release'], string][]}
          />
        </div>
        {draft.unearned === 'redistribute' && (
          <NumberField
            label="Largest bonus"
            value={draft.bonusCap}
            onChange={(bonusCap) => set({ bonusCap })}
            hint="Basis points of the share of the period (tranche)."
          />
        )}
        <div className="row">
          <TextField label="Oracles vote for" value={draft.attest} onChange={(attest) => set({ attest })} />
          <TextField label="Disputes for" value={draft.challenge} onChange={(challenge) => set({ challenge })} />
          <TextField label="The arbiter rules within" value={draft.ruling} onChange={(ruling) => set({ ruling })} />
          <TextField label="Notice of changes" value={draft.notice} onChange={(notice) => set({ notice })} />
        </div>
        <div className="row">
          <NumberField
            label="Smallest allocation"
            value={draft.minAllocation}
            onChange={(minAllocation) => set({ minAllocation })}
          />
          <NumberField
            label="Largest allocation"
            value={draft.maxAllocation}
            onChange={(maxAllocation) => set({ maxAllocation })}
          />
          <NumberField
            label="Most grants"
            kind="whole"
            value={draft.maxGrants}
            onChange={(maxGrants) => set({ maxGrants })}
          />
          <TextField
            label="Grants until (UTC)"
            value={draft.enrolmentEnd}
            onChange={(enrolmentEnd) => set({ enrolmentEnd })}
            hint={localHint(draft.enrolmentEnd)}
          />
        </div>
      </section>
      <section className="card form">
        <h2>People</h2>
        <p className="hint">
          You become the authority. All keys must be different; different keys do not prove different people.
        </p>
        <OracleEditor
          keys={draft.oracles}
          threshold={draft.threshold}
          onKeys={(oracles) => set({ oracles })}
          onThreshold={(threshold) => set({ threshold })}
        />
        <TextField
          label="Arbiter"
          value={draft.arbiter}
          onChange={(arbiter) => set({ arbiter })}
          hint="Rules on disputes. Leave it empty for a plan without disputes."
        />
      </section>
      <section className="card form">
        <h2>What is measured</h2>
        {draft.kpis.map((kpi, index) => (
          <KpiEditor
            key={index}
            kpi={kpi}
            title={`KPI ${index}`}
            onChange={(changed) => set({ kpis: draft.kpis.map((each, at) => (at === index ? changed : each)) })}
            onRemove={
              draft.kpis.length > 1 ? () => set({ kpis: draft.kpis.filter((_, at) => at !== index) }) : undefined
            }
          />
        ))}
        <p className="actions">
          <button type="button" className="button" onClick={() => set({ kpis: [...draft.kpis, EMPTY_KPI] })}>
            Add a KPI
          </button>
        </p>
      </section>
      <section className="card form">
        <h2>Price of the token</h2>
        <PriceEditor price={draft.price} onChange={(price) => set({ price })} />
      </section>
      <section className="card form">
        <h2>Funding check</h2>
        <NumberField
          label="Tokens for all grants together"
          value={total}
          onChange={setTotal}
          hint="What they are paid if every target is met exactly."
        />
        <FundingCheck total={total} draft={draft} decimals={decimals} balance={balance} />
      </section>
      <section className="card form">
        <h2>Create</h2>
        {checked !== undefined && <Mistakes mistakes={checked} title="Not ready yet" />}
        {me === undefined && (
          <p className="hint">Connect the wallet that becomes the authority, or export for a multisig.</p>
        )}
        <ActionButtons
          action={action}
          signer={undefined}
          label="Review and create"
          disabled={checked === undefined || checked.length > 0}
        />
      </section>
    </>
  );
}

function FundingCheck({
  total,
  draft,
  decimals,
  balance,
}: {
  total: string;
  draft: PlanDraft;
  decimals: number | undefined;
  balance: bigint | undefined;
}) {
  if (decimals === undefined)
    return <p className="muted">Name the mint first: amounts mean nothing without its decimals.</p>;
  const parsed = parseAmount(total.trim(), decimals);
  if ('error' in parsed)
    return total.trim() === '' ? null : (
      <p className="error">
        “{total}” {parsed.error}
      </p>
    );
  const most = mostFor(parsed.value, draft.kpis);
  return (
    <p>
      The vault must hold up to <strong>{shortAmount(most, decimals)}</strong>{' '}
      {noun(shortAmount(most, decimals), 'token')}, for the best scores throughout.
      {balance !== undefined &&
        (balance >= most
          ? ` Your account holds ${shortAmount(balance, decimals)}: enough.`
          : ` Your account holds ${shortAmount(balance, decimals)}: ${plural(shortAmount(most - balance, decimals), 'more is', 'more are')} needed.`)}
    </p>
  );
}

function localHint(text: string): string | undefined {
  const milliseconds = Date.parse(text.trim());
  return Number.isNaN(milliseconds)
    ? 'like 2027-01-01T00:00:00Z'
    : `${localTime(BigInt(Math.floor(milliseconds / 1_000)))} for you`;
}

function sumOf(allocations: readonly string[], supply: string, decimals: number): string {
  const all = parseAmount(supply, decimals);
  const amounts = allocations.map((text) => {
    if (!text.endsWith('%')) return parseAmount(text, decimals);
    const part = parseAmount(text.slice(0, -1).trim(), 2);
    return 'error' in part || 'error' in all ? { error: '' } : { value: (all.value * part.value) / 10_000n };
  });
  const sum = amounts.reduce((total, amount) => total + ('value' in amount ? amount.value : 0n), 0n);
  return sum === 0n ? '' : shortAmount(sum, decimals).replaceAll(',', '_');
}

function useMint(chain: Chain, address: string): Mint | undefined {
  const [mint, setMint] = useState<Mint>();
  useEffect(() => {
    if (!isAddress(address)) return undefined;
    let gone = false;
    void chain.accounts([address]).then(
      ([account]) => gone || setMint(readMint(account)),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [chain, address]);
  return mint?.address === address ? mint : undefined;
}

/** What the key's own token account holds. */
function useBalance(chain: Chain, owner: Address | undefined, mint: Mint | undefined): bigint | undefined {
  const [found, setFound] = useState<{ key: string; amount: bigint }>();
  const key = `${owner}/${mint?.address}`;
  useEffect(() => {
    if (owner === undefined || mint === undefined) return undefined;
    let gone = false;
    void associatedTokenAccount(owner, mint.address, mint.tokenProgram)
      .then((address) => chain.accounts([address]))
      .then(
        ([account]) => gone || setFound({ key, amount: readTokenAccount(account)?.amount ?? 0n }),
        () => undefined,
      );
    return () => {
      gone = true;
    };
  }, [chain, owner, mint, key]);
  return found?.key === key ? found.amount : undefined;
}

/** What is wrong with the draft; undefined until it was checked. */
function useChecked(
  draft: PlanDraft,
  authority: Address | undefined,
  decimals: number | undefined,
  now: bigint,
): Mistake[] | undefined {
  const [found, setFound] = useState<Mistake[]>();
  const minute = now / 60n;
  useEffect(() => {
    let gone = false;
    void checkPlan(draft, { authority, decimals, now: minute * 60n }).then(
      ({ mistakes }) => gone || setFound(mistakes),
    );
    return () => {
      gone = true;
    };
  }, [draft, authority, decimals, minute]);
  return found;
}

/** Creates plan, KPIs and terms; a treasury that does not exist yet comes first. */
async function createRequest(
  chain: Chain,
  envelope: Envelope,
  mint: Mint,
  draft: PlanDraft,
  { args, kpis }: CheckedPlan,
) {
  const { payer: signer } = envelope;
  const named = draft.treasury.trim();
  const owner = isAddress(named) ? named : signer;
  const [account] = await chain.accounts([owner]);
  const isTokenAccount = readTokenAccount(account)?.mint === mint.address;
  const token = { mint: mint.address, tokenProgram: mint.tokenProgram };
  const treasury = isTokenAccount ? owner : await associatedTokenAccount(owner, mint.address, mint.tokenProgram);
  const [existing] = await chain.accounts([treasury]);
  const plan = await planAddress(signer, BigInt(args.planId));
  const [taken] = await chain.accounts([plan]);
  if (taken !== undefined && taken.data.length > 0) {
    throw new Fault('input', `You have a plan with the number ${args.planId} already.`, 'Choose another number.');
  }
  const groups = [
    ...(existing === undefined ? [[instructions.createTokenAccount(signer, owner, treasury, token)]] : []),
    [await instructions.createPlan(signer, signer, { ...token, treasury }, args)],
    ...(await Promise.all(kpis.map(async (kpi) => [await instructions.addKpi(signer, plan, kpi)]))),
    [await instructions.activatePlan(signer, plan, mint.address)],
  ];
  const tokenRent = await chain.rent(associatedAccountSize(mint));
  return {
    verb: 'Create and activate',
    lines: [
      ['Plan', `${args.name}, ${short(plan)}`],
      ['KPIs', String(kpis.length)],
      ...(args.unit === '' ? [] : ([['Grants may be stated in', args.unit]] as const)),
      ['Treasury', short(treasury)],
      ['Afterwards', 'the terms are frozen: nobody can change them'],
    ] as const,
    transactions: pack(envelope, groups),
    inOrder: true,
    rent: (await chain.rent(PLAN_SIZE)) + tokenRent * (existing === undefined ? 2n : 1n),
    done: 'The plan is active. Fund it and make grants under Manage.',
  };
}
