// The plan's statement: one line for each grant and period, from the events of the chain.
import type { Address } from '@solana/kit';
import type { PastEvent } from '../chain/history';
import type { Vote } from '../domain/evaluation';
import { covers, trancheOf } from '../domain/grant';
import { readingsFor } from '../domain/reading';
import { NO_KEY, periodTimes } from '../domain/terms';
import { amountText, plainNumber } from '../text/amount';
import { csvLine } from '../text/csv';
import { hex } from '../text/hash';
import { visible } from '../text/hostile';
import { isoTime } from '../text/time';
import type { PlanData } from './planData';
import { asSettled, recordOf, recorded, settledKey, settlements } from './record';

/** The statement as CSV at `now`. Amounts in tokens with all decimals, times in UTC, scores in basis points. */
export function statement(data: PlanData, events: readonly PastEvent[], now: bigint): string {
  const { plan, mint } = data;
  const amount = (value: bigint) => amountText(value, mint.decimals).replaceAll(',', '');
  const settledLines = settlements(events);
  const record = recordOf(events);
  const paid = claims(events);
  const kpiColumns = plan.kpis.flatMap((kpi) => {
    const name = visible(kpi.name);
    return [`${name} value`, `${name} score`, `${name} attested by`, `${name} evidence`];
  });
  const lines = [
    csvLine([
      'grant',
      'beneficiary',
      'period',
      'period start',
      'period end',
      'state',
      'tranche',
      ...kpiColumns,
      'earned',
      'bonus',
      'settled at',
      'claimed by the grant in total',
    ]),
  ];
  for (const grant of data.grants.values()) {
    for (let period = grant.account.firstPeriod; period < grant.account.endPeriod; period += 1) {
      const times = periodTimes(plan, period);
      const settled = settledLines.get(settledKey(grant.address, period));
      const then = asSettled(grant, settled);
      const readings = covers(grant, period) ? readingsFor(plan, then, period, data.evaluations, now) : [];
      const kpis = plan.kpis.flatMap((kpi) => {
        const reading = readings.find((each) => each.kpi.number === kpi.number);
        if (reading === undefined) return ['', '', '', ''];
        if (!reading.stands && settled === undefined) return ['', '', '', ''];
        // Of an attestation or page that was closed only the events are left.
        const past = reading.evaluation === undefined ? recorded(plan, record, kpi, period, then) : undefined;
        const { votes: all, outcome } = past ?? reading;
        const votes = all.filter(({ counts }) => counts);
        const value = outcome.kind === 'value' ? plainNumber(outcome.value, kpi.decimals) : 'silent';
        const score = settled?.scores[kpi.number] ?? reading.score;
        return [value, String(score), voters(votes), votes.map(({ evidence }) => hex(evidence)).join(' ')];
      });
      lines.push(
        csvLine([
          String(grant.account.index),
          grant.account.beneficiary,
          String(period),
          isoTime(times.start),
          isoTime(times.end),
          settled !== undefined || period < grant.account.nextPeriod
            ? 'settled'
            : now < times.end
              ? 'running or to come'
              : 'ended',
          amount(settled?.tranche ?? trancheOf(grant, period)),
          ...kpis,
          settled === undefined ? '' : amount(settled.earned),
          settled === undefined ? '' : amount(settled.bonus),
          settled === undefined ? '' : isoTime(settled.settledAt),
          amount(paid.get(grant.address) ?? grant.account.claimed),
        ]),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function voters(votes: readonly Vote[]): string {
  return votes.map(({ oracle }) => (oracle === NO_KEY ? 'an earlier oracle' : oracle)).join(' ');
}

function claims(events: readonly PastEvent[]): Map<Address, bigint> {
  const paid = new Map<Address, bigint>();
  for (const { event } of events) {
    if (event.name === 'GrantClaimed') paid.set(event.grant, event.claimed);
  }
  return paid;
}
