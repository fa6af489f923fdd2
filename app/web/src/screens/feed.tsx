import { useEffect, useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { priceFeedAddress } from '../chain/addresses';
import type { RawAccount } from '../chain/chain';
import { Fault, asFault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { newSize } from '../chain/read';
import { type Fact, useAction } from '../context/action';
import { useApp, useWallet } from '../context/app';
import type { Quote } from '../core/feed';
import type { Evaluation, Observation } from '../domain/evaluation';
import { observationOf } from '../domain/evaluation';
import { type Seen, seen } from '../domain/priceUpdate';
import { type Feed, type Kpi, type Plan, periodTimes } from '../domain/terms';
import { Receiver } from '../generated/types/receiver';
import { chainTime } from '../state/clock';
import { percent, plainNumber } from '../text/amount';
import { hex, short } from '../text/hash';
import { visible } from '../text/hostile';
import { exactSpan } from '../text/time';
import { HashText } from '../ui/AddressText';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { TextField } from '../ui/Field';
import { Notice } from '../ui/Notice';
import { Countdown, Time } from '../ui/Time';
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
export function observationFacts(kpi: Kpi, { value, publishedAt, evidence }: Observation): Fact[] {
  return [
    [
      'Read from the feed',
      <span key="v">
        <ValueText value={value} kpi={kpi} />, published <Time at={publishedAt} />
      </span>,
    ],
    ['SHA-256 of its message', <HashText key="h" hash={hex(evidence)} what="hash of the feed’s message" />],
  ];
}

/** How certain an update is, in the decimals of the feed. */
function confidenceText({ confidence, exponent }: Quote, unit: string): string {
  return `± ${plainNumber(confidence, -exponent)} ${visible(unit)}`.trim();
}

type Props = { plan: Plan; kpi: Kpi; period: number; evaluation: Evaluation | undefined; onDone: () => void };

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
      {open && <ObserveDialog {...props} feed={kpi.feed} now={now} onClose={() => setOpen(false)} />}
    </>
  );
}

function ObserveDialog({
  plan,
  kpi,
  period,
  evaluation,
  feed,
  now,
  onDone,
  onClose,
}: Props & { feed: Feed; now: bigint; onClose: () => void }) {
  const { chain } = useApp();
  const { start } = useAction();
  const { connection } = useWallet();
  const [text, setText] = useState<string>();
  const standing = evaluation && observationOf(evaluation);
  const [found, setFound] = useState<{ address: string; account: RawAccount | undefined } | { why: string }>();
  const address = text?.trim() ?? '';

  useEffect(() => {
    let gone = false;
    void priceFeedAddress(feed).then((sponsored) => gone || setText((before) => before ?? sponsored));
    return () => {
      gone = true;
    };
  }, [feed]);
  useEffect(() => {
    if (!isAddress(address)) return undefined;
    let gone = false;
    void chain.accounts([address]).then(
      ([account]) => gone || setFound({ address, account }),
      (error: unknown) => gone || setFound({ why: asFault(error).message }),
    );
    return () => {
      gone = true;
    };
  }, [chain, address]);

  const look = (account: RawAccount | undefined, at: bigint): Seen =>
    seen(plan, kpi, feed, period, account, standing, at);
  const shown: Seen | undefined =
    found === undefined
      ? undefined
      : 'why' in found
        ? found
        : found.address === address
          ? look(found.account, now)
          : undefined;

  function observe() {
    onClose();
    start({
      title: 'Read the feed',
      keys: [`observe/${plan.address}/${kpi.number}/${period}`],
      onDone,
      async build({ payer }) {
        const [[account], at] = await Promise.all([chain.accounts([address as Address]), chainTime(chain)]);
        const again = look(account, at);
        if ('why' in again) throw new Fault('input', again.why, 'Name another account with an update of the feed.');
        const { value, publishedAt } = again.observation;
        return {
          verb: 'Read the feed',
          lines: [
            ['KPI', visible(kpi.name)],
            ['Period', String(period)],
            ['Value now', <ValueText key="v" value={value} kpi={kpi} />],
            ['Published', <Time key="t" at={publishedAt} />],
            ['From the account', <code key="a">{short(address)}</code>],
          ],
          transactions: [[await instructions.observe(payer, plan, kpi, period, address as Address)]],
          rent: evaluation === undefined ? await chain.rent(newSize(plan, period, undefined)) : 0n,
          done: 'The feed was read. The value counts when voting ends, unless an earlier update is shown.',
        };
      },
    });
  }

  return (
    <Dialog title="Read the feed" onClose={onClose}>
      <p>
        The first update that the feed published after the end of the period counts, whoever shows it, and in the place
        of the oracles’ votes. It can be shown until <Countdown at={periodTimes(plan, period).attestDeadline} />.
      </p>
      {standing !== undefined && <Facts facts={observationFacts(kpi, standing)} />}
      <TextField
        label="Account with the update"
        value={text ?? ''}
        onChange={setText}
        error={address === '' || isAddress(address) ? undefined : 'This is not an address.'}
        hint="At first the one where a sponsor publishes this feed. Its next update replaces the last: for an earlier one, post it to an account of your own."
      />
      <Look kpi={kpi} shown={shown} />
      <p className="actions">
        <button
          type="button"
          className="button primary"
          disabled={connection === undefined || shown === undefined || 'why' in shown}
          onClick={observe}
        >
          Review
        </button>
        {connection === undefined && <span className="muted">Connect a wallet: it pays the network’s fee.</span>}
      </p>
    </Dialog>
  );
}

function Look({ kpi, shown }: { kpi: Kpi; shown: Seen | undefined }) {
  if (shown === undefined) return null;
  if ('why' in shown) return <Notice tone="warn">{shown.why}</Notice>;
  const { quote, observation } = shown;
  return (
    <Facts
      facts={[
        ['It says', <ValueText key="v" value={observation.value} kpi={kpi} />],
        ['Give or take', confidenceText(quote, kpi.unit)],
        ['Published', <Time key="p" at={observation.publishedAt} />],
        ['The update before it', <Time key="b" at={observation.previousAt} />],
      ]}
    />
  );
}
