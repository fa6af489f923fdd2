import type { PlanState } from '../chain/read';
import type { Fact } from '../context/action';
import { type Grant, type Share, capOf, isInUnits, shareOf, unitsOf } from '../domain/grant';
import type { Plan } from '../domain/terms';
import { lowestPrice } from '../core/unit';
import { percent } from '../text/amount';
import { Amount } from '../ui/Amount';
import { Facts } from '../ui/Facts';
import { PriceText, UnitText } from './Values';

type Props = { state: Pick<PlanState, 'plan' | 'mint'>; grant: Grant; period: number; price: bigint | undefined };

/** What a grant's share of a period is: of a grant in another unit the units, the price, and what the allocation cut off. */
export function ShareOfPeriod({ state: { plan, mint }, grant, period, price }: Props) {
  const { timeWeight } = grant.account;
  const served = timeWeight > 0 ? `, ${percent(timeWeight)} of it for time served` : '';
  const { unit, price: kpi } = plan;
  if (!isInUnits(grant) || unit === undefined || kpi === undefined) {
    return (
      <p className="muted">
        Share of the period (tranche) <Amount value={capOf(grant, period)} decimals={mint.decimals} />
        {served}.
      </p>
    );
  }
  const units = unitsOf(grant, period);
  const value: Fact = [
    'Share of the period',
    <span key="u">
      <UnitText value={units} unit={unit} />
      {served}
    </span>,
  ];
  if (price === undefined) {
    return (
      <Facts
        facts={[
          value,
          ['Price', 'not known yet'],
          ['At most, in tokens', <Amount key="c" value={capOf(grant, period)} decimals={mint.decimals} />],
          reach(plan, lowestPrice(capOf(grant, period), units, unit.exponent)),
        ]}
      />
    );
  }
  const share = shareOf(plan, grant, period, price);
  return (
    <Facts
      facts={[
        value,
        ['Price', <PriceText key="p" value={price} price={kpi} unit={unit} />],
        ['In tokens (tranche)', <Amount key="t" value={share.tranche} decimals={mint.decimals} strong />],
        ...(share.isCut ? [cutOff(share, mint.decimals)] : []),
        reach(plan, share.lowestPrice),
      ]}
    />
  );
}

function cutOff({ cutOff: amount }: Share, decimals: number): Fact {
  return [
    'Cut off by the allocation',
    <span key="c">
      <span className="tag bad">allocation reached</span>{' '}
      {amount === undefined ? 'more than can be counted' : <Amount value={amount} decimals={decimals} />} tokens, which
      are lost
    </span>,
  ];
}

/** Down to which price the allocation pays the units in full. */
function reach({ unit, price }: Plan, lowest: bigint | undefined): Fact {
  return [
    'The allocation is enough down to',
    lowest === undefined || unit === undefined || price === undefined ? (
      'no price: it is too small'
    ) : (
      <PriceText key="r" value={lowest} price={price} unit={unit} />
    ),
  ];
}

/** The lowest price at which the allocation pays every period in full; undefined for none, or for a grant in tokens. */
export function reachOf({ unit }: Plan, grant: Grant): bigint | undefined {
  if (unit === undefined || !isInUnits(grant)) return undefined;
  let highest: bigint | undefined = 0n;
  for (let period = grant.account.firstPeriod; period < grant.account.endPeriod; period += 1) {
    const lowest = lowestPrice(capOf(grant, period), unitsOf(grant, period), unit.exponent);
    if (lowest === undefined) return undefined;
    if (lowest > highest) highest = lowest;
  }
  return highest;
}
