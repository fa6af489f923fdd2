// Where in the app one is: the fragment of the page's address, so that any static host will do and a link can be shared.
import { type Address, isAddress } from '@solana/kit';
import { type Cluster, type Named, clusterFrom, clusterQuery } from '../chain/cluster';

export type View =
  | { name: 'home' }
  | { name: 'grants' }
  | { name: 'grant'; grant: Address }
  | { name: 'plan'; plan: Address }
  | { name: 'manage'; plan: Address }
  | { name: 'attest'; plan: Address }
  | { name: 'rule'; plan: Address }
  | { name: 'roles' }
  | { name: 'new' }
  | { name: 'unknown'; path: string };

export type Route = { view: View; named: Named };

/** Reads a fragment like `#/plan/ADDRESS?cluster=devnet`. Throws for a cluster that is none. */
export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#/, '').split('?');
  return { view: parseView(path), named: clusterFrom(new URLSearchParams(query)) };
}

function parseView(path: string): View {
  const [first = '', second, third] = path.split('/').filter((part) => part !== '');
  const unknown: View = { name: 'unknown', path };
  if (first === '') return { name: 'home' };
  if (second === undefined) {
    return first === 'grants' || first === 'roles' || first === 'new' ? { name: first } : unknown;
  }
  if (!isAddress(second)) return unknown;
  if (first === 'grant' && third === undefined) return { name: 'grant', grant: second };
  if (first !== 'plan') return unknown;
  if (third === undefined) return { name: 'plan', plan: second };
  return third === 'manage' || third === 'attest' || third === 'rule' ? { name: third, plan: second } : unknown;
}

/** The fragment of a view on a cluster. */
export function fragmentOf(view: View, cluster: Cluster): string {
  return `#${pathOf(view)}?${clusterQuery(cluster)}`;
}

/** The path of a view, without its cluster. */
export function pathOf(view: View): string {
  switch (view.name) {
    case 'home':
      return '/';
    case 'grants':
    case 'roles':
    case 'new':
      return `/${view.name}`;
    case 'grant':
      return `/grant/${view.grant}`;
    case 'plan':
      return `/plan/${view.plan}`;
    case 'manage':
    case 'attest':
    case 'rule':
      return `/plan/${view.plan}/${view.name}`;
    case 'unknown':
      return view.path;
  }
}
