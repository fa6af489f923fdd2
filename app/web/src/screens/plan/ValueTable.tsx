import { useMemo } from 'react';
import { useHref } from '../../context/app';
import { readingAt } from '../../domain/reading';
import { type Kpi, isPrice } from '../../domain/terms';
import { type Value, valuesOf } from '../../model/due';
import type { PlanData } from '../../model/planData';
import { percent } from '../../text/amount';
import { Facts } from '../../ui/Facts';
import { HostileText } from '../../ui/HostileText';
import { Paged, TableFrame } from '../../ui/Paged';
import { Countdown } from '../../ui/Time';
import { observationFacts } from '../feed';
import { ValueText, Votes, defaultText } from '../Values';
import { STAGE } from '../words';

function isOfGrant({ grant }: Value, search: string): boolean {
  return String(grant?.account.index) === search || grant?.account.beneficiary.toLowerCase().includes(search) === true;
}

/** What counts where nobody reported. */
function silentText(kpi: Kpi): string {
  return isPrice(kpi) ? `silent: ${defaultText(kpi)}` : 'silent';
}

/** Every value that still has an account: its score, who reported it, and until when it can change. */
export function ValueTable({ data, now }: { data: PlanData; now: bigint }) {
  const { plan } = data;
  const href = useHref();
  const values = useMemo(() => valuesOf(data), [data]);
  return (
    <section className="card">
      <h2>Values</h2>
      {values.length === 0 && <p className="muted">No value was reported yet.</p>}
      {values.length > 0 && (
        <Paged items={values} what="values" matches={isOfGrant}>
          {(shown) => (
            <TableFrame label="Values">
              <thead>
                <tr>
                  <th scope="col">Period</th>
                  <th scope="col">KPI</th>
                  <th scope="col">About</th>
                  <th scope="col" className="number">
                    Value
                  </th>
                  <th scope="col" className="number">
                    Score
                  </th>
                  <th scope="col">State</th>
                  <th scope="col">Reported by</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(({ evaluation, kpi, period, grant }) => {
                  const reading = readingAt(plan, kpi, period, grant, evaluation, now);
                  return (
                    <tr key={`${evaluation.address}/${grant?.account.index ?? ''}`}>
                      <th scope="row">{period}</th>
                      <td>
                        <HostileText text={kpi.name} />
                      </td>
                      <td>
                        {grant === undefined ? (
                          'the plan'
                        ) : (
                          <a href={href({ name: 'grant', grant: grant.address })}>grant {grant.account.index}</a>
                        )}
                      </td>
                      <td className="number">
                        {!reading.stands ? (
                          '–'
                        ) : reading.outcome.kind === 'silent' ? (
                          silentText(kpi)
                        ) : (
                          <ValueText value={reading.outcome.value} kpi={kpi} />
                        )}
                      </td>
                      <td className="number">{reading.stands && !isPrice(kpi) ? percent(reading.score) : '–'}</td>
                      <td>
                        {STAGE[reading.stage]}
                        {reading.until !== undefined && (
                          <>
                            {' '}
                            until <Countdown at={reading.until} />
                          </>
                        )}
                      </td>
                      <td>
                        <Votes plan={plan} votes={reading.votes} kpi={kpi} />
                        {reading.tally?.observed !== undefined && (
                          <Facts facts={observationFacts(kpi, reading.tally.observed)} />
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </TableFrame>
          )}
        </Paged>
      )}
    </section>
  );
}
