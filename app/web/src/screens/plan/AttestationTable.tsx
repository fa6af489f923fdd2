import { readingAt } from '../../domain/reading';
import type { PlanData } from '../../model/planData';
import { attestationList } from '../../model/statement';
import { percent } from '../../text/amount';
import { AddressText } from '../../ui/AddressText';
import { HostileText } from '../../ui/HostileText';
import { Paged, TableFrame } from '../../ui/Paged';
import { Countdown } from '../../ui/Time';
import { ValueText, Votes } from '../Values';
import { STAGE } from '../words';

/** Every attestation that still has an account: values, scores, who reported them, and until when they can change. */
export function AttestationTable({ data, now }: { data: PlanData; now: bigint }) {
  const { plan } = data;
  const attestations = attestationList(data);
  return (
    <section className="card">
      <h2>Attestations</h2>
      {attestations.length === 0 && <p className="muted">No value was reported yet.</p>}
      {attestations.length > 0 && (
        <Paged items={attestations} what="attestations">
          {(shown) => (
            <TableFrame label="Attestations">
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
                {shown.map((attestation) => {
                  const { account } = attestation;
                  const kpi = plan.kpis[account.kpi];
                  if (kpi === undefined) return null;
                  const reading = readingAt(plan, kpi, account.period, account.subject, attestation, now);
                  const grant = data.grants.get(account.subject);
                  return (
                    <tr key={attestation.address}>
                      <th scope="row">{account.period}</th>
                      <td>
                        <HostileText text={kpi.name} />
                      </td>
                      <td>
                        {account.subject === plan.address ? (
                          'the plan'
                        ) : grant === undefined ? (
                          <AddressText address={account.subject} />
                        ) : (
                          `grant ${grant.account.index}`
                        )}
                      </td>
                      <td className="number">
                        {!reading.stands ? (
                          '–'
                        ) : reading.outcome.kind === 'silent' ? (
                          'silent'
                        ) : (
                          <ValueText value={reading.outcome.value} kpi={kpi} />
                        )}
                      </td>
                      <td className="number">{reading.stands ? percent(reading.score) : '–'}</td>
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
                        <Votes votes={reading.votes} kpi={kpi} />
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
