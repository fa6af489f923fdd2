import { useState } from 'react';
import { useApp } from '../../app/context';
import { type Fault, asFault } from '../../chain/fault';
import { readHistory } from '../../chain/history';
import { statement } from '../../model/statement';
import type { PlanData } from '../../state/planData';
import { FaultNotice, Notice } from '../../ui/Notice';

type Progress = { read: number; of: number };

/** The statement as a file: every grant and period with values, scores, evidence and amounts. */
export function Statement({ data, now }: { data: PlanData; now: bigint }) {
  const { chain } = useApp();
  const [progress, setProgress] = useState<Progress>();
  const [fault, setFault] = useState<Fault>();
  const [incomplete, setIncomplete] = useState(false);

  async function download() {
    setFault(undefined);
    setProgress({ read: 0, of: 0 });
    try {
      const { events, complete } = await readHistory(chain, data.plan.address, (read, of) => setProgress({ read, of }));
      setIncomplete(!complete);
      save(`plan-${data.plan.address}.csv`, statement(data, events, now));
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
            Read {progress.read} of {progress.of} transactions…
          </span>
        )}
      </p>
      {incomplete && (
        <Notice tone="warn">
          The endpoint no longer has all transactions of this plan: what some old periods earned is missing in the file.
          Use an endpoint with full history.
        </Notice>
      )}
      {fault !== undefined && <FaultNotice fault={fault} />}
    </section>
  );
}

/** Offers text as a file, made in the browser. */
function save(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
