import type { Address, Instruction } from '@solana/kit';
import type { ActionRequest } from '../../app/action';
import type { Chain } from '../../chain/chain';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { GRANT_SIZE, readOnePlan } from '../../chain/read';
import { pack } from '../../chain/transaction';
import { reserveFor } from '../../model/grant';
import { type GrantTerms, type Row, mistakeText, wrongNow } from '../../model/grantFile';
import type { PlanData } from '../../state/planData';
import { chainTime } from '../../state/clock';
import { plural } from '../../text/time';
import { short } from '../../text/hash';
import { Amount } from '../../ui/Amount';

/** Makes grants, as many as fit into each transaction. The plan is read again: its next number is part of each grant. */
export async function grantRequest(
  chain: Chain,
  data: PlanData,
  rows: readonly Row[],
  signer: Address,
): Promise<ActionRequest> {
  const state = await readOnePlan(chain, data.plan.address);
  const { plan, mint } = state;
  const wrong = wrongNow({ ...data, ...state }, rows, await chainTime(chain));
  if (wrong.length > 0) {
    throw new Fault('input', wrong.slice(0, 5).map(mistakeText).join('; '), 'Nothing was sent.');
  }
  const all = rows.map(({ terms }) => terms);
  const groups: Instruction[][] = [];
  for (const [index, terms] of all.entries()) {
    groups.push([
      await instructions.createGrant(signer, signer, plan, argsOf(terms, plan.account.grantCounter + index)),
    ]);
  }
  const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  const [only] = all;
  return {
    verb: all.length === 1 ? 'Make the grant' : `Make ${all.length} grants`,
    lines: [
      [
        'Grants',
        all.length === 1 && only !== undefined ? `one, to ${short(only.beneficiary)}` : plural(all.length, 'grant'),
      ],
      [
        'Allocated',
        <Amount key="a" value={sum(all.map(({ allocation }) => allocation))} decimals={mint.decimals} strong />,
      ],
      [
        'Reserved in the vault',
        <Amount
          key="r"
          value={sum(all.map((terms) => reserveFor(plan, terms.allocation, terms.timeWeight, terms.kpiWeights)))}
          decimals={mint.decimals}
        />,
      ],
    ],
    transactions: pack(signer, groups),
    inOrder: true,
    rent: (await chain.rent(GRANT_SIZE)) * BigInt(all.length),
    done: `${plural(all.length, 'grant')} made, funded in full.`,
  };
}

function argsOf({ beneficiary, allocation, ...terms }: GrantTerms, grantIndex: number) {
  return { grantIndex, beneficiary, allocation, ...terms };
}
