// The plan's statement: one line for each grant and period, from the events of the chain.
import type { Address } from '@solana/kit';
import type { PastEvent } from '../chain/history';
import type { PlanData } from '../state/planData';
import { amountText, plainNumber } from '../text/amount';
import { csvLine } from '../text/csv';
import { hex } from '../text/hash';
import { visible } from '../text/hostile';
import { isoTime } from '../text/time';
import { covers, trancheOf } from './grant';
import { type Attestation, readingsFor } from './reading';
import { NO_KEY, periodTimes } from './terms';

type Line = { earned: bigint; bonus: bigint; scores: readonly number[]; tranche: bigint; settledAt: bigint };

/** The statement as CSV at `now`. Amounts in tokens with all decimals, times in UTC, scores in basis points. */
export function statement(data: PlanData, events: readonly PastEvent[], now: bigint): string {
  const { plan, mint } = data;
  const amount = (value: bigint) => amountText(value, mint.decimals).replaceAll(',', '');
  const settledLines = settlements(events);
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
      const readings = covers(grant, period) ? readingsFor(plan, grant, period, data.attestations, now) : [];
      const settled = settledLines.get(lineKey(grant.address, period));
      const kpis = plan.kpis.flatMap((kpi) => {
        const reading = readings.find((each) => each.kpi.number === kpi.number);
        if (reading === undefined) return ['', '', '', ''];
        const value = reading.outcome.kind === 'value' ? plainNumber(reading.outcome.value, kpi.decimals) : 'silent';
        const score = settled?.scores[kpi.number] ?? reading.score;
        return reading.stands || settled !== undefined
          ? [value, String(score), voters(reading.votes), reading.votes.map(({ evidence }) => hex(evidence)).join(' ')]
          : ['', '', '', ''];
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

function lineKey(grant: Address, period: number): string {
  return `${grant}/${period}`;
}

function voters(votes: readonly { oracle: Address }[]): string {
  return votes.map(({ oracle }) => (oracle === NO_KEY ? 'an earlier oracle' : oracle)).join(' ');
}

function settlements(events: readonly PastEvent[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const { event } of events) {
    if (event.name === 'GrantSettled') {
      const { earned, scores, tranche, time } = event;
      lines.set(lineKey(event.grant, event.period), { earned, scores, tranche, settledAt: time, bonus: 0n });
    }
    if (event.name === 'BonusCollected') {
      const line = lines.get(lineKey(event.grant, event.period));
      if (line !== undefined) line.bonus += event.bonus;
    }
  }
  return lines;
}

function claims(events: readonly PastEvent[]): Map<Address, bigint> {
  const paid = new Map<Address, bigint>();
  for (const { event } of events) {
    if (event.name === 'GrantClaimed') paid.set(event.grant, event.claimed);
  }
  return paid;
}

/** The attestations of a plan, newest period first, each with its KPI. */
export function attestationList(data: PlanData): Attestation[] {
  return [...data.attestations.values()].sort(
    (a, b) => b.account.period - a.account.period || a.account.kpi - b.account.kpi || (a.address < b.address ? -1 : 1),
  );
}
