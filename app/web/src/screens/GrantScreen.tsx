import { useMemo } from 'react';
import type { Address } from '@solana/kit';
import { type History, shortfallText } from '../chain/history';
import { hostOf } from '../chain/transport';
import { GrantChart, type Step } from '../charts/GrantChart';
import { type Fact, useAction } from '../context/action';
import { useApp, useHref, useNow, useWallet } from '../context/app';
import {
  type Grant,
  type Results,
  CLAIM_LOCKED,
  REVOCABLE,
  TRANSFERABLE,
  amountsAt,
  cliffTime,
  covers,
  has,
  hasWeight,
  isInUnits,
  nextDate,
} from '../domain/grant';
import { outlook } from '../domain/outlook';
import { claimableNow } from '../domain/steps';
import { type Plan, periodTimes } from '../domain/terms';
import type { GrantData } from '../model/planData';
import { settledKey, settlements } from '../model/record';
import { grantSource } from '../state/grantData';
import type { Asked } from '../state/useAsked';
import { useLive } from '../state/useLive';
import { percent } from '../text/amount';
import { AddressText } from '../ui/AddressText';
import { Amount } from '../ui/Amount';
import { Facts, Figures } from '../ui/Facts';
import { HostileText } from '../ui/HostileText';
import { Loading, Notice, ReadingFault } from '../ui/Notice';
import { PlanName } from '../ui/PlanName';
import { Countdown, Time } from '../ui/Time';
import { claimAction } from './claimAction';
import { GrantTags, NEXT, allocated, readyNote } from './Grants';
import { Label } from './Label';
import { LiveMark } from './LiveMark';
import { PeriodCard } from './PeriodCard';
import { reachOf } from './ShareOfPeriod';
import { useHistory } from './useHistory';
import { PriceText } from './Values';
import { Waits } from './Waits';

/** One grant: what it is worth, why, and what can be done about it. */
export default function GrantScreen({ address }: { address: Address }) {
  const { chain } = useApp();
  const now = useNow();
  const state = useLive(`grant/${address}`, () => grantSource(chain, address));
  if (state.status === 'failed') return <ReadingFault fault={state.fault} again={state.reload} />;
  if (state.status === 'loading' || now === undefined) return <Loading what="the grant" />;
  const { grant } = state.data;
  return (
    <>
      <div className="title">
        <h1>
          Grant {grant.account.index} of <PlanName plan={state.data.plan} /> <GrantTags grant={grant} />
        </h1>
        <LiveMark state={state} />
      </div>
      <GrantView data={state.data} now={now} reload={state.reload} />
    </>
  );
}

function GrantView({ data, now, reload }: { data: GrantData; now: bigint; reload: () => void }) {
  const { chain } = useApp();
  const { connection } = useWallet();
  const { start } = useAction();
  const href = useHref();
  const { plan, grant, mint, evaluations } = data;
  const { account } = grant;
  const { decimals } = mint;
  const version = `${account.nextPeriod}/${account.claimed}/${account.bonus}`;
  const past = useHistory(plan.address, grant.address, version);
  const amounts = amountsAt(plan, grant, now);
  const next = nextDate(plan, grant, now);
  const { amount: ready, steps: due, waiting } = claimableNow(data, grant, now);
  const mine = connection?.address === account.beneficiary;
  const steps = useMemo(() => stepsOf(past.value, account), [past.value, account]);
  const recorded = useMemo(() => settlements(past.value?.events ?? []), [past.value]);
  const results = new Map<number, Results>();
  for (let period = account.firstPeriod; period < account.nextPeriod; period += 1) {
    const settled = recorded.get(settledKey(grant.address, period));
    if (settled !== undefined) results.set(period, settled);
  }
  const expected = outlook(plan, grant, evaluations, now, results);
  const periods = Array.from(
    { length: account.endPeriod - account.firstPeriod },
    (_, index) => account.firstPeriod + index,
  );
  const shown = periods.filter((period) => covers(grant, period)).reverse();
  const current = periods.find((period) => now < periodTimes(plan, period).settleDeadline) ?? periods.at(-1);
  return (
    <>
      <section className="card">
        <Figures
          figures={[
            [
              'Claimable now',
              <Amount key="c" value={ready} decimals={decimals} strong />,
              readyNote(due.length, ready, amounts.claimable),
            ],
            ['Earned', <Amount key="e" value={amounts.earned + amounts.bonus} decimals={decimals} />],
            ['Claimed', <Amount key="p" value={amounts.claimed} decimals={decimals} />],
            ...allocated(plan, grant, decimals),
            [NEXT[next.what], <Countdown key="n" at={next.time} />],
          ]}
        />
        <p className="actions">
          <button
            type="button"
            className="button primary"
            disabled={!mine || (ready === 0n && due.length === 0)}
            onClick={() => start(claimAction(chain, [grant.address], reload))}
          >
            {ready === 0n && due.length > 0 ? 'Settle' : 'Claim'}
          </button>
          <a className="button" href={href({ name: 'plan', plan: plan.address })}>
            The plan
          </a>
        </p>
        {waiting !== undefined && <Waits plan={plan.address} waiting={waiting} named onDone={reload} />}
        {mine && waiting === undefined && ready === 0n && due.length === 0 && (
          <p className="hint">
            Nothing can be claimed now: what comes next stands above, and why under the periods below.
          </p>
        )}
        {connection === undefined && ready > 0n && <p className="hint">Connect the beneficiary’s wallet to claim.</p>}
        {connection !== undefined && !mine && (
          <p className="hint">
            This grant pays <AddressText address={account.beneficiary} />, another account than the connected one.
          </p>
        )}
      </section>
      <section className="card">
        <h2>Over time</h2>
        <GrantChart
          plan={plan}
          grant={grant}
          decimals={decimals}
          now={now}
          outlook={expected}
          priceOf={(period) => results.get(period)?.price ?? expected.price}
          {...steps}
        />
        <HistoryNote past={past} account={account} />
      </section>
      <section className="card">
        <h2>Terms</h2>
        <Facts
          facts={[
            [
              'Beneficiary',
              <span key="b">
                <AddressText address={account.beneficiary} you={mine} />
                <Label plan={plan} grant={grant} />
              </span>,
            ],
            ['Token', <AddressText key="t" address={mint.address} />],
            ...inUnitFacts(plan, grant),
            ['Weights', <Weights key="w" data={data} />],
            ['Periods', `${rangeText(periods)} of the plan’s ${plan.calendar.periodCount}, counted from 0`],
            ['Cliff', account.cliffPeriods === 0 ? 'none' : <Time key="c" at={cliffTime(plan, grant)} />],
            [
              'Can be terminated',
              has(grant, REVOCABLE) ? 'by the plan’s authority, never for time already served' : 'no',
            ],
            ['Can be handed on', has(grant, TRANSFERABLE) ? 'yes' : 'no'],
            ['Who may claim', has(grant, CLAIM_LOCKED) ? 'only you' : 'anyone, but only to your own token account'],
          ]}
        />
      </section>
      <section>
        <h2>Periods and results</h2>
        {shown.map((period) => (
          <PeriodCard
            key={period}
            data={data}
            period={period}
            now={now}
            open={period === current || period === account.nextPeriod}
            settled={recorded.get(settledKey(grant.address, period))}
            mine={mine}
            onDone={reload}
          />
        ))}
        {shown.length === 0 && <Notice tone="info">The grant ended before its first period.</Notice>}
      </section>
    </>
  );
}

/** Consecutive numbers by the first and the last of them. */
function rangeText(numbers: readonly number[]): string {
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (first === undefined) return 'none';
  return first === last ? String(first) : `${first} to ${last}`;
}

/** Of a grant in another unit how far its allocation reaches. */
function inUnitFacts(plan: Plan, grant: Grant): Fact[] {
  const { unit, price } = plan;
  if (unit === undefined || price === undefined || !isInUnits(grant)) return [];
  const lowest = reachOf(plan, grant);
  return [
    [
      'Paid in tokens',
      <span key="p">
        each period at the price of then (<HostileText text={price.name} />)
      </span>,
    ],
    [
      'The allocation is enough down to',
      lowest === undefined ? (
        'no price: it is too small'
      ) : (
        <PriceText key="r" value={lowest} price={price} unit={unit} />
      ),
    ],
  ];
}

function Weights({ data }: { data: GrantData }) {
  const { plan, grant } = data;
  const weighted = plan.kpis.filter((kpi) => hasWeight(grant, kpi));
  return (
    <ul className="plain">
      {grant.account.timeWeight > 0 && <li>{percent(grant.account.timeWeight)} for time served</li>}
      {weighted.map((kpi) => (
        <li key={kpi.number}>
          {percent(grant.account.kpiWeights[kpi.number] ?? 0)} for <HostileText text={kpi.name} />
        </li>
      ))}
    </ul>
  );
}

/** What is not known of the past: the grant's own sums tell whether its settlements and payments were all seen. */
function HistoryNote({ past, account }: { past: Asked<History>; account: GrantData['grant']['account'] }) {
  const { cluster } = useApp();
  const host = hostOf(cluster.rpcUrl);
  if (past.value === undefined) {
    return (
      <p className="hint" role="status">
        {past.fault === undefined
          ? 'Reading the steps of the past…'
          : `The steps of the past could not be read yet: ${past.fault.message} Trying again.`}
      </p>
    );
  }
  const said = shortfallText(past.value, host);
  const { earned, claimed } = sums(past.value);
  const isShort = earned !== account.earned + account.bonus || claimed !== account.claimed;
  if (!isShort && said.length === 0) return null;
  return (
    <>
      {isShort && (
        <p className="hint" role="status">
          {host} did not give all steps of the past of this grant: those that are missing come first in the drawing, and
          old periods may lack their scores.
        </p>
      )}
      {said.map((sentence) => (
        <p key={sentence} className="hint">
          {sentence}
        </p>
      ))}
      <p className="actions">
        <button type="button" className="button" onClick={past.again}>
          Read the past again
        </button>
      </p>
    </>
  );
}

/** What the events of a grant add up to. */
function sums({ events }: History): { earned: bigint; claimed: bigint } {
  let [earned, claimed] = [0n, 0n];
  for (const { event } of events) {
    if (event.name === 'GrantSettled') earned += event.earned;
    if (event.name === 'BonusCollected') earned += event.bonus;
    if (event.name === 'GrantClaimed') claimed += event.amount;
  }
  return { earned, claimed };
}

/** Earned and claimed over time. What the history does not explain (it can be cut short) comes first. */
function stepsOf(
  history: History | undefined,
  account: GrantData['grant']['account'],
): { earned: Step[]; claimed: Step[] } {
  const earned: Step[] = [];
  const claimed: Step[] = [];
  let [sumEarned, sumClaimed] = [0n, 0n];
  for (const { event } of history?.events ?? []) {
    if (event.name === 'GrantSettled') earned.push({ time: event.time, total: (sumEarned += event.earned) });
    if (event.name === 'BonusCollected') earned.push({ time: event.time, total: (sumEarned += event.bonus) });
    if (event.name === 'GrantClaimed') claimed.push({ time: event.time, total: (sumClaimed += event.amount) });
  }
  return {
    earned: lifted(earned, account.earned + account.bonus - sumEarned, account.createdAt),
    claimed: lifted(claimed, account.claimed - sumClaimed, account.createdAt),
  };
}

function lifted(steps: Step[], missing: bigint, since: bigint): Step[] {
  if (missing === 0n) return steps;
  return [{ time: since, total: missing }, ...steps.map((step) => ({ ...step, total: step.total + missing }))];
}
