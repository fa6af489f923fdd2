import type { Grant } from '../domain/grant';
import type { Plan } from '../domain/terms';
import { useLabel } from '../state/documents';
import { HostileText } from '../ui/HostileText';

/** What the plan's document calls a grant, once somebody loaded it. */
export function Label({ plan, grant }: { plan: Plan; grant: Grant }) {
  const label = useLabel(plan, grant.account);
  if (label === undefined) return null;
  return (
    <span className="muted" title="So the plan’s document says">
      {' '}
      “<HostileText text={label} />”
    </span>
  );
}
