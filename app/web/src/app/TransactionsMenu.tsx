import { useState } from 'react';
import type { Entry } from '../chain/outbox';
import { useApp, useOutbox } from '../context/app';
import { plural } from '../text/count';
import { localTime } from '../text/time';
import { Dialog } from '../ui/Dialog';
import { Notice } from '../ui/Notice';
import { Transactions } from './ActionDialog';
import { type Run, type Runs, executedText } from './runs';

/** What was sent from this browser, with how it ended: nothing is shown as long as nothing was. */
export function TransactionsMenu() {
  const [open, setOpen] = useState(false);
  const entries = useOutbox();
  const pending = entries.filter(({ outcome }) => outcome === undefined).length;
  if (entries.length === 0) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Transactions{pending > 0 && <span className="tag">{pending} open</span>}
      </button>
      {open && (
        <Dialog title="Transactions sent from this browser" onClose={() => setOpen(false)}>
          <ul className="plain sent">
            {entries.map((entry) => (
              <li key={entry.signature}>
                <strong>{entry.title}</strong>{' '}
                <span className="muted">{localTime(BigInt(Math.floor(entry.at / 1_000)))}</span>
                <Transactions entries={[entry]} />
                {entry.outcome !== undefined && entry.outcome.what !== 'executed' && entry.outcome.why !== '' && (
                  <p className="hint">{entry.outcome.why}</p>
                )}
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </>
  );
}

/** In the corner of the page: what goes on without a dialog, and how it ended, until the user has seen it. */
export function Outcomes({ runs }: { runs: Runs }) {
  const { outbox } = useApp();
  const hidden = runs.hidden();
  const owned = new Set([...hidden, runs.current()].flatMap((run) => run?.signatures ?? []));
  const loose = useOutbox().filter(({ signature, told }) => !told && !owned.has(signature));
  return (
    <aside className="outcomes" aria-label="What was sent" aria-live="polite">
      {hidden.map((run, index) => (
        <RunOutcome key={index} run={run} runs={runs} />
      ))}
      {loose.map((entry) => (
        <Notice key={entry.signature} tone={toneOf(entry)}>
          <p>
            <strong>{entry.title}</strong>: {wordsOf(entry)}
          </p>
          <Transactions entries={[entry]} />
          {entry.outcome !== undefined && (
            <p className="actions">
              <button type="button" className="button" onClick={() => outbox?.tell([entry.signature])}>
                Dismiss
              </button>
            </p>
          )}
        </Notice>
      ))}
    </aside>
  );
}

function toneOf({ outcome }: Entry) {
  if (outcome === undefined) return 'info';
  return outcome.what === 'executed' ? 'good' : 'bad';
}

function wordsOf({ outcome, unknown }: Entry): string {
  if (outcome === undefined) return unknown ? 'sent, its outcome is not known yet.' : 'sent, not confirmed yet.';
  if (outcome.what === 'executed') return 'executed.';
  if (outcome.what === 'failed') return outcome.why;
  return outcome.why === '' ? 'it was not executed, and can no longer be.' : `it was not executed: ${outcome.why}`;
}

function RunOutcome({ run, runs }: { run: Run; runs: Runs }) {
  const { state } = run;
  const entries = useOutbox().filter(({ signature }) => run.signatures.includes(signature));
  const ended = !run.isUnderWay();
  const good = state.name === 'done' && state.failures.length === 0;
  return (
    <Notice tone={!ended ? 'info' : good ? 'good' : 'bad'}>
      <p>
        <strong>{run.action.title}</strong>: {runWords(run)}
      </p>
      {entries.length > 0 && entries.length <= 3 && <Transactions entries={entries} />}
      {entries.length > 3 && <p>{plural(entries.length, 'transaction')} were sent.</p>}
      <p className="actions">
        <button type="button" className="button" onClick={() => runs.show(run)}>
          Show
        </button>
        {ended && (
          <button type="button" className="button" onClick={() => runs.dismiss(run)}>
            Dismiss
          </button>
        )}
      </p>
    </Notice>
  );
}

function runWords(run: Run): string {
  const { state, executed, total } = run;
  switch (state.name) {
    case 'signing':
      return 'waits in your wallet.';
    case 'sent':
      return total > 1 ? `sent, ${executed} of ${total} confirmed.` : 'sent, not confirmed yet.';
    case 'done':
      return state.failures.length === 0 ? state.request.done : `${executedText(run)}.`;
    case 'failed':
      return state.fault.message;
    case 'preparing':
    case 'blocked':
    case 'review':
      return '';
  }
}
