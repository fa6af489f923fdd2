import { useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { type Fault, asFault } from '../chain/fault';
import { exportMessage, otherSigners } from '../chain/transaction';
import { plural } from '../text/time';
import { CopyButton } from '../ui/AddressText';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { TextField } from '../ui/Field';
import { FaultNotice } from '../ui/Notice';
import type { Action, ActionRequest } from './action';

type Exported = { request: ActionRequest; messages: string[]; others: Address[] };

/** An action as base64 messages, for a multisig whose vault signs and pays. */
export function ExportDialog({
  action,
  signer,
  onClose,
}: {
  action: Action;
  signer: Address | undefined;
  onClose: () => void;
}) {
  const [vault, setVault] = useState<string>(signer ?? '');
  const [exported, setExported] = useState<Exported>();
  const [fault, setFault] = useState<Fault>();
  const wrong = vault !== '' && !isAddress(vault) ? 'This is no address.' : undefined;

  async function make() {
    setFault(undefined);
    setExported(undefined);
    if (!isAddress(vault)) return;
    try {
      const request = await action.build(vault, true);
      const messages = request.transactions.map((instructions) => exportMessage(vault, instructions));
      setExported({ request, messages, others: otherSigners(vault, request.transactions.flat()) });
    } catch (error) {
      setFault(asFault(error));
    }
  }

  return (
    <Dialog title={`${action.title}: export`} onClose={onClose}>
      <p>
        The unsigned message, in base64, for a transaction of your multisig (with Squads:{' '}
        <code>vault-transaction-create --transaction-message</code>). The multisig sets the blockhash when it executes.
      </p>
      <TextField label="Signs and pays: the multisig’s vault" value={vault} onChange={setVault} error={wrong} />
      <p className="actions">
        <button type="button" className="button primary" disabled={!isAddress(vault)} onClick={() => void make()}>
          Make the message
        </button>
      </p>
      {fault !== undefined && <FaultNotice fault={fault} />}
      {exported !== undefined && (
        <>
          <Facts facts={exported.request.lines} />
          {exported.others.length > 0 && <p>Also signed by: {exported.others.join(', ')}</p>}
          {exported.messages.length > 1 && (
            <p>{plural(exported.messages.length, 'message')}, to be executed in this order.</p>
          )}
          {exported.messages.map((message, index) => (
            <div key={message} className="export">
              <TextField label={`Message ${index + 1}`} value={message} onChange={() => undefined} rows={5} />
              <CopyButton text={message} what={`message ${index + 1}`} label="Copy" />
            </div>
          ))}
        </>
      )}
    </Dialog>
  );
}
