// What a user is about to sign, as data: built first, shown, then signed.
import { type ReactNode, createContext, useContext } from 'react';
import type { Address, Instruction } from '@solana/kit';
import type { Fault } from '../chain/fault';
import type { Envelope } from '../chain/packing';

/** One line of what is shown: what it is about, and what is said of it. */
export type Fact = readonly [label: string, value: ReactNode];

export type ActionRequest = {
  /** What the confirming button says. */
  verb: string;
  /** What will happen, line by line. */
  lines: readonly Fact[];
  /** What is left out, and why. */
  left?: readonly Fact[];
  /** One list for each transaction. */
  transactions: readonly (readonly Instruction[])[];
  /** Whether each transaction needs the one before it; then each is sent when that one was executed. */
  inOrder?: boolean;
  /** What each transaction is about: one that fails stops only those about the same. Without it all are about one thing. */
  names?: readonly string[];
  /** What else each transaction stands in the way of, as keys of actions. */
  marks?: readonly (readonly string[])[];
  /** Told how each transaction ended: executed, or with why not. */
  onEnd?: (index: number, fault: Fault | undefined) => void;
  /** Transactions that are left for later: the action is built again, from what the chain says then. */
  later?: number;
  /** Lamports that new accounts need; they come back when the accounts are closed. */
  rent?: bigint;
  /** What is true when it is done. */
  done: string;
};

export type Action = {
  title: string;
  /** What it does to whom, like `fund/PLAN`. While one with the same key may still be executed, none is offered. */
  keys: readonly string[];
  /** Builds the request for whoever signs and pays, in transactions of a form; `whole` leaves nothing for later. */
  build: (envelope: Envelope, whole?: boolean) => Promise<ActionRequest>;
  onDone?: () => void;
};

export type ActionContext = {
  /** Shows the action to the connected wallet. */
  start: (action: Action) => void;
  /** Shows the action as messages that a multisig can execute, by default the one at `signer`. */
  exportFor: (signer: Address | undefined, action: Action) => void;
};

export const Actions = createContext<ActionContext | undefined>(undefined);

export function useAction(): ActionContext {
  const actions = useContext(Actions);
  if (actions === undefined) throw new Error('outside of the app');
  return actions;
}
