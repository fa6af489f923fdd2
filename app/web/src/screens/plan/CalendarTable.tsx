import { type PeriodTimes, schedule } from '../../domain/terms';
import type { PlanData } from '../../model/planData';
import { Paged, TableFrame } from '../../ui/Paged';
import { Time } from '../../ui/Time';

/** The periods with their deadlines, and what is due. */
export function CalendarTable({ data, now }: { data: PlanData; now: bigint }) {
  const { plan } = data;
  const periods = schedule(plan);
  return (
    <section className="card">
      <h2>Calendar</h2>
      <Paged items={periods} what="periods">
        {(shown) => (
          <TableFrame label="Calendar">
            <thead>
              <tr>
                <th scope="col">Period</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">Votes until</th>
                <th scope="col">Settles by</th>
                <th scope="col" className="number">
                  Unsettled grants
                </th>
                <th scope="col">Due</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((times) => (
                <tr key={times.period} className={times.start <= now && now < times.end ? 'current' : undefined}>
                  <th scope="row">{times.period}</th>
                  <td>
                    <Time at={times.start} date />
                  </td>
                  <td>
                    <Time at={times.end} date />
                  </td>
                  <td>
                    <Time at={times.attestDeadline} date />
                  </td>
                  <td>
                    <Time at={times.settleDeadline} date />
                  </td>
                  <td className="number">{plan.account.unsettledGrants[times.period]}</td>
                  <td>{dueText(data, times, now)}</td>
                </tr>
              ))}
            </tbody>
          </TableFrame>
        )}
      </Paged>
    </section>
  );
}

function dueText({ plan }: PlanData, times: PeriodTimes, now: bigint): string {
  const unsettled = plan.account.unsettledGrants[times.period] ?? 0;
  if (now < times.start) return 'to come';
  if (now < times.end) return 'running';
  if (unsettled === 0) return 'settled';
  if (now < times.attestDeadline) return 'votes of the oracles';
  if (now < times.settleDeadline) return 'disputes and rulings, then settling';
  return 'settling';
}
