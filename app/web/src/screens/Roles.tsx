import type { Address } from '@solana/kit';
import { findRoles } from '../chain/read';
import { useApp, useHref, useWallet } from '../context/app';
import type { Plan } from '../domain/terms';
import { useAsked } from '../state/useAsked';
import { AddressText } from '../ui/AddressText';
import { Loading, ReadingFault } from '../ui/Notice';
import { Paged } from '../ui/Paged';
import { PlanName } from '../ui/PlanName';
import { WalletMenu } from '../ui/WalletMenu';
import { STATUS } from './words';

/** The plans in which the connected key has a role. */
export default function Roles() {
  const me = useWallet().connection?.address;
  if (me === undefined) {
    return (
      <section className="card center">
        <h1>My roles</h1>
        <p>Connect the key with which you attest values, rule on disputes or manage a plan.</p>
        <WalletMenu />
      </section>
    );
  }
  return <RolesOf key={me} me={me} />;
}

function RolesOf({ me }: { me: Address }) {
  const { chain, cluster } = useApp();
  const { value: roles, fault, again } = useAsked(`${cluster.rpcUrl}/${me}`, () => findRoles(chain, me));
  if (roles === undefined) {
    if (fault === undefined) return <Loading what="your roles" />;
    return <ReadingFault fault={fault} again={again} />;
  }
  return (
    <>
      <h1>My roles</h1>
      <PlanList title="Oracle: report values" plans={roles.oracle} view="attest" verb="Attest" />
      <PlanList title="Arbiter: rule on disputes" plans={roles.arbiter} view="rule" verb="Rule" />
      <PlanList title="Authority: manage plans" plans={roles.authority} view="manage" verb="Manage" />
    </>
  );
}

function PlanList({
  title,
  plans,
  view,
  verb,
}: {
  title: string;
  plans: readonly Plan[];
  view: 'attest' | 'rule' | 'manage';
  verb: string;
}) {
  const href = useHref();
  return (
    <section className="card">
      <h2>{title}</h2>
      {plans.length === 0 && <p className="muted">No plan names this key.</p>}
      {plans.length > 0 && (
        <Paged items={plans} what="plans">
          {(shown) => (
            <ul className="plain list">
              {shown.map((plan) => (
                <li key={plan.address}>
                  <span>
                    <PlanName plan={plan} /> of <AddressText address={plan.account.authority} />{' '}
                    <span className="tag">{STATUS[plan.status]}</span>
                  </span>
                  <a className="button" href={href({ name: view, plan: plan.address })}>
                    {verb}
                  </a>
                </li>
              ))}
            </ul>
          )}
        </Paged>
      )}
    </section>
  );
}
