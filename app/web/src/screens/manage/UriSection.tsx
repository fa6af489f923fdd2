import { useState } from 'react';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { uriFault } from '../../model/document';
import { visible } from '../../text/hostile';
import { TextField } from '../../ui/Field';
import { HostileText } from '../../ui/HostileText';
import { ActionButtons } from '../ActionButtons';
import type { SectionProps } from './section';

/** Where the plan's documents are. */
export function UriSection({ data, onDone }: SectionProps) {
  const { plan } = data;
  const [uri, setUri] = useState(plan.uri);
  const why = uriFault(uri.trim());
  return (
    <section className="card form">
      <h2>Documents</h2>
      <p className="hint">
        Say where the rubrics and the evidence are: a plan document, or a folder with one (it ends with /). Now:{' '}
        {plan.uri === '' ? 'nowhere' : <HostileText text={plan.uri} />}.
      </p>
      <TextField
        label="Address of the plan’s documents"
        value={uri}
        onChange={setUri}
        error={why === undefined ? undefined : `This address cannot be used: ${why}.`}
        hint="like https://example.org/plan/; leave it empty to name none"
      />
      <ActionButtons
        signer={plan.account.authority}
        label="Review the address"
        disabled={why !== undefined || uri.trim() === plan.uri}
        action={{
          title: 'Name the documents',
          keys: [`uri/${plan.address}`],
          onDone,
          async build({ payer: signer }) {
            const said = uri.trim();
            const again = uriFault(said);
            if (again !== undefined) throw new Fault('input', `This address cannot be used: ${again}.`);
            return {
              verb: 'Name the documents',
              lines: [
                ['Until now', plan.uri === '' ? 'nowhere' : visible(plan.uri)],
                ['From now on', said === '' ? 'nowhere' : visible(said)],
              ],
              transactions: [[await instructions.setUri(signer, plan.address, said)]],
              done: 'The plan says where its documents are.',
            };
          },
        }}
      />
    </section>
  );
}
