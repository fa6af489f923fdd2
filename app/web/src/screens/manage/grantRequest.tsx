import type { Address } from '@solana/kit';
import type { Chain } from '../../chain/chain';
import type { Costed } from '../../chain/cost';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { GRANT_SIZE, type PlanState, decodeAll, decodeGrant, grantsOfPlan, readOnePlan } from '../../chain/read';
import { type Envelope, pack } from '../../chain/packing';
import type { ActionRequest } from '../../context/action';
import { type Grant, reserveFor } from '../../domain/grant';
import { type GrantTerms, type Row, wrongNow } from '../../model/grantFile';
import { rowKey } from '../../model/importing';
import { mistakeText } from '../../model/mistakes';
import { chainTime } from '../../state/clock';
import { plural } from '../../text/count';
import { short } from '../../text/hash';
import { Amount } from '../../ui/Amount';
import { UnitText } from '../Values';

/** Transactions that are signed under one blockhash, so that all are executed while it is good. */
const BATCH = 5;

/** What of the rows is made, from the grants that the plan has now, and what becomes of each row. */
export type Rows = {
  toMake: (grants: readonly Grant[]) => readonly Row[];
  onEnd?: (rows: readonly Row[], fault: Fault | undefined) => void;
};

/**
 * Makes grants, as many as fit into each transaction and into a batch; what is left is built when that is done. Plan and
 * grants are read again each time: the next number is part of each grant, and whoever has a grant is not given another.
 */
export async function grantRequest(
  chain: Chain,
  address: Address,
  { toMake, onEnd }: Rows,
  envelope: Envelope,
  whole = false,
): Promise<ActionRequest> {
  const [state, accounts] = await Promise.all([readOnePlan(chain, address), chain.find(grantsOfPlan(address))]);
  const { mint } = state;
  const rows = toMake(decodeAll(accounts, decodeGrant));
  const wrong = wrongNow(state, rows, await chainTime(chain));
  if (wrong.length > 0) {
    throw new Fault('input', wrong.slice(0, 5).map(mistakeText).join('; '), 'Nothing more was sent.');
  }
  const { transactions, contents } = await batchOf(state, rows, envelope, whole ? Number.POSITIVE_INFINITY : BATCH);
  const made = contents.reduce((sum, each) => sum + each.length, 0);
  const each = contents[0]?.length ?? 1;
  const [only] = rows;
  const { unit } = state.plan;
  const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  return {
    verb: rows.length === 1 ? 'Make the grant' : `Make ${plural(rows.length, 'grant')}`,
    lines: [
      [
        'Grants',
        rows.length === 1 && only !== undefined
          ? `one, to ${short(only.terms.beneficiary)}`
          : plural(rows.length, 'grant'),
      ],
      ...(unit === undefined || rows.every(({ terms }) => terms.unitAllocation === 0n)
        ? []
        : ([
            ['Worth', <UnitText key="u" value={sum(rows.map(({ terms }) => terms.unitAllocation))} unit={unit} />],
          ] as const)),
      [
        'Allocated',
        <Amount key="a" value={sum(rows.map(({ terms }) => terms.allocation))} decimals={mint.decimals} strong />,
      ],
      [
        'Reserved in the vault',
        <Amount key="r" value={sum(rows.map(({ terms }) => reserveOf(state, terms)))} decimals={mint.decimals} />,
      ],
    ],
    transactions,
    marks: contents.map((list) => list.map(({ terms }) => rowKey(address, terms))),
    onEnd: (index, fault) => onEnd?.(contents[index] ?? [], fault),
    inOrder: true,
    later: Math.ceil((rows.length - made) / each),
    rent: (await chain.rent(GRANT_SIZE)) * BigInt(rows.length),
    done: `${plural(rows.length, 'grant')} made, funded in full.`,
  };
}

/** The first rows as at most `most` transactions, and which rows each of them has. */
async function batchOf(
  { plan }: PlanState,
  rows: readonly Row[],
  envelope: Envelope,
  most: number,
): Promise<{ transactions: Costed[][]; contents: Row[][] }> {
  const { payer } = envelope;
  let packed: Costed[][] = [];
  for (const [index, { terms }] of rows.entries()) {
    const grantIndex = plan.account.grantCounter + index;
    const { beneficiary, allocation, ...others } = terms;
    const args = { grantIndex, beneficiary, allocation, ...others };
    const next = [await instructions.createGrant(payer, payer, plan, args)];
    const last = packed.at(-1);
    packed = [...packed.slice(0, -1), ...pack(envelope, last === undefined ? [next] : [last, next])];
    if (packed.length > most) {
      packed.pop();
      break;
    }
  }
  let first = 0;
  const contents = packed.map((list) => rows.slice(first, (first += list.length)));
  return { transactions: packed, contents };
}

function reserveOf({ plan }: PlanState, { allocation, timeWeight, kpiWeights }: GrantTerms): bigint {
  return reserveFor(plan, allocation, timeWeight, kpiWeights);
}
