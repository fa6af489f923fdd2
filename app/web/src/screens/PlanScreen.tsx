import type { Address } from '@solana/kit';
import { useHref } from '../context/app';
import { lastDeadline, surplus, treasuryAt } from '../domain/terms';
import type { PlanData } from '../model/planData';
import { percent } from '../text/amount';
import { plural } from '../text/count';
import { exactSpan } from '../text/time';
import { AddressText, CopyButton } from '../ui/AddressText';
import { Amount } from '../ui/Amount';
import { Facts, Figures } from '../ui/Facts';
import { Meter } from '../ui/Meter';
import { HostileText } from '../ui/HostileText';
import { Notice } from '../ui/Notice';
import { Time } from '../ui/Time';
import { PlanFrame } from './PlanFrame';
import { CalendarTable } from './plan/CalendarTable';
import { Documents } from './plan/Documents';
import { RubricText } from './plan/RubricText';
import { FeedsSection } from './plan/FeedsSection';
import { GrantTable } from './plan/GrantTable';
import { KpiTerms } from './plan/KpiTerms';
import { Statement } from './plan/Statement';
import { ValueTable } from './plan/ValueTable';
import { COMBINATION, RELEASE, UNEARNED, cadenceText, decideText } from './words';

/** A plan for everyone to see: what is measured, how it pays, who gets what, and whether the vault covers it. */
export default function PlanScreen({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={(name) => name}>
      {(data, now, reload) => <PlanView data={data} now={now} reload={reload} />}
    </PlanFrame>
  );
}

function PlanView({ data, now, reload }: { data: PlanData; now: bigint; reload: () => void }) {
  const href = useHref();
  return (
    <>
      <p className="muted">
        <AddressText address={data.plan.address} full />{' '}
        <CopyButton
          text={new URL(href({ name: 'plan', plan: data.plan.address }), window.location.href).href}
          what="the link to this plan"
          label="Copy link"
        />
      </p>
      <Solvency data={data} />
      <section className="card">
        <h2>What is measured</h2>
        {data.plan.kpis.map((kpi) => (
          <KpiTerms key={kpi.number} kpi={kpi} rubric={<RubricText plan={data.plan} kpi={kpi} />} />
        ))}
        {data.plan.kpis.length === 0 && <p className="muted">This draft has no KPI yet.</p>}
      </section>
      <Documents plan={data.plan} />
      <FeedsSection data={data} now={now} onDone={reload} />
      <Terms data={data} now={now} />
      <CalendarTable data={data} now={now} />
      <GrantTable data={data} now={now} />
      <ValueTable data={data} now={now} />
      <Statement data={data} now={now} />
    </>
  );
}

function Solvency({ data }: { data: PlanData }) {
  const { plan, vault, mint } = data;
  const { reserved, owed, pooled } = plan.account;
  const free = surplus(plan, vault.amount);
  const { decimals } = mint;
  return (
    <section className="card">
      <h2>Vault</h2>
      <Figures
        figures={[
          ['Balance', <Amount key="b" value={vault.amount} decimals={decimals} strong />],
          ['Reserved', <Amount key="r" value={reserved} decimals={decimals} />, 'for what can still be earned'],
          ['Owed', <Amount key="o" value={owed} decimals={decimals} />, 'earned, not yet claimed'],
          ['Pooled', <Amount key="p" value={pooled} decimals={decimals} />, 'bonuses to be collected'],
          ['Left over', <Amount key="s" value={free} decimals={decimals} />, 'surplus: no grant can claim it'],
        ]}
      />
      <Meter
        whole={vault.amount}
        label="Of the vault"
        parts={[
          { name: 'owed', value: owed },
          { name: 'pooled', value: pooled },
          { name: 'reserved', value: reserved },
        ]}
      />
      {free >= 0n ? (
        <p className="hint">The vault holds everything that its grants can ever claim.</p>
      ) : (
        <Notice tone="bad">The vault holds less than it owes. This must never happen; please report it.</Notice>
      )}
      <Facts
        facts={[
          ['Token', <AddressText key="m" address={mint.address} />],
          ['Vault', <AddressText key="v" address={vault.address} />],
          ['Funded so far', <Amount key="f" value={plan.account.fundedTotal} decimals={decimals} />],
          ['Claimed so far', <Amount key="c" value={plan.account.claimedTotal} decimals={decimals} />],
          ...tokenPowers(data),
        ]}
      />
    </section>
  );
}

/** Who could stop or shorten payouts by the token itself. */
function tokenPowers({ mint }: PlanData) {
  const facts: [string, React.ReactNode][] = [];
  if (mint.freezeAuthority !== undefined) {
    facts.push(['Can freeze accounts of this token', <AddressText key="f" address={mint.freezeAuthority} />]);
  }
  if (mint.transferFees.length > 0) facts.push(['Transfer fee', 'the token takes a fee of every payout']);
  if (mint.transferHook !== undefined) {
    facts.push(['Can refuse transfers', <AddressText key="h" address={mint.transferHook} />]);
  }
  return facts;
}

function Terms({ data, now }: { data: PlanData; now: bigint }) {
  const { plan, mint } = data;
  const { account, calendar, windows } = plan;
  const treasury = treasuryAt(plan, now);
  const oracles = (keys: readonly Address[], threshold: number) => (
    <ul className="plain">
      {keys.map((key) => (
        <li key={key}>
          <AddressText address={key} />
        </li>
      ))}
      <li className="muted">{decideText(threshold, keys.length)}</li>
    </ul>
  );
  return (
    <section className="card">
      <h2>Terms</h2>
      {plan.status === 'active' && (
        <p className="hint">
          Frozen on <Time at={account.activatedAt} />: nobody can change them.
        </p>
      )}
      <Facts
        facts={[
          ['Number', `${account.planId}, given by its creator`],
          ...(plan.unit === undefined
            ? []
            : ([
                [
                  'Unit of account',
                  <span key="u">
                    <HostileText text={plan.unit.name} />, {plural(plan.unit.decimals, 'decimal')}
                  </span>,
                ],
              ] as const)),
          ['Starts', <Time key="s" at={calendar.start} />],
          ['Calendar', `${plural(calendar.periodCount, 'period')} of ${cadenceText(calendar.cadence)}`],
          ['Everything is settled by', <Time key="d" at={lastDeadline(plan)} />],
          ['Scores combine', COMBINATION[plan.combination]],
          ['What is not earned', UNEARNED[plan.unearned]],
          ...(plan.unearned === 'redistribute'
            ? ([['Largest bonus', `${percent(account.bonusCapBps)} of the share of the period (tranche)`]] as const)
            : []),
          ['What is earned vests', RELEASE[plan.release]],
          ['Oracles vote for', exactSpan(windows.attestSecs)],
          ['Disputes for', plan.arbiter === undefined ? 'there are none' : exactSpan(windows.challengeSecs)],
          ['The arbiter rules within', plan.arbiter === undefined ? 'there is none' : exactSpan(windows.rulingSecs)],
          ['Notice of changes', exactSpan(account.noticeSecs)],
          ['Authority', <AddressText key="a" address={account.authority} />],
          ['Oracles', oracles(plan.oracles.keys, plan.oracles.threshold)],
          ...(plan.nextOracles === undefined
            ? []
            : ([
                [
                  `Oracles from period ${plan.nextOracles.firstPeriod}`,
                  oracles(plan.nextOracles.keys, plan.nextOracles.threshold),
                ],
              ] as const)),
          ['Arbiter', plan.arbiter === undefined ? 'none' : <AddressText key="r" address={plan.arbiter} />],
          ['Treasury', <AddressText key="t" address={treasury.treasury} />],
          [
            'Allocation of a grant',
            <span key="l">
              <Amount value={account.minAllocation} decimals={mint.decimals} /> to{' '}
              <Amount value={account.maxAllocation} decimals={mint.decimals} />
            </span>,
          ],
          ['Grants', `${account.grantCounter} made, at most ${account.maxGrants}`],
          ['Grants are made until', <Time key="e" at={account.enrolmentEnd} />],
        ]}
      />
    </section>
  );
}
