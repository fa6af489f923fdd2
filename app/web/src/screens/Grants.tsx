import type { Address } from '@solana/kit';
import type { PlanState } from '../chain/read';
import { useAction } from '../context/action';
import { useApp, useHref, useNow, useWallet } from '../context/app';
import { type Grant, type NextDate, amountsAt, has, isInUnits, nextDate, FORFEITED } from '../domain/grant';
import type { Plan } from '../domain/terms';
import { type Claimable, type Pool, claimableNow } from '../domain/steps';
import { type GrantsData, grantsSource } from '../state/grantsData';
import { useLive } from '../state/useLive';
import { plural } from '../text/count';
import { AddressText } from '../ui/AddressText';
import { Amount } from '../ui/Amount';
import { type Figure, Figures } from '../ui/Facts';
import { Meter } from '../ui/Meter';
import { Loading, Notice, ReadingFault } from '../ui/Notice';
import { Paged } from '../ui/Paged';
import { PlanName } from '../ui/PlanName';
import { Countdown } from '../ui/Time';
import { WalletMenu } from '../ui/WalletMenu';
import { claimAction } from './claimAction';
import { LiveMark } from './LiveMark';
import { UnitText } from './Values';
import { Waits } from './Waits';

/** All grants of the connected wallet, across plans. */
export function Grants() {
  const { connection } = useWallet();
  if (connection === undefined) {
    return (
      <section className="card center">
        <h1>My grants</h1>
        <p>
          Connect the wallet that your grants are made to. Connecting shares your address with this page, nothing else.
        </p>
        <WalletMenu />
      </section>
    );
  }
  return <GrantsOf key={connection.address} beneficiary={connection.address} />;
}

function GrantsOf({ beneficiary }: { beneficiary: Address }) {
  const { chain } = useApp();
  const now = useNow();
  const state = useLive(`grants/${beneficiary}`, () => grantsSource(chain, beneficiary));
  if (state.status === 'failed') return <ReadingFault fault={state.fault} again={state.reload} />;
  if (state.status === 'loading' || now === undefined) return <Loading what="your grants" />;
  return (
    <>
      <div className="title">
        <h1>My grants</h1>
        <LiveMark state={state} />
      </div>
      <GrantList data={state.data} now={now} onDone={state.reload} />
    </>
  );
}

type Item = { grant: Grant; state: PlanState; due: Claimable };

/** Whether claiming can do something: pay, or settle on the way. */
const isPayable = ({ due }: Item) => due.amount > 0n || due.steps.length > 0;

function GrantList({ data, now, onDone }: { data: GrantsData; now: bigint; onDone: () => void }) {
  const { chain } = useApp();
  const { start } = useAction();
  const items = [...data.grants.values()].flatMap((grant): Item[] => {
    const state = data.plans.get(grant.account.plan);
    if (state === undefined) return [];
    const pools = data.pools.get(grant.account.plan) ?? new Map<number, Pool>();
    const due = claimableNow({ plan: state.plan, evaluations: data.evaluations, pools }, grant, now);
    return [{ grant, state, due }];
  });
  items.sort((a, b) => {
    const [one, other] = [a.due.amount, b.due.amount];
    return one === other ? a.grant.account.index - b.grant.account.index : one > other ? -1 : 1;
  });
  const payable = items.filter(isPayable);
  const paying = payable.filter(({ due }) => due.amount > 0n).length;
  if (items.length === 0) {
    return (
      <Notice tone="info">
        <p>
          <strong>No grant is made to this address on this cluster.</strong>
        </p>
        <p>Check that the wallet shows the account you gave to the project, and the cluster at the top of the page.</p>
      </Notice>
    );
  }
  return (
    <>
      {payable.length > 1 && (
        <div className="callout">
          <span>
            {paying > 0 && `${plural(paying, 'grant')} can be claimed now.`}{' '}
            {payable.length > paying &&
              `${plural(payable.length - paying, 'grant')} can be settled, which pays nothing yet.`}
          </span>
          <button
            type="button"
            className="button primary"
            onClick={() =>
              start(
                claimAction(
                  chain,
                  payable.map(({ grant }) => grant.address),
                  onDone,
                ),
              )
            }
          >
            {paying > 0 ? 'Claim all' : 'Settle all'}
          </button>
        </div>
      )}
      <Paged items={items} what="grants">
        {(shown) => (
          <ul className="plain cards">
            {shown.map((item) => (
              <GrantCard key={item.grant.address} item={item} now={now} onDone={onDone} />
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

export const NEXT: Record<NextDate['what'], string> = {
  starts: 'Begins',
  cliff: 'Cliff',
  'period-ends': 'Period ends',
  'settles-by': 'Settled by',
  ready: 'Ready to settle since',
  over: 'Ended',
};

function GrantCard({ item, now, onDone }: { item: Item; now: bigint; onDone: () => void }) {
  const { grant, state, due } = item;
  const { chain } = useApp();
  const href = useHref();
  const { start } = useAction();
  const { plan, mint } = state;
  const { decimals } = mint;
  const amounts = amountsAt(plan, grant, now);
  const next = nextDate(plan, grant, now);
  return (
    <li className="card grant">
      <header>
        <h2>
          <a href={href({ name: 'grant', grant: grant.address })}>Grant {grant.account.index}</a>
        </h2>
        <span className="muted">
          of{' '}
          <a href={href({ name: 'plan', plan: plan.address })}>
            <PlanName plan={plan} />
          </a>
          , token
        </span>
        <AddressText address={mint.address} />
        <GrantTags grant={grant} />
      </header>
      <Figures
        figures={[
          [
            'Claimable now',
            <Amount key="c" value={due.amount} decimals={decimals} strong />,
            readyNote(due.steps.length, due.amount, amounts.claimable),
          ],
          ['Earned', <Amount key="e" value={amounts.earned + amounts.bonus} decimals={decimals} />],
          ['Claimed', <Amount key="p" value={amounts.claimed} decimals={decimals} />],
          ...allocated(plan, grant, decimals),
          [NEXT[next.what], <Countdown key="n" at={next.time} />],
        ]}
      />
      <Meter
        whole={amounts.allocation}
        label="Of the allocation"
        parts={[
          { name: 'claimed', value: amounts.claimed },
          { name: 'earned', value: amounts.earned + amounts.bonus - amounts.claimed },
        ]}
      />
      <p className="actions">
        <button
          type="button"
          className="button primary"
          disabled={!isPayable(item)}
          onClick={() => start(claimAction(chain, [grant.address], onDone))}
        >
          {due.amount === 0n && due.steps.length > 0 ? 'Settle' : 'Claim'}
        </button>
        <a className="button" href={href({ name: 'grant', grant: grant.address })}>
          Details
        </a>
      </p>
      {due.waiting !== undefined && <Waits plan={plan.address} waiting={due.waiting} onDone={onDone} />}
      {due.waiting === undefined && !isPayable(item) && (
        <p className="hint">Nothing can be claimed now. The grant’s page says why.</p>
      )}
    </li>
  );
}

/** What a grant is for; of one in another unit its value, and the tokens that it is paid at most for full scores. */
export function allocated({ unit }: Plan, grant: Grant, decimals: number): Figure[] {
  const { allocation, unitAllocation } = grant.account;
  const tokens = <Amount key="a" value={allocation} decimals={decimals} />;
  if (unit === undefined || !isInUnits(grant)) return [['Allocated', tokens]];
  return [
    ['Worth', <UnitText key="u" value={unitAllocation} unit={unit} />, 'for full scores'],
    ['Allocated', tokens, 'the most, in tokens'],
  ];
}

/** How the claimable figure comes about, where that is not plain. */
export function readyNote(steps: number, ready: bigint, claimable: bigint): string | undefined {
  if (steps === 0) return undefined;
  return ready > claimable ? 'includes what claiming settles first' : `${plural(steps, 'step')} ready to settle`;
}

/** What is special about a grant. */
export function GrantTags({ grant }: { grant: Grant }) {
  const ended = grant.account.termination !== 0;
  return (
    <>
      {has(grant, FORFEITED) && <span className="tag bad">ended before its cliff</span>}
      {ended && !has(grant, FORFEITED) && <span className="tag">ended early</span>}
    </>
  );
}
