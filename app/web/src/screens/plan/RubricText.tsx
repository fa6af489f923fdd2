import type { Kpi, Plan } from '../../domain/terms';
import { useLoaded } from '../../state/documents';
import { HostileLines } from '../../ui/HostileLines';

/** The text of a KPI's rubric, with whether it has the hash on the chain; nothing as long as it was not loaded. */
export function RubricText({ plan, kpi }: { plan: Plan; kpi: Kpi }) {
  const rubric = useLoaded(plan)?.rubrics.get(kpi.number);
  if (rubric === undefined) return null;
  return (
    <details className="rubric">
      <summary>
        Rubric{' '}
        {rubric.matches ? (
          <span className="tag good">matches the hash on chain</span>
        ) : (
          <span className="tag bad">does not match the hash on chain</span>
        )}
      </summary>
      {!rubric.matches && <p>This is not the text that the plan was made with: it says nothing about what counts.</p>}
      {rubric.text === undefined ? (
        <p className="muted">It is a file that is no text, with the SHA-256 {rubric.sha256}.</p>
      ) : (
        <HostileLines text={rubric.text} />
      )}
    </details>
  );
}
