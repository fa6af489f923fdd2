import { useMemo, useRef, useState } from 'react';
import type { Fault } from '../../chain/fault';
import { useApp, useOutbox } from '../../context/app';
import { lastPrice } from '../../domain/reading';
import { isPrice } from '../../domain/terms';
import { type Row, doubts, readGrantFile, wrongNow } from '../../model/grantFile';
import { NO_PROGRESS, type Progress, type Standing, isToMake, rowKey, standings } from '../../model/importing';
import { noun, plural, ranges } from '../../text/count';
import { visible } from '../../text/hostile';
import { AddressText } from '../../ui/AddressText';
import { Amount } from '../../ui/Amount';
import { CheckField } from '../../ui/Field';
import { HostileText } from '../../ui/HostileText';
import { Mistakes } from '../../ui/Mistakes';
import { Paged, TableFrame } from '../../ui/Paged';
import { ActionButtons } from '../ActionButtons';
import { UnitText } from '../Values';
import { Doubts } from './Doubts';
import { grantRequest } from './grantRequest';
import type { TimedSectionProps } from './section';

/** Many grants from a file. */
export function ImportSection({ data, now, onDone }: TimedSectionProps) {
  const { chain } = useApp();
  const { plan, mint } = data;
  const [text, setText] = useState<string>();
  const [offCurve, setOffCurve] = useState(false);
  const [severalEach, setSeveralEach] = useState(false);
  const [progress, setProgress] = useState(NO_PROGRESS);
  // An action that goes on asks for what is true then, not for what was when it began.
  const latest = useRef(progress);
  const change = (next: (before: Progress) => Progress) => {
    latest.current = next(latest.current);
    setProgress(latest.current);
  };
  const read = useMemo(
    () => (text === undefined ? undefined : readGrantFile(text, plan, mint.decimals, { offCurve, severalEach })),
    [text, plan, mint.decimals, offCurve, severalEach],
  );
  const pending = new Set(useOutbox().flatMap(({ outcome, keys }) => (outcome === undefined ? keys : [])));
  const rows = read?.rows ?? [];
  const all = standings(data.grants.values(), rows, progress, severalEach, ({ terms }) =>
    pending.has(rowKey(plan.address, terms)),
  );
  const left = rows.filter((_, index) => isToMake(all[index] ?? { state: 'new' }));
  const mistakes = read === undefined ? [] : read.mistakes.length > 0 ? read.mistakes : wrongNow(data, left, now);
  const example = [
    'beneficiary',
    'allocation',
    ...(plan.price === undefined ? [] : ['value']),
    'first_period',
    'periods',
    'cliff',
    'time_weight',
    ...plan.kpis.filter((kpi) => !isPrice(kpi)).map((kpi) => `weight:${visible(kpi.name)}`),
    'revocable',
    'transferable',
  ];

  const today = lastPrice(plan, data.evaluations, now);
  // What is doubtful of several rows is said once, with their lines.
  const doubtful = new Map<string, number[]>();
  for (const { line, terms } of left) {
    for (const doubt of doubts(plan, terms, today)) doubtful.set(doubt, [...(doubtful.get(doubt) ?? []), line]);
  }
  const warnings = [...doubtful].map(([doubt, lines]) => `${noun(lines.length, 'Line')} ${ranges(lines)}: ${doubt}`);

  function onEnd(ended: readonly Row[], fault: Fault | undefined) {
    const lines = ended.map(({ line }) => line);
    change(({ again, made, failed }) =>
      fault === undefined
        ? {
            again: new Set([...again].filter((line) => !lines.includes(line))),
            made: new Set([...made, ...lines]),
            failed: new Map([...failed].filter(([line]) => !lines.includes(line))),
          }
        : { again, made, failed: new Map([...failed, ...lines.map((line) => [line, fault.message] as const)]) },
    );
  }

  return (
    <section className="card form">
      <h2>Grants from a file</h2>
      <p>
        CSV with the columns <code>{example.join(',')}</code>. Rows whose beneficiary already has a grant are left out,
        so that an interrupted import continues with the same file.
        {plan.unit !== undefined && (
          <>
            {' '}
            <code>value</code> is in <HostileText text={plan.unit.name} />, and may be empty for a grant in tokens.
          </>
        )}
      </p>
      <input
        type="file"
        accept=".csv,text/csv"
        aria-label="File of grants"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file === undefined) return;
          void file.text().then((content) => {
            change(() => NO_PROGRESS);
            setText(content);
          });
        }}
      />
      <CheckField
        label="Accept beneficiaries that only a program can sign for, such as a multisig vault"
        checked={offCurve}
        onChange={setOffCurve}
      />
      <CheckField label="Accept several rows for a beneficiary" checked={severalEach} onChange={setSeveralEach} />
      <Mistakes mistakes={mistakes} title="The file cannot be used" />
      {rows.length > 0 && read?.mistakes.length === 0 && (
        <>
          <p role="status">{counted(all)}</p>
          <Doubts all={warnings} />
          <Paged items={rows.map((row, index) => ({ row, standing: all[index] ?? { state: 'new' } }))} what="rows">
            {(shown) => (
              <TableFrame label="Rows of the file">
                <thead>
                  <tr>
                    <th>Line</th>
                    <th>Beneficiary</th>
                    {plan.unit !== undefined && <th className="number">Value</th>}
                    <th className="number">Allocation</th>
                    <th>State</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map(({ row: { line, name, terms }, standing }) => (
                    <tr key={line}>
                      <td>{line}</td>
                      <td>
                        {name !== '' && `${visible(name)} `}
                        <AddressText address={terms.beneficiary} />
                      </td>
                      {plan.unit !== undefined && (
                        <td className="number">
                          {terms.unitAllocation === 0n ? (
                            '–'
                          ) : (
                            <UnitText value={terms.unitAllocation} unit={plan.unit} />
                          )}
                        </td>
                      )}
                      <td className="number">
                        <Amount value={terms.allocation} decimals={mint.decimals} />
                      </td>
                      <td>
                        <StandingText
                          standing={standing}
                          line={line}
                          again={progress.again.has(line)}
                          onAgain={(on) =>
                            change((before) => {
                              const again = new Set(before.again);
                              if (on) again.add(line);
                              else again.delete(line);
                              return { ...before, again };
                            })
                          }
                        />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </TableFrame>
            )}
          </Paged>
        </>
      )}
      <ActionButtons
        signer={plan.account.authority}
        label={left.length === rows.length ? 'Review' : `Review the ${plural(left.length, 'row')} left`}
        disabled={read === undefined || mistakes.length > 0 || left.length === 0}
        action={{
          title: 'Make grants from a file',
          keys: [`grants/${plan.address}`],
          onDone,
          build: (envelope, whole) => {
            const toMake = (grants: Parameters<typeof standings>[0]) => {
              const current = standings(grants, rows, latest.current, severalEach);
              return rows.filter((_, index) => isToMake(current[index] ?? { state: 'new' }));
            };
            return grantRequest(chain, plan.address, { toMake, onEnd }, envelope, whole);
          },
        }}
      />
    </section>
  );
}

/** How many rows stand how: `33 new, 105 exist`. */
function counted(all: readonly Standing[]): string {
  const count = (state: Standing['state']) => all.filter((each) => each.state === state).length;
  const parts = [
    [count('new'), 'new'],
    [count('exists'), 'with a grant already'],
    [count('made'), 'made'],
    [count('sent'), 'sent'],
    [count('failed'), 'failed'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, words]) => `${number} ${words}`);
  return `${plural(all.length, 'row')}: ${told.join(', ')}.`;
}

function StandingText({
  standing,
  line,
  again,
  onAgain,
}: {
  standing: Standing;
  line: number;
  again: boolean;
  onAgain: (on: boolean) => void;
}) {
  const choice = <CheckField label={`Make line ${line} anyway`} checked={again} onChange={onAgain} />;
  switch (standing.state) {
    case 'new':
      return (
        <>
          <span className="tag">new</span>
          {again && choice}
        </>
      );
    case 'exists':
      return (
        <>
          <span className="tag">exists</span> grant {standing.grant}
          {!standing.same && ', with other terms'}
          {choice}
        </>
      );
    case 'made':
      return <span className="tag good">made</span>;
    case 'sent':
      return <span className="tag">sent</span>;
    case 'failed':
      return (
        <>
          <span className="tag bad">failed</span> {standing.why}
        </>
      );
  }
}
