import { amountText, shortAmount } from '../text/amount';
import { plural } from '../text/count';

/** An amount of tokens. Needs the mint's decimals, so that no amount is ever shown before they are known. */
export function Amount({ value, decimals, strong }: { value: bigint; decimals: number; strong?: boolean }) {
  const [whole = '', fraction] = shortAmount(value, decimals).split('.');
  return (
    <span className={strong ? 'amount strong' : 'amount'} title={plural(amountText(value, decimals), 'token')}>
      {whole}
      {fraction !== undefined && <span className="fraction">.{fraction}</span>}
    </span>
  );
}

const LAMPORT_DECIMALS = 9;

/** An amount of SOL, given in lamports. */
export function Sol({ lamports }: { lamports: bigint }) {
  return <span className="amount">{shortAmount(lamports, LAMPORT_DECIMALS)} SOL</span>;
}
