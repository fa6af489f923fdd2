import { useEffect, useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { priceFeedAddress } from '../chain/feeds';
import type { RawAccount } from '../chain/chain';
import { Fault, asFault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { newSize } from '../chain/read';
import { useAction } from '../context/action';
import { useApp, useWallet } from '../context/app';
import type { Quote } from '../core/feed';
import { type Evaluation, observationOf } from '../domain/evaluation';
import { type Seen, seen } from '../domain/priceUpdate';
import { type Feed, type Kpi, type Plan, periodTimes } from '../domain/terms';
import { chainTime } from '../state/clock';
import { plainNumber } from '../text/amount';
import { short } from '../text/hash';
import { visible } from '../text/hostile';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { TextField } from '../ui/Field';
import { Notice } from '../ui/Notice';
import { Countdown, Time } from '../ui/Time';
import { observationFacts } from './feed';
import { ValueText } from './Values';

/** How certain an update is, in the decimals of the feed. */
function confidenceText({ confidence, exponent }: Quote, unit: string): string {
  return `± ${plainNumber(confidence, -exponent)} ${visible(unit)}`.trim();
}

type Props = {
  plan: Plan;
  kpi: Kpi;
  feed: Feed;
  period: number;
  evaluation: Evaluation | undefined;
  now: bigint;
  onDone: () => void;
  onClose: () => void;
};

/** What an update of the feed says, and the way to have it count. */
export default function ObserveDialog({ plan, kpi, period, evaluation, feed, now, onDone, onClose }: Props) {
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
