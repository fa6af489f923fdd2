import type { Address } from '@solana/kit';
import { type Action, useAction } from '../context/action';
import { useWallet } from '../context/app';

type Props = {
  action: Action;
  /** Who has to sign: only this key is offered to, and exports are made for it. Undefined: whoever is connected. */
  signer: Address | undefined;
  label: string;
  disabled?: boolean;
  danger?: boolean;
};

/** The two ways to carry out an action: sign it here, or export it for a multisig. */
export function ActionButtons({ action, signer, label, disabled = false, danger = false }: Props) {
  const { start, exportFor } = useAction();
  const me = useWallet().connection?.address;
  const can = me !== undefined && (signer === undefined || signer === me);
  return (
    <p className="actions">
      <button
        type="button"
        className={danger ? 'button danger' : 'button primary'}
        disabled={disabled || !can}
        onClick={() => start(action)}
      >
        {label}
      </button>
      <button type="button" className="button" disabled={disabled} onClick={() => exportFor(signer ?? me, action)}>
        Export for a multisig
      </button>
    </p>
  );
}
