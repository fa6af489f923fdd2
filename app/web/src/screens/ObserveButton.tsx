import { Suspense, useState } from 'react';
import type { Evaluation } from '../domain/evaluation';
import { type Kpi, type Plan, periodTimes } from '../domain/terms';
import { Loading } from '../ui/Notice';
import { lazyScreen } from '../ui/lazyScreen';

const ObserveDialog = lazyScreen('ObserveDialog', () => import('./ObserveDialog'));

type Props = {
  plan: Plan;
  kpi: Kpi;
  period: number;
  evaluation: Evaluation | undefined;
  onDone: () => void;
};

/** The way for anyone to read a KPI from its feed, while votes on the period are accepted. */
export function ObserveButton({ now, ...props }: Props & { now: bigint }) {
  const [open, setOpen] = useState(false);
  const { plan, kpi, period } = props;
  const { end, attestDeadline } = periodTimes(plan, period);
  const isOpen = end <= now && now < attestDeadline && (plan.account.unsettledGrants[period] ?? 0) > 0;
  if (kpi.feed === undefined || !isOpen) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Read the feed
      </button>
      {open && (
        <Suspense fallback={<Loading what="the feed" />}>
          <ObserveDialog {...props} feed={kpi.feed} now={now} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
