import type { Fact } from '../context/action';
import type { Observation } from '../domain/evaluation';
import type { Feed, Kpi } from '../domain/terms';
import { Receiver } from '../generated/types/receiver';
import { percent } from '../text/amount';
import { hex } from '../text/hash';
import { exactSpan } from '../text/time';
import { HashText } from '../ui/AddressText';
import { Time } from '../ui/Time';
import { ValueText } from './Values';

const RECEIVER: Record<Receiver, string> = { [Receiver.Pyth]: 'Pyth', [Receiver.PythPro]: 'Pyth Pro' };

/** From which feed a KPI can be read, and which of its updates are accepted. */
export function feedFacts({ receiver, id, average, maxDelaySecs, maxConfidenceBps }: Feed): Fact[] {
  return [
    [
      'Can be read from',
      <span key="f">
        {RECEIVER[receiver]}, {average ? 'moving average' : 'spot price'}, feed{' '}
        <HashText hash={hex(id)} what="identifier of the feed" />
      </span>,
    ],
    [
      'Updates that count',
      `published within ${exactSpan(maxDelaySecs)} after the period, certain to ${percent(maxConfidenceBps)}`,
    ],
  ];
}

/** The update of a feed that counts, or would if nothing better were shown. */
export function observationFacts(kpi: Kpi, { value, confidenceBps, publishedAt, evidence }: Observation): Fact[] {
  return [
    [
      'Read from the feed',
      <span key="v">
        <ValueText value={value} kpi={kpi} />, published <Time at={publishedAt} />
      </span>,
    ],
    ['Confidence', `± ${percent(confidenceBps)} of the price`],
    ['SHA-256 of its message', <HashText key="h" hash={hex(evidence)} what="hash of the feed’s message" />],
  ];
}
