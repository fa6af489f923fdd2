import type { Address } from '@solana/kit';
import type { Action } from '../app/action';
import { inParallel } from '../chain/batches';
import type { Chain } from '../chain/chain';
import { Fault } from '../chain/fault';
import { pack } from '../chain/transaction';
import { type Claiming, claiming } from '../model/claiming';
import { chainTime } from '../state/clock';
import { loadGrant } from '../state/grantData';
import { amountText } from '../text/amount';
import { plural } from '../text/time';
import { short } from '../text/hash';
import { Amount } from '../ui/Amount';
import type { Fact } from '../ui/Facts';

const PARALLEL = 4;

/** Claims everything that these grants of the signer can be paid now, settling what is ready on the way. */
export function claimAction(chain: Chain, grants: readonly Address[], onDone: () => void): Action {
  return {
    title: grants.length === 1 ? 'Claim' : `Claim ${grants.length} grants`,
    keys: grants.map((grant) => `claim/${grant}`),
    onDone,
    async build(signer) {
      const now = await chainTime(chain);
      const all = await inParallel(grants, PARALLEL, async (address) =>
        claiming(chain, await loadGrant(chain, address), now),
      );
      const foreign = all.find(({ data }) => data.grant.account.beneficiary !== signer);
      if (foreign !== undefined) {
        const { beneficiary } = foreign.data.grant.account;
        const message = `The wallet changed to ${signer}; this grant pays ${beneficiary}.`;
        throw new Fault('wrong-account', message, 'Choose that account in your wallet.');
      }
      const due = all.filter(({ groups }) => groups.length > 0);
      if (due.length === 0)
        throw new Fault('input', 'Nothing is claimable now.', 'The grant’s page says when something will be.');
      return {
        verb: due.every(({ amount }) => amount > 0n) ? 'Claim' : 'Settle',
        lines: due.flatMap(linesOf),
        // Steps of one grant need each other: they stay in order, grant by grant.
        transactions: pack(
          signer,
          due.flatMap(({ groups }) => groups),
        ),
        inOrder: true,
        rent: rentOf(due),
        done: doneText(due),
      };
    },
  };
}

function linesOf({ data, amount, received, settles, destination }: Claiming): Fact[] {
  const { decimals } = data.mint;
  const number = `Grant ${data.grant.account.index}`;
  const lines: Fact[] = [
    [`${number}: you receive`, <Amount key="a" value={received} decimals={decimals} strong />],
    [`${number}: to your token account`, <code key="d">{short(destination)}</code>],
  ];
  if (received !== amount) {
    lines.push([
      `${number}: the token’s transfer fee`,
      <Amount key="f" value={amount - received} decimals={decimals} />,
    ]);
  }
  if (settles > 0) lines.push([`${number}: also settles`, plural(settles, 'period')]);
  return lines;
}

/** Several grants of one token share the account that they are paid to. */
function rentOf(all: readonly Claiming[]): bigint {
  const byAccount = new Map(all.map(({ destination, rent }) => [destination, rent]));
  return [...byAccount.values()].reduce((sum, rent) => sum + rent, 0n);
}

function doneText(all: readonly Claiming[]): string {
  const paid = all.filter(({ amount }) => amount > 0n);
  if (paid.length === 0) return 'Settled. What was earned will vest as the plan says.';
  const amounts = paid.map(({ data, received }) => amountText(received, data.mint.decimals));
  return `Claimed ${amounts.join(' + ')} tokens.`;
}
