import type { ReactNode } from 'react';
import { settled as settledBy } from '../domain/grant';
import { type Reading, readingsFor, resultsOf } from '../domain/reading';
import { periodTimes } from '../domain/terms';
import type { GrantData } from '../model/planData';
import { type Settled, asSettled } from '../model/record';
import { Amount } from '../ui/Amount';
import { Time } from '../ui/Time';
import { KpiReading } from './KpiReading';
import { ShareOfPeriod } from './ShareOfPeriod';

type Props = {
  data: GrantData;
  period: number;
  now: bigint;
  open: boolean;
  /** What was recorded when the period was settled, as far as it is known. */
  settled: Settled | undefined;
  mine: boolean;
  onDone: () => void;
};

/** One period of a grant: what it is worth, and each KPI with its curve and value. */
export function PeriodCard({ data, period, now, open, settled, mine, onDone }: Props) {
  const { plan, grant, evaluations } = data;
  const times = periodTimes(plan, period);
  const readings = readingsFor(plan, asSettled(grant, settled), period, evaluations, now);
  const isSettled = period < grant.account.nextPeriod;
  return (
    <details className="card period" open={open}>
      <summary>
        <h3>Period {period}</h3>
        <span className="muted">
          <Time at={times.start} date /> – <Time at={times.end} date />
        </span>
        <span className={`tag ${isSettled ? 'good' : ''}`}>{stateText(isSettled, readings, now, times)}</span>
        <Result data={data} period={period} readings={readings} settled={settled} now={now} />
      </summary>
      <ShareOfPeriod state={data} grant={grant} period={period} price={settled?.price ?? standingPrice(readings)} />
      <p className="muted">
        Settles at the latest on <Time at={times.settleDeadline} />.
      </p>
      {readings.map((reading) => (
        <KpiReading
          key={reading.kpi.number}
          data={data}
          reading={reading}
          recorded={settled}
          now={now}
          mine={mine}
          onDone={onDone}
        />
      ))}
    </details>
  );
}

/** The price that counts as things stand; undefined as long as none does. */
function standingPrice(readings: readonly Reading[]): bigint | undefined {
  return readings.find(({ price, stands }) => price !== undefined && stands)?.price;
}

function stateText(
  isSettled: boolean,
  readings: readonly Reading[],
  now: bigint,
  times: { start: bigint; end: bigint },
): string {
  if (isSettled) return 'settled';
  if (now < times.start) return 'to come';
  if (now < times.end) return 'running';
  if (readings.every(({ stage }) => stage === 'final')) return 'ready to settle';
  if (readings.some(({ stage }) => stage === 'ruling')) return 'disputed';
  return readings.some(({ stage }) => stage === 'voting') ? 'being attested' : 'can be disputed';
}

/** What the period earned, or would earn with the scores that stand. */
function Result({
  data,
  period,
  readings,
  settled,
  now,
}: Pick<Props, 'data' | 'period' | 'settled' | 'now'> & { readings: Reading[] }): ReactNode {
  const { plan, grant, mint } = data;
  if (settled !== undefined) {
    return (
      <span>
        earned <Amount value={settled.earned} decimals={mint.decimals} strong />
        {settled.bonus > 0n && (
          <>
            {' '}
            + bonus <Amount value={settled.bonus} decimals={mint.decimals} />
          </>
        )}
      </span>
    );
  }
  const stands = readings.length > 0 && readings.every((reading) => reading.stands);
  if (period !== grant.account.nextPeriod || !stands || now < periodTimes(plan, period).end) return null;
  const { settlement } = settledBy(plan, grant, resultsOf(plan, readings));
  return (
    <span>
      would earn <Amount value={settlement.earned} decimals={mint.decimals} strong />
    </span>
  );
}
