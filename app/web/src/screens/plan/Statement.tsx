import { useState } from 'react';
import { type Fault, asFault } from '../../chain/fault';
import { readHistory, shortfallText } from '../../chain/history';
import { hostOf } from '../../chain/transport';
import { useApp } from '../../context/app';
import type { PlanData } from '../../model/planData';
import { statement } from '../../model/statement';
import { plural } from '../../text/count';
import { FaultNotice, Notice } from '../../ui/Notice';
import { save } from '../../ui/save';

type Progress = { read: number; of: number };

/** The statement as a file: every grant and period with values, scores, evidence and amounts. */
export function Statement({ data, now }: { data: PlanData; now: bigint }) {
  const { chain, cluster } = useApp();
  const [progress, setProgress] = useState<Progress>();
  const [fault, setFault] = useState<Fault>();
  const [short, setShort] = useState<readonly string[]>([]);
  const [whole, setWhole] = useState(true);

  async function download() {
    setFault(undefined);
    setShort([]);
    setProgress({ read: 0, of: 0 });
    try {
      const { address, account } = data.plan;
      const subject = { plan: address, counted: account.eventSequence };
      const history = await readHistory(chain, subject, (read, of) => setProgress({ read, of }));
      setShort(shortfallText(history, hostOf(cluster.rpcUrl)));
      const isWhole = history.gaps.length === 0 && history.contradictions.length === 0;
      setWhole(isWhole);
      // The file travels without this page: its name says it too.
      save(`plan-${address}${isWhole ? '' : '-incomplete'}.csv`, statement(data, history.events, now));
    } catch (error) {
      setFault(asFault(error));
    }
    setProgress(undefined);
  }

  return (
    <section className="card">
      <h2>Statement</h2>
      <p>
        Every grant and period with values, scores, who attested them, evidence, earned and bonus, for a spreadsheet.
      </p>
      <p className="actions">
        <button type="button" className="button" disabled={progress !== undefined} onClick={() => void download()}>
          Download CSV
        </button>
        {progress !== undefined && (
          <span role="status" className="muted">
            Read {progress.read} of {plural(progress.of, 'transaction')}…
          </span>
        )}
      </p>
      {short.length > 0 && (
        <Notice tone="warn">
          <ul className="plain">
            {short.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          {!whole && (
            <p>
              Where an event is missing, so is what it said of values, settlements and payments. Download it again
              later, or choose an endpoint with full history at the top of the page.
            </p>
          )}
        </Notice>
      )}
      {fault !== undefined && <FaultNotice fault={fault} />}
    </section>
  );
}
