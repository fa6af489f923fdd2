import type { Plan } from '../domain/terms';
import { HostileText } from './HostileText';

/** What people call a plan: text that a stranger wrote. */
export function PlanName({ plan }: { plan: Pick<Plan, 'name'> }) {
  return <HostileText text={plan.name} />;
}
