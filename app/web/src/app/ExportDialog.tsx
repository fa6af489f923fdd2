import { useState } from 'react';
import { type Address, isAddress } from '@solana/kit';
import { type Fault, asFault } from '../chain/fault';
import { requireBefore } from '../chain/instructions';
import { exportMessage, otherSigners } from '../chain/transaction';
import type { Action, ActionRequest } from '../context/action';
import { useApp } from '../context/app';
import { chainTime } from '../state/clock';
import { parseAmount } from '../text/amount';
import { plural } from '../text/count';
import { localTime, utcTime } from '../text/time';
import { CopyButton } from '../ui/AddressText';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { NumberField, TextField } from '../ui/Field';
import { FaultNotice, Notice } from '../ui/Notice';

type Exported = { request: ActionRequest; messages: string[]; others: Address[]; notAfter: bigint };

const DAY = 86_400n;
/** For how many days a message can be executed unless another number is chosen, and at most. */
const DAYS = { usual: '7', most: 365n };

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
  const { chain, hindrance } = useApp();
  const [days, setDays] = useState(DAYS.usual);
  const [exported, setExported] = useState<Exported>();
  const [fault, setFault] = useState<Fault>();
  const read = parseAmount(days, 0);
  const validFor = 'value' in read && read.value >= 1n && read.value <= DAYS.most ? read.value : undefined;
  const wrong = vault !== '' && !isAddress(vault) ? 'This is not an address.' : undefined;

  async function make() {
    setFault(undefined);
    setExported(undefined);
    if (!isAddress(vault) || validFor === undefined) return;
    try {
      const request = await action.build({ payer: vault, version: 0 }, true);
      const notAfter = (await chainTime(chain)) + validFor * DAY;
      const messages = request.transactions.map((list) => exportMessage(vault, [requireBefore(notAfter), ...list]));
      setExported({ request, messages, others: otherSigners(vault, request.transactions.flat()), notAfter });
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
      <NumberField
        label="Days in which it can be executed"
        value={days}
        kind="whole"
        onChange={setDays}
        error={validFor === undefined ? `expected 1 to ${DAYS.most} days` : undefined}
        hint="After that it can no longer be executed, so that a forgotten proposal does no harm later."
      />
      {hindrance !== undefined && <Notice tone="warn">{hindrance}</Notice>}
      <p className="actions">
        <button
          type="button"
          className="button primary"
          disabled={!isAddress(vault) || validFor === undefined || hindrance !== undefined}
          onClick={() => void make()}
        >
          Make the message
        </button>
      </p>
      {fault !== undefined && <FaultNotice fault={fault} />}
      {exported !== undefined && (
        <>
          <Facts facts={exported.request.lines} />
          <p>
            Can be executed until <strong>{utcTime(exported.notAfter)}</strong>, {localTime(exported.notAfter)} here.
          </p>
          {exported.others.length > 0 && <p>Also signed by: {exported.others.join(', ')}</p>}
          {exported.messages.length > 1 && (
            <p>{plural(exported.messages.length, 'message')}, to be executed in this order.</p>
          )}
          {exported.messages.map((message, index) => (
            <div key={index} className="export">
              <TextField label={`Message ${index + 1}`} value={message} onChange={() => undefined} rows={5} />
              <CopyButton text={message} what={`message ${index + 1}`} label="Copy" />
            </div>
          ))}
        </>
      )}
    </Dialog>
  );
}
