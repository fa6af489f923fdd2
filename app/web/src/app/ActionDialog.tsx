import { useEffect } from 'react';
import { explorerUrl } from '../chain/cluster';
import type { Entry } from '../chain/outbox';
import type { Prepared } from '../chain/transaction';
import type { ActionRequest, Fact } from '../context/action';
import { useApp, useOutbox, useWallet } from '../context/app';
import { plural } from '../text/count';
import { short } from '../text/hash';
import { Sol } from '../ui/Amount';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { Icon } from '../ui/Icon';
import { FaultNotice, Loading, Notice } from '../ui/Notice';
import { Run, executedText } from './runs';

/** Shows what an action does before the wallet opens, how far it is, and how it ended. */
export function ActionDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const connected = useWallet().connection?.address;
  const entries = useOutbox();
  const { state, signer } = run;
  const { name } = state;
  const underWay = run.isUnderWay();
  // What stands in the way ends by itself; then the summary can be shown.
  const isFree = name === 'blocked' && !isPending(state.by, entries);

  useEffect(() => {
    const other = connected !== undefined && connected !== signer;
    if (!underWay && name !== 'done' && other) void run.review(connected);
    else if (isFree) void run.review();
  }, [run, connected, signer, underWay, name, isFree]);

  const mine = entries.filter(({ signature }) => run.signatures.includes(signature)).reverse();
  const isUnknown = mine.some(({ outcome, unknown }) => outcome === undefined && unknown);
  return (
    <Dialog title={run.action.title} onClose={onClose}>
      {run.changed && name !== 'done' && (
        <Notice tone="info">
          <p>The wallet changed to {short(signer)}: this is for that account.</p>
        </Notice>
      )}
      {name === 'preparing' && <Loading what="what this would do" />}
      {name === 'blocked' && <Blocked by={state.by} />}
      {name === 'review' && (
        <>
          <Summary request={state.request} prepared={state.prepared} run={run} />
          <p className="actions">
            <button type="button" className="button primary" onClick={() => void run.confirm()}>
              {state.request.verb}
            </button>
            <button type="button" className="button" onClick={onClose}>
              Cancel
            </button>
          </p>
        </>
      )}
      {underWay && !isUnknown && (
        <p className="loading" role="status">
          {name === 'signing' ? 'Confirm in your wallet…' : 'Sent. Waiting for the chain to confirm…'}
          {run.total > 1 && ` (${run.executed} of ${run.total} confirmed)`}
        </p>
      )}
      {underWay && isUnknown && <UnknownNotice />}
      {name === 'done' && <Done run={run} request={state.request} />}
      {name === 'failed' && (
        <FaultNotice fault={state.fault}>
          <button type="button" className="button primary" onClick={() => void run.review()}>
            Back to the summary
          </button>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </FaultNotice>
      )}
      {mine.length > 0 && <Transactions entries={mine} />}
      {name === 'failed' && run.executed > 0 && (
        <p className="hint">{executedText(run)}. The summary shows what is left.</p>
      )}
      {underWay && (
        <p className="actions">
          <button type="button" className="button" onClick={onClose}>
            Hide
          </button>
          <span className="hint">
            {name === 'signing' ? 'If you sign later, it is still sent.' : 'You will be told how it ends.'}
          </span>
        </p>
      )}
      {name === 'done' && (
        <p className="actions">
          <button type="button" className="button primary" onClick={onClose}>
            Done
          </button>
        </p>
      )}
    </Dialog>
  );
}

function isPending(by: Entry | Run, entries: readonly Entry[]): boolean {
  if (by instanceof Run) return by.isUnderWay();
  return entries.some(({ signature, outcome }) => signature === by.signature && outcome === undefined);
}

/** That it is not known how a transaction ended, and what that means. */
export function UnknownNotice() {
  return (
    <Notice tone="warn">
      <p>
        <strong>Sent, but its outcome is not known yet.</strong>
      </p>
      <p>
        It may have been executed, or may still be. The page keeps asking, also after this is closed or the page is
        loaded again, and does not offer the same again before it knows.
      </p>
    </Notice>
  );
}

function Blocked({ by }: { by: Entry | Run }) {
  return (
    <Notice tone="warn">
      <p>
        <strong>
          {by instanceof Run && by.state.name === 'signing'
            ? `“${by.action.title}” waits in your wallet. Sign or decline it there first.`
            : 'A transaction for the same was sent, and may still be executed.'}
        </strong>
      </p>
      <p>This continues automatically once that one has ended.</p>
      {!(by instanceof Run) && <Transactions entries={[by]} />}
    </Notice>
  );
}

function Done({ run, request }: { run: Run; request: ActionRequest }) {
  const failures = run.state.name === 'done' ? run.state.failures : [];
  if (failures.length === 0) {
    return (
      <Notice tone="good">
        <p>
          <strong>{request.done}</strong>
        </p>
      </Notice>
    );
  }
  return (
    <Notice tone="bad">
      <p>
        <strong>{executedText(run)}. Not done:</strong>
      </p>
      <ul className="mistakes">
        {failures.map(({ name, fault }, place) => (
          <li key={place}>
            {name}: {fault.message}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Summary({ request, prepared, run }: { request: ActionRequest; prepared: readonly Prepared[]; run: Run }) {
  const { wallet } = useWallet().connection ?? {};
  const shown = prepared.reduce((sum, { fee }) => sum + fee, 0n);
  const later = request.later ?? 0;
  // Transactions that are built later are like those that were built already.
  const fees = prepared.length === 0 ? 0n : shown + (shown * BigInt(later)) / BigInt(prepared.length);
  const costs: Fact[] = [
    ['Network fee', <Sol key="fee" lamports={fees} />],
    ...(request.rent ? [['Rent deposit', <Sol key="rent" lamports={request.rent} />] as const] : []),
    ['Signed and paid by', `${short(run.signer)}${wallet === undefined ? '' : ` (${wallet.name})`}`],
  ];
  const simulated = request.inOrder ? prepared.slice(0, 1) : prepared;
  const units = simulated.reduce((sum, each) => sum + each.units, 0);
  const unsimulated = prepared.length - simulated.length + later;
  return (
    <>
      <Facts facts={request.lines} />
      {request.left !== undefined && request.left.length > 0 && (
        <Notice tone="warn">
          <strong>Left out</strong>
          <Facts facts={request.left} />
        </Notice>
      )}
      <h3>Costs</h3>
      <Facts facts={costs} />
      {request.rent !== undefined && request.rent > 0n && (
        <p className="hint">The deposit is returned to its payer when the account is closed.</p>
      )}
      <details>
        <summary>Simulated: {plural(simulated.length, 'transaction')} would succeed</summary>
        <p className="hint">
          Version {prepared[0]?.version ?? 0}, {units.toLocaleString('en')} compute units at most.{' '}
          {unsimulated > 0 &&
            `${plural(unsimulated, 'more transaction')} in this order, each checked when its turn comes.`}
        </p>
        <pre>{prepared.flatMap(({ logs }) => logs).join('\n')}</pre>
      </details>
    </>
  );
}

/** Transactions with how they stand, and where they can be looked at. */
export function Transactions({ entries }: { entries: readonly Entry[] }) {
  const { cluster } = useApp();
  return (
    <ul className="plain">
      {entries.map((entry) => {
        const url = explorerUrl(cluster, 'tx', entry.signature);
        return (
          <li key={entry.signature}>
            <span className="muted">Transaction </span>
            {url === undefined ? (
              <code>{short(entry.signature)}</code>
            ) : (
              <a href={url} target="_blank" rel="noreferrer">
                {short(entry.signature)} <Icon name="out" />
              </a>
            )}{' '}
            <Standing entry={entry} />
            {entry.outcome === undefined && entry.refused !== undefined && (
              <span className="hint"> The endpoint refused it: {entry.refused} Another one may still accept it.</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** How a transaction stands, in a word. */
export function Standing({ entry: { outcome, unknown } }: { entry: Entry }) {
  if (outcome === undefined) return <span className="tag">{unknown ? 'outcome unknown' : 'sent'}</span>;
  if (outcome.what === 'executed') return <span className="tag good">executed</span>;
  return <span className="tag bad">{outcome.what === 'failed' ? 'failed' : 'not executed'}</span>;
}
