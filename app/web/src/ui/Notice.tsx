import type { ReactNode } from 'react';
import type { Fault } from '../chain/fault';

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

/** That something is being read. */
export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Reading {what}…
    </p>
  );
}
