import { useCallback, useEffect, useState } from 'react';
import type { Address, Signature } from '@solana/kit';
import { explorerUrl, walletChain } from '../chain/cluster';
import { type Fault, asFault } from '../chain/fault';
import { type Prepared, type Step, prepare, prepareLater, submit } from '../chain/transaction';
import { inParallel } from '../chain/batches';
import { plural } from '../text/time';
import { short } from '../text/hash';
import { Icon } from '../ui/Icon';
import { Sol } from '../ui/Amount';
import { Dialog } from '../ui/Dialog';
import { Facts, type Fact } from '../ui/Facts';
import { FaultNotice, Loading, Notice } from '../ui/Notice';
import { walletSigner } from '../wallet/signer';
import type { Action, ActionRequest } from './action';
import { useApp, useWallet } from './context';

type State =
  | { name: 'preparing' }
  | { name: 'review'; request: ActionRequest; prepared: readonly Prepared[] }
  | { name: 'running'; request: ActionRequest; step: Step }
  | { name: 'done'; request: ActionRequest }
  | { name: 'failed'; fault: Fault; request: ActionRequest | undefined };

const STEPS: Record<Step, string> = {
  signing: 'Confirm in your wallet…',
  sending: 'Sending…',
  confirming: 'Waiting for the chain to confirm…',
};

/** Simulations under way at once. */
const PARALLEL = 4;
/** Transactions that are signed at once: as many as can be confirmed one by one before a signature expires. */
const BATCH = 20;

/** Shows what an action does before the wallet opens, follows it, and shows how it ended. */
export function ActionDialog({ action, signer, onClose }: { action: Action; signer: Address; onClose: () => void }) {
  const { chain, network, wallets } = useApp();
  const [state, setState] = useState<State>({ name: 'preparing' });
  const [signatures, setSignatures] = useState<Signature[]>([]);

  /** What `request` has from transaction `first` on: of those in order only the next one can be simulated. */
  const prepareAll = useCallback(
    async ({ transactions, inOrder }: ActionRequest, first: number) => {
      const left = transactions.slice(first);
      if (!inOrder) return inParallel(left, PARALLEL, (instructions) => prepare(chain, signer, instructions));
      const [next = [], ...later] = left;
      return [await prepare(chain, signer, next), ...later.map((instructions) => prepareLater(signer, instructions))];
    },
    [chain, signer],
  );

  const work = useCallback(async (): Promise<State> => {
    let request: ActionRequest | undefined;
    try {
      request = await action.build(signer);
      return { name: 'review', request, prepared: await prepareAll(request, 0) };
    } catch (error) {
      return { name: 'failed', fault: asFault(error), request };
    }
  }, [action, prepareAll, signer]);

  useEffect(() => {
    let gone = false;
    void work().then((next) => gone || setState(next));
    return () => {
      gone = true;
    };
  }, [work]);

  function review() {
    setState({ name: 'preparing' });
    void work().then(setState);
  }

  async function run(request: ActionRequest, prepared: readonly Prepared[]) {
    const sign = walletSigner(() => wallets.get().connection, walletChain(network ?? 'local'));
    const onStep = (step: Step) => setState({ name: 'running', request, step });
    const onConfirmed = (signature: Signature) => setSignatures((all) => [...all, signature]);
    try {
      let left = prepared;
      for (let first = BATCH; ; first += BATCH) {
        await submit(chain, left.slice(0, BATCH), sign, onStep, onConfirmed);
        if (first >= request.transactions.length) break;
        left = await prepareAll(request, first);
      }
      setState({ name: 'done', request });
    } catch (error) {
      setState({ name: 'failed', fault: asFault(error), request });
    }
    action.onDone?.();
  }

  return (
    <Dialog title={action.title} onClose={onClose}>
      {state.name === 'preparing' && <Loading what="what this would do" />}
      {state.name === 'review' && (
        <>
          <Summary request={state.request} prepared={state.prepared} signer={signer} />
          <p className="actions">
            <button type="button" className="button primary" onClick={() => void run(state.request, state.prepared)}>
              {state.request.verb}
            </button>
            <button type="button" className="button" onClick={onClose}>
              Cancel
            </button>
          </p>
        </>
      )}
      {state.name === 'running' && (
        <p className="loading" role="status">
          {STEPS[state.step]}
          {state.request.transactions.length > 1 &&
            ` (${signatures.length} of ${state.request.transactions.length} confirmed)`}
        </p>
      )}
      {state.name === 'done' && (
        <Notice tone="good">
          <p>
            <strong>{state.request.done}</strong>
          </p>
        </Notice>
      )}
      {state.name === 'failed' && (
        <FaultNotice fault={state.fault}>
          <button type="button" className="button primary" onClick={review}>
            Back to the summary
          </button>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </FaultNotice>
      )}
      {signatures.length > 0 && <Confirmed signatures={signatures} />}
      {state.name === 'done' && (
        <p className="actions">
          <button type="button" className="button primary" onClick={onClose}>
            Done
          </button>
        </p>
      )}
    </Dialog>
  );
}

function Summary({
  request,
  prepared,
  signer,
}: {
  request: ActionRequest;
  prepared: readonly Prepared[];
  signer: Address;
}) {
  const { wallet } = useWallet().connection ?? {};
  const fees = prepared.reduce((sum, { fee }) => sum + fee, 0n);
  const costs: Fact[] = [
    ['Network fee', <Sol key="fee" lamports={fees} />],
    ...(request.rent ? [['Rent deposit', <Sol key="rent" lamports={request.rent} />] as const] : []),
    ['Signed and paid by', `${short(signer)}${wallet === undefined ? '' : ` (${wallet.name})`}`],
  ];
  const simulated = request.inOrder ? prepared.slice(0, 1) : prepared;
  const units = simulated.reduce((sum, each) => sum + each.units, 0);
  const later = prepared.length - simulated.length;
  return (
    <>
      <Facts facts={request.lines} />
      <h3>Costs</h3>
      <Facts facts={costs} />
      {request.rent !== undefined && request.rent > 0n && (
        <p className="hint">The deposit comes back to who paid it when the account is closed.</p>
      )}
      <details>
        <summary>Simulated: {plural(simulated.length, 'transaction')} would succeed</summary>
        <p className="hint">
          {units.toLocaleString('en')} compute units at most.{' '}
          {later > 0 && `${plural(later, 'more transaction')} in this order, each checked when its turn comes.`}
        </p>
        <pre>{prepared.flatMap(({ logs }) => logs).join('\n')}</pre>
      </details>
    </>
  );
}

function Confirmed({ signatures }: { signatures: readonly Signature[] }) {
  const { cluster } = useApp();
  return (
    <ul className="plain">
      {signatures.map((signature) => {
        const url = explorerUrl(cluster, 'tx', signature);
        return (
          <li key={signature}>
            <span className="muted">Transaction </span>
            {url === undefined ? (
              <code>{short(signature)}</code>
            ) : (
              <a href={url} target="_blank" rel="noreferrer">
                {short(signature)} <Icon name="out" />
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}
