import { type ReactNode, useContext, useEffect, useState } from 'react';
import type { Fault } from '../chain/fault';
import { hostOf } from '../chain/transport';
import { App } from '../context/app';

type Tone = 'info' | 'good' | 'warn' | 'bad';

/** Something the user should read. A bad one is read out at once. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** What went wrong, what to do about it, and for who wants them the program's logs. */
export function FaultNotice({ fault, children }: { fault: Fault; children?: ReactNode }) {
  return (
    <Notice tone={fault.kind === 'rejected' ? 'warn' : 'bad'}>
      <p>
        <strong>{fault.message}</strong>
      </p>
      {fault.advice !== '' && <p>{fault.advice}</p>}
      {fault.logs.length > 0 && (
        <details>
          <summary>Logs</summary>
          <pre>{fault.logs.join('\n')}</pre>
        </details>
      )}
      {children !== undefined && <p className="actions">{children}</p>}
    </Notice>
  );
}

/** Something could not be read: why, that it is asked again, and the way to do so now. */
export function ReadingFault({ fault, again }: { fault: Fault; again: () => void }) {
  return (
    <FaultNotice fault={fault}>
      <button type="button" className="button" onClick={again}>
        Try again
      </button>
      <span className="muted">The page tries again every few seconds.</span>
    </FaultNotice>
  );
}

/** After so long somebody who waits is told for whom, milliseconds. */
const SLOW_MS = 6_000;

/** That something is being read, and from whom if it takes long. */
export function Loading({ what }: { what: string }) {
  const host = hostOf(useContext(App)?.cluster.rpcUrl ?? '');
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="loading" role="status">
      Reading {what}…{' '}
      {isSlow && `The RPC endpoint ${host} is slow to answer. Another one can be chosen at the top of the page.`}
    </p>
  );
}
