import { useState } from 'react';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { readTokenAccount } from '../../chain/token';
import { useApp } from '../../context/app';
import { surplus, treasuryAt } from '../../domain/terms';
import { parseAmount, shortAmount } from '../../text/amount';
import { noun } from '../../text/count';
import { short } from '../../text/hash';
import { Amount } from '../../ui/Amount';
import { NumberField } from '../../ui/Field';
import { ActionButtons } from '../ActionButtons';
import type { TimedSectionProps } from './section';

/** Surplus to the treasury. */
export function SurplusSection({ data, now, onDone }: TimedSectionProps) {
  const { chain } = useApp();
  const [text, setText] = useState('');
  const { plan, mint, vault } = data;
  const free = surplus(plan, vault.amount);
  const { treasury } = treasuryAt(plan, now);
  const parsed = text.trim() === '' ? { value: free } : parseAmount(text.trim(), mint.decimals);
  const wrong =
    'error' in parsed
      ? `“${text.trim()}” ${parsed.error}`
      : parsed.value > free
        ? 'The vault’s surplus is smaller than the amount.'
        : undefined;
  return (
    <section className="card form">
      <h2>Withdraw what is left over (surplus)</h2>
      <p>
        <Amount value={free} decimals={mint.decimals} strong /> {noun(shortAmount(free, mint.decimals), 'token')} can be
        withdrawn. What is reserved, owed or pooled cannot.
      </p>
      <NumberField label="Amount" value={text} onChange={setText} error={wrong} hint="Leave it empty for all of it." />
      <ActionButtons
        signer={plan.account.authority}
        label="Review"
        disabled={wrong !== undefined || free <= 0n}
        action={{
          title: 'Withdraw surplus',
          keys: [`surplus/${plan.address}`],
          onDone,
          async build({ payer: signer }) {
            if ('error' in parsed) throw new Fault('input', `The amount ${parsed.error}.`);
            if (mint.transferHook !== undefined) {
              throw new Fault(
                'input',
                'This token has a transfer hook.',
                'Withdraw with the command line: earnout plan surplus.',
              );
            }
            const [account] = await chain.accounts([treasury]);
            const needsMemo = readTokenAccount(account)?.needsMemo ?? false;
            return {
              verb: 'Withdraw',
              lines: [
                ['To the treasury', short(treasury)],
                ['Amount', <Amount key="a" value={parsed.value} decimals={mint.decimals} strong />],
                ['Left over afterwards', <Amount key="s" value={free - parsed.value} decimals={mint.decimals} />],
              ],
              transactions: [[await instructions.withdrawSurplus(signer, plan, treasury, parsed.value, needsMemo)]],
              done: 'The surplus is in the treasury.',
            };
          },
        }}
      />
    </section>
  );
}
