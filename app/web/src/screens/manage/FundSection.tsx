import { useState } from 'react';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { associatedTokenAccount, leastReceived, readTokenAccount } from '../../chain/token';
import { useApp } from '../../context/app';
import { parseAmount } from '../../text/amount';
import { Amount } from '../../ui/Amount';
import { NumberField } from '../../ui/Field';
import { ActionButtons } from '../ActionButtons';
import type { SectionProps } from './section';

/** Tokens into the vault. */
export function FundSection({ data, onDone }: SectionProps) {
  const { chain } = useApp();
  const [text, setText] = useState('');
  const { plan, mint } = data;
  const parsed = parseAmount(text.trim(), mint.decimals);
  const wrong = text.trim() !== '' && 'error' in parsed ? `“${text.trim()}” ${parsed.error}` : undefined;
  return (
    <section className="card form">
      <h2>Fund</h2>
      <p className="hint">
        Tokens in the vault that no grant has reserved are the authority’s surplus: fund and grant together. Anyone may
        fund.
      </p>
      <NumberField label="Amount" value={text} onChange={setText} error={wrong} />
      <ActionButtons
        signer={undefined}
        label="Review"
        disabled={'error' in parsed || parsed.value === 0n}
        action={{
          title: 'Fund the plan',
          keys: [`fund/${plan.address}`],
          onDone,
          async build({ payer: signer }) {
            if ('error' in parsed) throw new Fault('input', `The amount ${parsed.error}.`);
            if (mint.transferHook !== undefined) {
              throw new Fault(
                'input',
                'This token has a transfer hook.',
                'Fund with the command line: earnout plan fund.',
              );
            }
            const source = await associatedTokenAccount(signer, mint.address, mint.tokenProgram);
            const [account] = await chain.accounts([source]);
            const held = readTokenAccount(account)?.amount ?? 0n;
            if (held < parsed.value) {
              throw new Fault(
                'input',
                'Your token account holds less than that.',
                'Enter a smaller amount, or send tokens to it first.',
              );
            }
            return {
              verb: 'Fund',
              lines: [
                [
                  'Into the vault',
                  <Amount key="a" value={leastReceived(mint, parsed.value)} decimals={mint.decimals} strong />,
                ],
                [
                  'From your token account, which then holds',
                  <Amount key="h" value={held - parsed.value} decimals={mint.decimals} />,
                ],
              ],
              transactions: [[await instructions.fund(signer, plan, source, parsed.value)]],
              done: 'The vault is funded.',
            };
          },
        }}
      />
    </section>
  );
}
