import type { PlanData } from '../../model/planData';

/** What each section of the page needs. */
export type SectionProps = { data: PlanData; onDone: () => void };
export type TimedSectionProps = SectionProps & { now: bigint };
