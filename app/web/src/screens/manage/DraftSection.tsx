import { useState } from 'react';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { checkKpi } from '../../model/kpiCheck';
import { Notes } from '../../model/mistakes';
import { EMPTY_KPI, type KpiDraft } from '../../model/planDraft';
import { plural } from '../../text/count';
import { ActionButtons } from '../ActionButtons';
import { KpiEditor } from '../KpiEditor';
import type { SectionProps } from './section';

/** A draft whose creation was interrupted, or that is not finished: its KPIs, and its activation. */
export function DraftSection({ data, onDone }: SectionProps) {
  const [kpi, setKpi] = useState<KpiDraft>(EMPTY_KPI);
  const { plan } = data;
  const { authority } = plan.account;
  return (
    <>
      <section className="card form">
        <h2>Add a KPI</h2>
        <KpiEditor kpi={kpi} title={`KPI ${plan.kpis.length}`} onChange={setKpi} />
        <ActionButtons
          signer={authority}
          label="Review"
          action={{
            title: 'Add a KPI',
            keys: [`draft/${plan.address}`],
            onDone,
            async build({ payer: signer }) {
              const notes = new Notes();
              const terms = await checkKpi(kpi, 'KPI', notes);
              const [first] = notes.mistakes;
              if (terms === undefined)
                throw new Fault(
                  'input',
                  first === undefined ? 'The KPI has mistakes.' : `${first.field}: ${first.what}`,
                );
              return {
                verb: 'Add the KPI',
                lines: [['KPI', terms.name]],
                transactions: [[await instructions.addKpi(signer, plan.address, terms)]],
                done: 'The KPI is part of the draft.',
              };
            },
          }}
        />
      </section>
      <section className="card form">
        <h2>Activate</h2>
        <p>
          The draft has {plural(plan.kpis.length, 'KPI')}. Activation freezes all terms permanently; no grant can be
          made before.
        </p>
        <ActionButtons
          signer={authority}
          label="Review activation"
          disabled={plan.kpis.length === 0}
          action={{
            title: 'Activate the plan',
            keys: [`draft/${plan.address}`],
            onDone,
            build: async ({ payer: signer }) => ({
              verb: 'Activate',
              lines: [['Afterwards', 'the terms are frozen: nobody can change them']],
              transactions: [[await instructions.activatePlan(signer, plan.address, plan.account.mint)]],
              done: 'The plan is active.',
            }),
          }}
        />
      </section>
    </>
  );
}
