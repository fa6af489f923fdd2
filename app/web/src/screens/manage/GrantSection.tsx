import { useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { Fault } from '../../chain/fault';
import { useApp } from '../../context/app';
import { type Grant, reserveFor } from '../../domain/grant';
import { lastPrice } from '../../domain/reading';
import { isPrice, surplus } from '../../domain/terms';
import { type GrantTerms, doubts, readUnits, wrongNow, wrongTerms } from '../../model/grantFile';
import { type Mistake, Notes } from '../../model/mistakes';
import type { PlanData } from '../../model/planData';
import { parseAmount } from '../../text/amount';
import { visible } from '../../text/hostile';
import { Amount } from '../../ui/Amount';
import { CheckField, NumberField, TextField } from '../../ui/Field';
import { Mistakes } from '../../ui/Mistakes';
import { ActionButtons } from '../ActionButtons';
import { Doubts } from './Doubts';
import { grantRequest } from './grantRequest';
import type { TimedSectionProps } from './section';

type Draft = {
  beneficiary: string;
  allocation: string;
  value: string;
  firstPeriod: string;
  periods: string;
  cliff: string;
  timeWeight: string;
  weights: string[];
  revocable: boolean;
  transferable: boolean;
};

/** One grant. */
export function GrantSection({ data, now, onDone }: TimedSectionProps) {
  const { chain } = useApp();
  const { plan, mint, vault } = data;
  const [draft, setDraft] = useState<Draft>(() => empty(data));
  const [touched, setTouched] = useState(false);
  const set = (change: Partial<Draft>) => {
    setTouched(true);
    setDraft((before) => ({ ...before, ...change }));
  };
  const { terms, mistakes } = check(data, draft, now);
  const [again, setAgain] = useState(false);
  const existing = terms === undefined ? undefined : grantOf(data.grants.values(), terms.beneficiary);
  return (
    <section className="card form">
      <h2>Make a grant</h2>
      <TextField label="Beneficiary" value={draft.beneficiary} onChange={(beneficiary) => set({ beneficiary })} />
      <div className="row">
        {plan.price !== undefined && plan.unit !== undefined && (
          <NumberField
            label={`Value in ${visible(plan.unit.name)}`}
            value={draft.value}
            onChange={(value) => set({ value })}
            hint="For full scores in all periods. Empty for a grant in tokens."
          />
        )}
        <NumberField
          label={draft.value.trim() === '' ? 'Allocation' : 'Allocation, the most in tokens'}
          value={draft.allocation}
          onChange={(allocation) => set({ allocation })}
          hint={draft.value.trim() === '' ? undefined : 'What a low price would pay beyond it is lost.'}
        />
        <NumberField
          label="First period"
          kind="whole"
          value={draft.firstPeriod}
          onChange={(firstPeriod) => set({ firstPeriod })}
          hint="counted from 0"
        />
        <NumberField label="Periods" kind="whole" value={draft.periods} onChange={(periods) => set({ periods })} />
        <NumberField label="Cliff, periods" kind="whole" value={draft.cliff} onChange={(cliff) => set({ cliff })} />
      </div>
      <div className="row">
        <NumberField
          label="Weight of time"
          value={draft.timeWeight}
          onChange={(timeWeight) => set({ timeWeight })}
          hint="All weights sum to 10_000."
        />
        {plan.kpis
          .filter((kpi) => !isPrice(kpi))
          .map((kpi) => (
            <NumberField
              key={kpi.number}
              label={`Weight of ${visible(kpi.name)}`}
              value={draft.weights[kpi.number] ?? '0'}
              onChange={(weight) =>
                set({ weights: draft.weights.map((each, index) => (index === kpi.number ? weight : each)) })
              }
            />
          ))}
      </div>
      <CheckField
        label="The authority may end it early"
        checked={draft.revocable}
        onChange={(revocable) => set({ revocable })}
      />
      <CheckField
        label="The beneficiary may hand it to another key"
        checked={draft.transferable}
        onChange={(transferable) => set({ transferable })}
      />
      {existing !== undefined && (
        <CheckField
          label={`The beneficiary has grant ${existing.account.index} of this plan already: make another one`}
          checked={again}
          onChange={setAgain}
        />
      )}
      {touched && <Mistakes mistakes={mistakes} title="Not ready yet" />}
      {terms !== undefined && <Doubts all={doubts(plan, terms, lastPrice(plan, data.evaluations, now))} />}
      {terms !== undefined && (
        <p className="hint">
          Reserves{' '}
          <Amount
            value={reserveFor(plan, terms.allocation, terms.timeWeight, terms.kpiWeights)}
            decimals={mint.decimals}
          />{' '}
          of the <Amount value={surplus(plan, vault.amount)} decimals={mint.decimals} /> free in the vault.
        </p>
      )}
      <ActionButtons
        signer={plan.account.authority}
        label="Review"
        disabled={terms === undefined || mistakes.length > 0 || (existing !== undefined && !again)}
        action={{
          title: 'Make a grant',
          keys: [`grants/${plan.address}`],
          onDone,
          build(envelope) {
            if (terms === undefined) throw new Fault('input', 'The grant has mistakes.');
            const toMake = (grants: readonly Grant[]) => {
              const has = again ? undefined : grantOf(grants, terms.beneficiary);
              if (has === undefined) return [{ line: 1, name: '', terms }];
              const message = `The beneficiary has grant ${has.account.index} of this plan already.`;
              throw new Fault('input', message, 'If another one is meant, say so in the form.');
            };
            return grantRequest(chain, plan.address, { toMake, onEnd: () => setAgain(false) }, envelope);
          },
        }}
      />
    </section>
  );
}

/** A grant that the plan has for this beneficiary. */
function grantOf(grants: Iterable<Grant>, beneficiary: Address): Grant | undefined {
  return [...grants].find(({ account }) => account.beneficiary === beneficiary);
}

function empty({ plan }: PlanData): Draft {
  const first = plan.kpis.findIndex((kpi) => !isPrice(kpi));
  return {
    beneficiary: '',
    allocation: '',
    value: '',
    firstPeriod: '0',
    periods: String(plan.calendar.periodCount),
    cliff: '0',
    timeWeight: '0',
    weights: plan.kpis.map((_, index) => (index === first ? '10_000' : '0')),
    revocable: true,
    transferable: false,
  };
}

function check(data: PlanData, draft: Draft, now: bigint): { terms?: GrantTerms; mistakes: Mistake[] } {
  const { plan, mint } = data;
  const notes = new Notes();
  const beneficiary = draft.beneficiary.trim();
  if (!isAddress(beneficiary))
    notes.add('beneficiary', `${JSON.stringify(beneficiary)} is not an address; expected 32 bytes in base58`);
  const allocation = parseAmount(draft.allocation.trim(), mint.decimals);
  if ('error' in allocation) notes.add('allocation', `${JSON.stringify(draft.allocation)} ${allocation.error}`);
  const value = draft.value.trim() === '' ? { value: 0n } : readUnits(draft.value.trim(), plan);
  if ('error' in value) notes.add('value', value.error);
  const whole = (field: string, text: string) => notes.whole(field, text, 65_535) ?? 0;
  const terms: GrantTerms = {
    beneficiary: beneficiary as Address,
    allocation: 'value' in allocation ? allocation.value : 0n,
    unitAllocation: 'value' in value ? value.value : 0n,
    firstPeriod: whole('first_period', draft.firstPeriod),
    periods: whole('periods', draft.periods),
    cliffPeriods: whole('cliff', draft.cliff),
    timeWeight: whole('time_weight', draft.timeWeight),
    kpiWeights: plan.kpis.map((kpi) => whole(`weight:${kpi.name}`, draft.weights[kpi.number] ?? '0')),
    revocable: draft.revocable,
    transferable: draft.transferable,
  };
  if (notes.mistakes.length > 0) return { mistakes: notes.mistakes };
  const wrong = wrongTerms(plan, mint.decimals, terms);
  if (wrong !== undefined) return { mistakes: [{ line: undefined, ...wrong }] };
  const late = wrongNow(data, [{ line: 1, name: '', terms }], now);
  return { terms, mistakes: late.map((mistake) => ({ ...mistake, line: undefined })) };
}
