// The plan's statement: one line for each grant and period, from the events of the chain.
import type { Address } from '@solana/kit';
import type { PastEvent } from '../chain/history';
import type { Vote } from '../domain/evaluation';
import { type Grant, type Share, capOf, covers, isInUnits, shareOf, unitsOf } from '../domain/grant';
import { readingsFor, resultsOf } from '../domain/reading';
import { NO_KEY, isPrice, periodTimes } from '../domain/terms';
import { amountText, plainNumber } from '../text/amount';
import { csvLine } from '../text/csv';
import { hex } from '../text/hash';
import { visible } from '../text/hostile';
import { isoTime } from '../text/time';
import type { PlanData } from './planData';
import { asSettled, recordOf, recorded, settledKey, settlements } from './record';

/**
 * The statement as CSV at `now`. Amounts in tokens with all decimals, times in UTC, scores in basis points; where the plan
 * has a unit of account also what a share is worth in it, the price, and what the allocation cut off.
 */
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
  const unit = plan.unit === undefined ? undefined : visible(plan.unit.name);
  const lines = [
    csvLine([
      'grant',
      'beneficiary',
      'period',
      'period start',
      'period end',
      'state',
      ...(unit === undefined ? [] : [`value in ${unit}`, `price in ${unit}`, 'most by the allocation', 'cut off']),
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
        const observed = past === undefined ? reading.tally?.observed : past.observed;
        const votes = all.filter(({ counts }) => counts);
        const value = outcome.kind === 'value' ? plainNumber(outcome.value, kpi.decimals) : 'silent';
        const score = isPrice(kpi) ? '' : String(settled?.scores[kpi.number] ?? reading.score);
        const evidence = votes.map((vote) => hex(vote.evidence));
        if (observed === undefined) return [value, score, voters(votes), evidence.join(' ')];
        // What the feed said counts in the place of the votes.
        const said = `feed, published ${isoTime(observed.publishedAt)}`;
        return [value, score, [said, voters(votes)].join(' ').trim(), [hex(observed.evidence), ...evidence].join(' ')];
      });
      // As long as no price stands, a share in another unit is no amount of tokens.
      const standing = readings.filter(({ stands }) => stands);
      const price = settled?.price ?? resultsOf(plan, standing).price;
      const share = isInUnits(grant) && price === undefined ? undefined : shareOf(plan, grant, period, price);
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
          ...(plan.unit === undefined ? [] : inUnit(data, grant, period, share)),
          share === undefined ? '' : amount(settled?.tranche ?? share.tranche),
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

/** Value, price, the most by the allocation and what that cut off, of one period; empty for a grant in tokens. */
function inUnit({ plan, mint }: PlanData, grant: Grant, period: number, share: Share | undefined): string[] {
  const { unit, price: kpi } = plan;
  if (unit === undefined || kpi === undefined || !isInUnits(grant)) return ['', '', '', ''];
  const tokens = (value: bigint) => amountText(value, mint.decimals).replaceAll(',', '');
  const units = plainNumber(unitsOf(grant, period), unit.decimals);
  const cap = tokens(capOf(grant, period));
  if (share?.price === undefined) return [units, '', cap, ''];
  return [units, plainNumber(share.price, kpi.decimals), cap, share.isCut ? cutText(share, tokens) : tokens(0n)];
}

/** What a cap cut off is more than an amount can be where the price is next to nothing. */
function cutText({ cutOff }: Share, tokens: (value: bigint) => string): string {
  return cutOff === undefined ? 'more than can be counted' : tokens(cutOff);
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
