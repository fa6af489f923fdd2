import type { Address } from '@solana/kit';
import { findGrants, grantsOfPlan } from '../chain/read';
import { useAction } from '../context/action';
import { useApp, useHref, useWallet } from '../context/app';
import { type Waiting, behind } from '../domain/steps';
import { useAsked } from '../state/useAsked';
import { plural } from '../text/count';
import { Notice } from '../ui/Notice';
import { catchUpAction } from './catchUpAction';

/** More than this many grants are counted, not named. */
const NAMED = 10;

/** That a bonus waits for other grants, and the way to settle them: anybody may. */
export function Waits({
  plan,
  waiting,
  named,
  onDone,
}: {
  plan: Address;
  waiting: Waiting;
  /** Whether to say which grants they are, which has to be read. */
  named?: boolean;
  onDone: () => void;
}) {
  const { chain } = useApp();
  const { start } = useAction();
  const { connection } = useWallet();
  const { period, left } = waiting;
  return (
    <Notice tone="info">
      <p>
        <strong>
          Period {period} is shared out once {plural(left, 'other grant has', 'other grants have')} settled it.
        </strong>{' '}
        Until then this grant’s bonus cannot be collected, nor its next period settled. Anyone may settle for the
        others.
      </p>
      {named && <Behind plan={plan} waiting={waiting} />}
      <p className="actions">
        <button
          type="button"
          className="button"
          disabled={connection === undefined}
          onClick={() => start(catchUpAction(chain, plan, period, onDone))}
        >
          Settle for the others
        </button>
        {connection === undefined && (
          <span className="muted">Connect a wallet to do so: it pays the network’s fee.</span>
        )}
      </p>
    </Notice>
  );
}

/** Which grants have not settled the period. */
function Behind({ plan, waiting: { period, left } }: { plan: Address; waiting: Waiting }) {
  const { chain } = useApp();
  const href = useHref();
  const { value } = useAsked(`${plan}/${period}/${left}`, () => findGrants(chain, grantsOfPlan(plan)));
  if (value === undefined) return null;
  const late = behind(value, period).sort((a, b) => a.account.index - b.account.index);
  return (
    <p>
      Not settled yet:{' '}
      {late.slice(0, NAMED).map(({ address, account }, index) => (
        <span key={address}>
          {index > 0 && ', '}
          <a href={href({ name: 'grant', grant: address })}>grant {account.index}</a>
        </span>
      ))}
      {late.length > NAMED && ` and ${late.length - NAMED} more`}
    </p>
  );
}
