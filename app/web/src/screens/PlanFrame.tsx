import type { Address } from '@solana/kit';
import { hostOf } from '../chain/transport';
import { useApp, useHref, useNow, useWallet } from '../context/app';
import type { PlanData } from '../model/planData';
import { planSource } from '../state/planData';
import { useLive } from '../state/useLive';
import { plural } from '../text/count';
import { Loading, Notice, ReadingFault } from '../ui/Notice';
import { PlanName } from '../ui/PlanName';
import { LiveMark } from './LiveMark';
import { STATUS } from './words';

/** Reads a plan and hands it on once it and the chain's time are known. */
export function PlanFrame({
  address,
  title,
  children,
}: {
  address: Address;
  title: (name: React.ReactNode) => React.ReactNode;
  children: (data: PlanData, now: bigint, reload: () => void) => React.ReactNode;
}) {
  const { chain } = useApp();
  const now = useNow();
  const state = useLive(`plan/${address}`, () => planSource(chain, address));
  if (state.status === 'failed') return <ReadingFault fault={state.fault} again={state.reload} />;
  if (state.status === 'loading' || now === undefined) return <Loading what="the plan" />;
  return (
    <>
      <div className="title">
        <h1>
          {title(<PlanName plan={state.data.plan} />)} <span className="tag">{STATUS[state.data.plan.status]}</span>
        </h1>
        <LiveMark state={state} />
      </div>
      <PlanLinks data={state.data} />
      <ShortNotice data={state.data} />
      {children(state.data, now, state.reload)}
    </>
  );
}

/** That the endpoint did not give every account that the plan counts. */
function ShortNotice({ data: { short } }: { data: PlanData }) {
  const { cluster } = useApp();
  if (short === undefined) return null;
  return (
    <Notice tone="warn">
      <p>
        <strong>
          {hostOf(cluster.rpcUrl)} does not tell all of this plan:{' '}
          {short
            .map(({ what, given, counted }) => `${plural(given, what)} where the plan counts ${counted}`)
            .join('; ')}
          .
        </strong>
      </p>
      <p>
        What is shown here is incomplete, and so is a statement made now. It is read again every few seconds; another
        endpoint can be chosen at the top of the page.
      </p>
    </Notice>
  );
}

/** The ways to the plan's other pages, for those who have a role in it. */
function PlanLinks({ data }: { data: PlanData }) {
  const href = useHref();
  const me = useWallet().connection?.address;
  const { plan } = data;
  const oracles = [...plan.oracles.keys, ...(plan.nextOracles?.keys ?? [])];
  const links = [
    ['Plan', 'plan', true],
    ['Attest', 'attest', me !== undefined && oracles.includes(me)],
    ['Rule', 'rule', me !== undefined && plan.arbiter === me],
    ['Manage', 'manage', me === plan.account.authority],
  ] as const;
  const shown = links.filter(([, , show]) => show);
  if (shown.length === 1) return null;
  return (
    <nav className="tabs" aria-label="Pages of this plan">
      {shown.map(([text, name]) => (
        <a
          key={name}
          href={href({ name, plan: plan.address })}
          aria-current={window.location.hash.startsWith(href({ name, plan: plan.address })) ? 'page' : undefined}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}
