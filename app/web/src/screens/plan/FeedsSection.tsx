import { evaluationKey, observationOf } from '../../domain/evaluation';
import { votingPeriods } from '../../model/due';
import type { PlanData } from '../../model/planData';
import { Facts } from '../../ui/Facts';
import { HostileText } from '../../ui/HostileText';
import { ObserveButton } from '../ObserveButton';
import { observationFacts } from '../feed';

/** KPIs that anyone can read from a feed now, and what was read so far. */
export function FeedsSection({ data, now, onDone }: { data: PlanData; now: bigint; onDone: () => void }) {
  const { plan, evaluations } = data;
  const fed = plan.kpis.filter(({ feed }) => feed !== undefined);
  const periods = fed.length === 0 ? [] : votingPeriods(data, now);
  if (periods.length === 0) return null;
  return (
    <section className="card">
      <h2>Read from feeds</h2>
      {fed.flatMap((kpi) =>
        periods.map((period) => {
          const evaluation = evaluations.get(evaluationKey(plan.address, kpi.number, period, undefined));
          const observation = evaluation && observationOf(evaluation);
          return (
            <article key={`${kpi.number}/${period}`}>
              <h3>
                <HostileText text={kpi.name} />, period {period}
              </h3>
              {observation === undefined ? (
                <p className="muted">No update of the feed was shown yet.</p>
              ) : (
                <Facts facts={observationFacts(kpi, observation)} />
              )}
              <div className="actions">
                <ObserveButton {...{ plan, kpi, period, evaluation, now, onDone }} />
              </div>
            </article>
          );
        }),
      )}
    </section>
  );
}
