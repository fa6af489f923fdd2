// Plan documents that somebody asked for, kept as long as the page is open. Nothing is fetched without that.
import { useSyncExternalStore } from 'react';
import type { Address } from '@solana/kit';
import { fetchDocument } from '../chain/documents';
import { Fault, asFault } from '../chain/fault';
import type { Plan } from '../domain/terms';
import { type LoadedDocument, MOST_BYTES, beside, checkDocument, documentUrl, readDocument } from '../model/document';

export type DocumentState =
  { status: 'loading' } | { status: 'loaded'; loaded: LoadedDocument } | { status: 'failed'; fault: Fault };

const states = new Map<string, DocumentState>();
const listeners = new Set<() => void>();

/** A plan's document is one of its place: when the authority names another one, it has to be asked for again. */
const keyOf = ({ address, uri }: { address: Address; uri: string }) => `${address} ${uri}`;

function set(key: string, state: DocumentState) {
  states.set(key, state);
  listeners.forEach((listener) => listener());
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** The plan's document; undefined as long as nobody asked for it. */
export function useDocument(plan: Plan): DocumentState | undefined {
  return useSyncExternalStore(subscribe, () => states.get(keyOf(plan)));
}

/** The plan's document once it is loaded. */
export function useLoaded(plan: Plan): LoadedDocument | undefined {
  const state = useDocument(plan);
  // What is said of another plan is not shown with this one.
  return state?.status === 'loaded' && state.loaded.document.plan === plan.address ? state.loaded : undefined;
}

/** Fetches the plan's document and the rubrics beside it. */
export async function loadDocument(plan: Plan, fetched = fetchDocument): Promise<void> {
  const key = keyOf(plan);
  set(key, { status: 'loading' });
  try {
    set(key, { status: 'loaded', loaded: await load(plan, fetched) });
  } catch (error) {
    set(key, { status: 'failed', fault: asFault(error) });
  }
}

async function load(plan: Plan, fetched: typeof fetchDocument): Promise<LoadedDocument> {
  const place = documentUrl(plan.uri);
  if ('why' in place) throw new Fault('input', `The plan’s document is not fetched: ${place.why}.`, '');
  const read = readDocument(await fetched(place.url, MOST_BYTES));
  if ('why' in read) {
    throw new Fault('input', `What lies there is no plan document: ${read.why}.`, 'Ask the plan’s authority.');
  }
  const { document } = read;
  const files = new Map<string, Uint8Array | { why: string }>();
  // Only of KPIs that the plan has, which bounds their number.
  for (const { number } of plan.kpis) {
    const rubric = document.rubrics.get(number);
    if (rubric === undefined || !('file' in rubric) || files.has(rubric.file)) continue;
    const bytes = await fetched(beside(place.url, rubric.file), MOST_BYTES).catch((error: unknown) => ({
      why: asFault(error).message,
    }));
    files.set(rubric.file, bytes);
  }
  return checkDocument(document, plan, files);
}
