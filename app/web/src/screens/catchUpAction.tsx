import type { Address } from '@solana/kit';
import type { Chain } from '../chain/chain';
import type { Costed } from '../chain/cost';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { PERIOD_SIZE } from '../chain/read';
import { pack } from '../chain/packing';
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
    async build(envelope) {
      const [data, now] = await Promise.all([loadPlan(chain, plan), chainTime(chain)]);
      const { steps, left } = catchUp(data, data.grants.values(), period, MOST, now);
      if (steps.length === 0) {
        const advice = 'A value of the period is still being attested or disputed. The plan’s page says until when.';
        throw new Fault('input', 'Nothing can be settled for the others now.', advice);
      }
      const groups: Costed[][] = [];
      for (const { kind, grant, period: of, makesPool } of steps) {
        groups.push([
          kind === 'settle'
            ? await instructions.settle(envelope.payer, data.plan, grant, makesPool)
            : await instructions.collectBonus(data.plan, grant.address, of),
        ]);
      }
      const made = steps.filter(({ makesPool }) => makesPool).length;
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
        transactions: pack(envelope, groups),
        inOrder: true,
        rent: made === 0 ? undefined : BigInt(made) * (await chain.rent(PERIOD_SIZE)),
        done: left
          ? 'Settled as far as it went. More is left: do it again.'
          : 'Settled and collected for everybody who was behind.',
      };
    },
  };
}
