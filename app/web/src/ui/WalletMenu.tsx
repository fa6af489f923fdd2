import { useState } from 'react';
import { useApp, useWallet } from '../context/app';
import { short } from '../text/hash';
import { visible } from '../text/hostile';
import { CopyButton } from './AddressText';
import { Dialog } from './Dialog';
import { FaultNotice } from './Notice';

/** The connected wallet, or the way to connect one. */
export function WalletMenu() {
  const { wallets } = useApp();
  const { connection, connecting } = useWallet();
  const [open, setOpen] = useState<'connect' | 'account'>();
  const close = () => setOpen(undefined);
  return (
    <>
      <button
        type="button"
        className={connection === undefined ? 'button primary' : 'button'}
        onClick={() => setOpen(connection === undefined ? 'connect' : 'account')}
      >
        {connection !== undefined ? short(connection.address) : connecting ? 'Connecting…' : 'Connect wallet'}
      </button>
      {open === 'connect' && connection === undefined && <ConnectDialog onClose={close} />}
      {open === 'account' && connection !== undefined && (
        <Dialog title={visible(connection.wallet.name)} onClose={close}>
          <p>
            <code className="wide">{connection.address}</code>
          </p>
          <p className="actions">
            <CopyButton text={connection.address} what="your address" label="Copy address" />
            <button
              type="button"
              className="button"
              onClick={() => {
                close();
                void wallets.disconnect();
              }}
            >
              Disconnect
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}

function ConnectDialog({ onClose }: { onClose: () => void }) {
  const { wallets } = useApp();
  const { available, connecting, fault } = useWallet();

  async function connect(wallet: (typeof available)[number]) {
    await wallets.connect(wallet);
    if (wallets.get().connection !== undefined) onClose();
  }

  return (
    <Dialog title="Connect a wallet" onClose={onClose}>
      {available.length === 0 && (
        <p>
          No wallet was found in this browser. Install one that supports Solana (Phantom, Solflare, Backpack and others)
          and reload the page. Plans can be looked at without a wallet.
        </p>
      )}
      <ul className="plain wallets">
        {available.map((wallet) => (
          <li key={wallet.name}>
            <button type="button" className="button wallet" disabled={connecting} onClick={() => void connect(wallet)}>
              <img src={wallet.icon} alt="" width="24" height="24" />
              {visible(wallet.name)}
            </button>
          </li>
        ))}
      </ul>
      {fault !== undefined && <FaultNotice fault={fault} />}
    </Dialog>
  );
}
