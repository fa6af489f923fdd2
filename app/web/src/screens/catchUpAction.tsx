import type { Address, Instruction } from '@solana/kit';
import type { Chain } from '../chain/chain';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { PERIOD_SIZE } from '../chain/read';
import { pack } from '../chain/transaction';
import type { Action, Fact } from '../context/action';
import { catchUp } from '../domain/steps';
import { chainTime } from '../state/clock';
import { loadPlan } from '../state/planData';
import { plural } from '../text/count';

/** Steps of one action: what a person can still read, and sign in a few batches. */
const MOST = 60;
/** Grants that are listed one by one. */
const LISTED = 12;

/** Settles and collects for everybody who is behind, up to `period`. Open to anyone; it pays nobody else's tokens out. */
export function catchUpAction(chain: Chain, plan: Address, period: number, onDone: () => void): Action {
  return {
    title: 'Settle for the others',
    keys: [`catch-up/${plan}/${period}`],
    onDone,
    async build(signer) {
      const [data, now] = await Promise.all([loadPlan(chain, plan), chainTime(chain)]);
      const { steps, left } = catchUp(data, data.grants.values(), period, MOST, now);
      if (steps.length === 0) {
        const advice = 'A value of the period is still being attested or disputed. The plan’s page says until when.';
        throw new Fault('input', 'Nothing can be settled for the others now.', advice);
      }
      const groups: Instruction[][] = [];
      for (const { kind, grant, period: of } of steps) {
        groups.push([
          kind === 'settle'
            ? await instructions.settle(signer, data.plan, grant)
            : await instructions.collectBonus(data.plan, grant.address, of),
        ]);
      }
      const made = new Set(
        steps.filter(({ kind, period: of }) => kind === 'settle' && !data.pools.has(of)).map(({ period: of }) => of),
      );
      const lines = steps.slice(0, LISTED).map(({ kind, grant, period: of }): Fact => {
        return [
          `Grant ${grant.account.index}`,
          kind === 'settle' ? `settles period ${of}` : `collects its bonus of period ${of}`,
        ];
      });
      if (steps.length > LISTED) lines.push(['And', `${plural(steps.length - LISTED, 'more step')} of this kind`]);
      if (left) lines.push(['Then', 'there are more: do this again afterwards']);
      return {
        verb: 'Settle',
        lines,
        transactions: pack(signer, groups),
        inOrder: true,
        rent: made.size === 0 ? undefined : BigInt(made.size) * (await chain.rent(PERIOD_SIZE)),
        done: left
          ? 'Settled as far as it went. More is left: do it again.'
          : 'Settled and collected for everybody who was behind.',
      };
    },
  };
}
