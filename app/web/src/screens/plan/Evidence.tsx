import { useState } from 'react';
import type { ReadonlyUint8Array } from '@solana/kit';
import { fetchDocument } from '../../chain/documents';
import { type Fault, asFault } from '../../chain/fault';
import { hostOf } from '../../chain/transport';
import type { Vote } from '../../domain/evaluation';
import type { Plan } from '../../domain/terms';
import { MOST_BYTES, decoded, evidenceUrl } from '../../model/document';
import { useLoaded } from '../../state/documents';
import { hex, sha256 } from '../../text/hash';
import { HostileLines } from '../../ui/HostileLines';
import { FaultNotice } from '../../ui/Notice';

type Found = { matches: boolean; text: string | undefined } | { fault: Fault };

/** The way to an oracle's evidence, if the plan's document says where it publishes it: fetched when asked, shown if it has the hash. */
export function Evidence({ plan, vote }: { plan: Plan; vote: Pick<Vote, 'oracle' | 'evidence'> }) {
  const base = useLoaded(plan)?.document.evidence.get(vote.oracle);
  const [found, setFound] = useState<Found>();
  if (base === undefined) return null;
  const url = evidenceUrl(base, vote.evidence);
  return (
    <>
      {' '}
      <button type="button" className="link" onClick={() => void look(url, vote.evidence).then(setFound)}>
        Load it from {hostOf(url)}
      </button>
      {found !== undefined && 'fault' in found && <FaultNotice fault={found.fault} />}
      {found !== undefined && 'matches' in found && <Shown found={found} />}
    </>
  );
}

function Shown({ found: { matches, text } }: { found: { matches: boolean; text: string | undefined } }) {
  // What has another hash is anything: nobody vouched for it.
  if (!matches) return <span className="tag bad">does not match the hash on chain, not shown</span>;
  return (
    <details>
      <summary>
        <span className="tag good">matches the hash on chain</span>
      </summary>
      {text === undefined ? <p className="muted">It is no text.</p> : <HostileLines text={text} />}
    </details>
  );
}

async function look(url: string, hash: ReadonlyUint8Array): Promise<Found> {
  try {
    const bytes = await fetchDocument(url, MOST_BYTES);
    return { matches: hex(await sha256(bytes)) === hex(hash), text: decoded(bytes) };
  } catch (error) {
    return { fault: asFault(error) };
  }
}
