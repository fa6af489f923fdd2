import { hostOf } from '../../chain/transport';
import type { Plan } from '../../domain/terms';
import { documentUrl } from '../../model/document';
import { useDocument, useLoaded } from '../../state/documents';
import { loadDocument } from '../../state/loadDocument';
import { HostileLines } from '../../ui/HostileLines';
import { HostileText } from '../../ui/HostileText';
import { FaultNotice, Notice } from '../../ui/Notice';

/** Where the plan's documents are, and what lies there once somebody asked for it. */
export function Documents({ plan }: { plan: Plan }) {
  const state = useDocument(plan);
  const place = documentUrl(plan.uri);
  if (plan.uri === '') {
    return (
      <section className="card">
        <h2>Documents</h2>
        <p className="muted">The authority does not say where the plan’s documents are.</p>
      </section>
    );
  }
  return (
    <section className="card">
      <h2>Documents</h2>
      <p>
        The authority says that they are at <HostileText text={plan.uri} />. It can change this at any time; the hashes
        of the rubrics, which are on the chain, it cannot.
      </p>
      {'why' in place ? (
        <Notice tone="warn">They are not fetched: {place.why}.</Notice>
      ) : (
        <p className="actions">
          <button
            type="button"
            className="button"
            disabled={state?.status === 'loading'}
            onClick={() => void loadDocument(plan)}
          >
            {state?.status === 'loaded' ? 'Load again from' : 'Load the plan’s documents from'} {hostOf(place.url)}
          </button>
          {state === undefined && <span className="muted">That server then sees that you look at this plan.</span>}
          {state?.status === 'loading' && (
            <span role="status" className="muted">
              Loading…
            </span>
          )}
        </p>
      )}
      {state?.status === 'failed' && <FaultNotice fault={state.fault} />}
      {state?.status === 'loaded' && <Loaded plan={plan} />}
      {state?.status === 'loaded' && state.loaded.findings.length > 0 && (
        <Notice tone="warn">
          <ul className="plain">
            {state.loaded.findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </Notice>
      )}
    </section>
  );
}

function Loaded({ plan }: { plan: Plan }) {
  const loaded = useLoaded(plan);
  if (loaded === undefined) return <p>What lies there is not of this plan, and is not shown.</p>;
  const { description } = loaded.document;
  return (
    <>
      <p className="hint">
        What follows is said by whoever wrote the document. The chain confirms nothing of it but rubrics that are marked
        so.
      </p>
      {description !== '' && <HostileLines text={description} />}
    </>
  );
}
