import { useMemo, useState } from 'react';
import { useApp } from '../../app/context';
import { readGrantFile, wrongNow } from '../../model/grantFile';
import { visible } from '../../text/hostile';
import { plural } from '../../text/time';
import { CheckField } from '../../ui/Field';
import { Mistakes } from '../../ui/Mistakes';
import { ActionButtons } from '../ActionButtons';
import { grantRequest } from './grantRequest';
import type { TimedSectionProps } from './section';

/** Many grants from a file. */
export function ImportSection({ data, now, onDone }: TimedSectionProps) {
  const { chain } = useApp();
  const { plan, mint } = data;
  const [text, setText] = useState<string>();
  const [offCurve, setOffCurve] = useState(false);
  const [severalEach, setSeveralEach] = useState(false);
  const read = useMemo(
    () => (text === undefined ? undefined : readGrantFile(text, plan, mint.decimals, { offCurve, severalEach })),
    [text, plan, mint.decimals, offCurve, severalEach],
  );
  const mistakes = read === undefined ? [] : read.mistakes.length > 0 ? read.mistakes : wrongNow(data, read.rows, now);
  const example = [
    'beneficiary',
    'allocation',
    'first_period',
    'periods',
    'cliff',
    'time_weight',
    ...plan.kpis.map((kpi) => `weight:${visible(kpi.name)}`),
    'revocable',
    'transferable',
  ];
  return (
    <section className="card form">
      <h2>Grants from a file</h2>
      <p>
        CSV with the columns <code>{example.join(',')}</code>. For thousands of rows the command line is made:{' '}
        <code>earnout grant import</code> goes on where it was interrupted.
      </p>
      <input
        type="file"
        accept=".csv,text/csv"
        aria-label="File of grants"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined) void file.text().then(setText);
        }}
      />
      <CheckField
        label="Accept beneficiaries that only a program can sign for, such as a multisig vault"
        checked={offCurve}
        onChange={setOffCurve}
      />
      <CheckField label="Accept several grants for a beneficiary" checked={severalEach} onChange={setSeveralEach} />
      <Mistakes mistakes={mistakes} title="The file cannot be used" />
      {read !== undefined && mistakes.length === 0 && <p>{plural(read.rows.length, 'grant')} can be made.</p>}
      <ActionButtons
        signer={plan.account.authority}
        label="Review"
        disabled={read === undefined || mistakes.length > 0}
        action={{
          title: 'Make grants from a file',
          keys: [`grants/${plan.address}`],
          onDone,
          build: (signer) => grantRequest(chain, data, read?.rows ?? [], signer),
        }}
      />
    </section>
  );
}
