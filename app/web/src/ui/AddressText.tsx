import { useState } from 'react';
import { explorerUrl } from '../chain/cluster';
import { useApp } from '../context/app';
import { short } from '../text/hash';
import { Icon } from './Icon';

/** An address, shortened, with a button that copies it and a link to a page about it. */
export function AddressText({ address, you, full }: { address: string; you?: boolean; full?: boolean }) {
  const { cluster } = useApp();
  const url = explorerUrl(cluster, 'address', address);
  return (
    <span className="address">
      <code title={address}>{full ? address : short(address)}</code>
      {you && <span className="tag">you</span>}
      <CopyButton text={address} what={`address ${short(address)}`} />
      {url !== undefined && (
        <a
          href={url}
          target="_blank"
          rel="noreferrer"
          className="icon"
          aria-label={`${short(address)} in the explorer`}
        >
          <Icon name="out" />
        </a>
      )}
    </span>
  );
}

/** A hash, shortened, with a button that copies it. */
export function HashText({ hash, what }: { hash: string; what: string }) {
  return (
    <span className="address">
      <code title={hash}>{short(hash)}</code>
      <CopyButton text={hash} what={what} />
    </span>
  );
}

export function CopyButton({ text, what, label }: { text: string; what: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  }
  return (
    <button
      type="button"
      className={label ? 'button' : 'icon'}
      onClick={() => void copy()}
      aria-label={label === undefined ? `Copy ${what}` : undefined}
    >
      {copied ? <Icon name="done" /> : (label ?? <Icon name="copy" />)}
      <span className="unseen" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}
