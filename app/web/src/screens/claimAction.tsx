import type { Address } from '@solana/kit';
import { inParallel } from '../chain/batches';
import type { Chain } from '../chain/chain';
import type { Costed } from '../chain/cost';
import { Fault, asFault } from '../chain/fault';
import { type Envelope, fits, pack } from '../chain/packing';
import { simulate } from '../chain/transaction';
import type { Action, Fact } from '../context/action';
import { type Claiming, claiming } from '../model/claiming';
import { chainTime } from '../state/clock';
import { loadGrant } from '../state/grantData';
import { amountText } from '../text/amount';
import { plural } from '../text/count';
import { short } from '../text/hash';
import { visible } from '../text/hostile';
import { Amount } from '../ui/Amount';

const PARALLEL = 4;

/** Claims everything that these grants of the signer can be paid now, settling what is ready on the way. */
export function claimAction(chain: Chain, grants: readonly Address[], onDone: () => void): Action {
  return {
    title: grants.length === 1 ? 'Claim' : `Claim ${plural(grants.length, 'grant')}`,
    keys: grants.map((grant) => `claim/${grant}`),
    onDone,
    async build(envelope) {
      const now = await chainTime(chain);
      const all = await inParallel(grants, PARALLEL, (address) => look(chain, address, envelope, now));
      const left = all.flatMap((each) => ('fault' in each ? [each] : []));
      const due = all.flatMap((each) => ('groups' in each && each.groups.length > 0 ? [each] : []));
      const [first] = left;
      if (due.length === 0) {
        if (first !== undefined) throw first.fault;
        throw new Fault('input', 'Nothing is claimable now.', 'The grant’s page says when something will be.');
      }
      const planned = plan(envelope, due);
      return {
        verb: due.every(({ amount }) => amount > 0n) ? 'Claim' : 'Settle',
        lines: due.flatMap(linesOf),
        left: left.map(({ name, fault }) => [name, `${fault.message} ${fault.advice}`.trim()]),
        transactions: planned.map(({ instructions }) => instructions),
        names: planned.map(({ names }) => names.join(', ')),
        inOrder: true,
        rent: rentOf(due),
        done: doneText(due),
      };
    },
  };
}

/** A grant that cannot be paid, and why. */
type Left = { name: string; fault: Fault };

/** What a grant can be paid, simulated by itself: one that cannot does not stand in the way of the others. */
async function look(chain: Chain, address: Address, envelope: Envelope, now: bigint): Promise<Claiming | Left> {
  let name = `Grant ${short(address)}`;
  try {
    const data = await loadGrant(chain, address);
    const { index, beneficiary } = data.grant.account;
    name = `Grant ${index}`;
    if (beneficiary !== envelope.payer) {
      const message = `The wallet changed to ${envelope.payer}; this grant pays ${beneficiary}.`;
      throw new Fault('wrong-account', message, 'Choose that account in your wallet.');
    }
    const found = await claiming(chain, data, now);
    const [first] = pack(envelope, found.groups);
    if (first !== undefined) await simulate(chain, envelope, first);
    return found;
  } catch (error) {
    const fault = asFault(error);
    // Where the endpoint does not answer nothing is known about any grant.
    if (fault.kind === 'unreachable') throw fault;
    return { name, fault };
  }
}

type Planned = { names: string[]; instructions: readonly Costed[] };

/** One grant's steps stay in order; grants that fit share a transaction. */
function plan(envelope: Envelope, due: readonly Claiming[]): Planned[] {
  const planned: (Planned & { shared: boolean })[] = [];
  for (const { data, groups } of due) {
    const name = `Grant ${data.grant.account.index} of ${visible(data.plan.name)}`;
    const packed = pack(envelope, groups);
    const [only] = packed;
    const last = planned.at(-1);
    if (packed.length === 1 && only !== undefined && last?.shared) {
      const joined = [...last.instructions, ...only];
      if (fits(envelope, joined)) {
        last.instructions = joined;
        last.names.push(name);
        continue;
      }
    }
    for (const instructions of packed) planned.push({ names: [name], instructions, shared: packed.length === 1 });
  }
  return planned;
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
  return `Claimed ${plural(amounts.join(' + '), 'token')}.`;
}
