// Plan documents that somebody asked for, kept as long as the page is open. Nothing is fetched without that.
import { useSyncExternalStore } from 'react';
import type { Address } from '@solana/kit';
import type { Fault } from '../chain/fault';
import type { Plan } from '../domain/terms';
import type { LoadedDocument } from '../model/document';

export type DocumentState =
  { status: 'loading' } | { status: 'loaded'; loaded: LoadedDocument } | { status: 'failed'; fault: Fault };

const states = new Map<string, DocumentState>();
const listeners = new Set<() => void>();

/** A plan's document is one of its place: when the authority names another one, it has to be asked for again. */
const keyOf = ({ address, uri }: { address: Address; uri: string }) => `${address} ${uri}`;

/** What is known now of the plan's document. */
export function tell(plan: Plan, state: DocumentState) {
  states.set(keyOf(plan), state);
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

/** What the plan's document calls a grant: by its number, or else by its beneficiary. */
export function useLabel(
  plan: Plan,
  { index, beneficiary }: { index: number; beneficiary: Address },
): string | undefined {
  const labels = useLoaded(plan)?.document.labels;
  return labels?.grants.get(index) ?? labels?.beneficiaries.get(beneficiary);
}
