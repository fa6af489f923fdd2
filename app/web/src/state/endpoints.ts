// Which RPC endpoint stands for each network, and which transactions are sent: the person's own choice, else the
// deployer's, else the usual one. An endpoint's address often carries a key, so it is kept here and never in the page's
// address.
import {
  CLUSTER_NAMES,
  type Cluster,
  type ClusterName,
  clusterAt,
  isClusterName,
  publicCluster,
} from '../chain/cluster';
import type { Versions } from '../chain/version';

export type Endpoint = { rpc: string; ws?: string };

export type Settings = {
  /** The network of a page's address that names none. */
  cluster?: ClusterName;
  endpoints: Partial<Record<ClusterName, Endpoint>>;
  /** Which transactions are sent; automatically unless somebody says so. */
  transactionVersion?: Versions;
};

export const VERSIONS: readonly Versions[] = ['auto', 0, 1];

const KEY = 'earnout.endpoints';
const NONE: Settings = { endpoints: {} };
/** A page without `config.json` must not wait for it, milliseconds. */
const CONFIG_MS = 5_000;

/** Reads settings that somebody wrote. Throws with what is wrong. */
export function parseSettings(content: unknown): Settings {
  if (typeof content !== 'object' || content === null) throw new Error('is not an object');
  const { cluster, endpoints = {}, transactionVersion } = content as Record<string, unknown>;
  if (cluster !== undefined && !isClusterName(cluster)) {
    throw new Error(`"cluster" is ${JSON.stringify(cluster)}; expected ${CLUSTER_NAMES.join(', ')}`);
  }
  if (typeof endpoints !== 'object' || endpoints === null) throw new Error('"endpoints" is not an object');
  const read: Settings['endpoints'] = {};
  for (const [name, endpoint] of Object.entries(endpoints as Record<string, Partial<Endpoint> | null>)) {
    if (!isClusterName(name)) throw new Error(`"${name}" is not a network; expected ${CLUSTER_NAMES.join(', ')}`);
    const { rpc, ws } = endpoint ?? {};
    if (typeof rpc !== 'string') throw new Error(`"endpoints.${name}.rpc" is missing`);
    clusterAt(name, rpc, ws);
    read[name] = ws === undefined ? { rpc } : { rpc, ws };
  }
  const version = VERSIONS.find((each) => each === transactionVersion);
  if (transactionVersion !== undefined && version === undefined) {
    throw new Error(`"transactionVersion" is ${JSON.stringify(transactionVersion)}; expected "auto", 0 or 1`);
  }
  return { cluster, endpoints: read, transactionVersion: version };
}

/** The deployer's settings: `config.json` beside the page. */
export async function readConfig(): Promise<{ config: Settings; wrong?: string }> {
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), CONFIG_MS);
  let content: unknown;
  try {
    const response = await fetch('config.json', { signal: ends.signal, cache: 'no-cache' });
    if (!response.ok) return { config: NONE };
    content = await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return { config: NONE, wrong: 'config.json of this site is not JSON.' };
    return { config: NONE };
  } finally {
    clearTimeout(timer);
  }
  try {
    return { config: parseSettings(content) };
  } catch (error) {
    return { config: NONE, wrong: `config.json of this site: ${error instanceof Error ? error.message : ''}.` };
  }
}

export type EndpointStore = {
  /** Changes with every choice. */
  get: () => Settings;
  subscribe: (listener: () => void) => () => void;
  /** What is wrong with the deployer's settings. */
  wrong: string | undefined;
  /** The endpoint of a network, by default of the one that was used last. */
  cluster: (name?: ClusterName) => Cluster;
  /** The network for which this very endpoint is set. */
  nameOf: (endpoint: Cluster) => ClusterName | undefined;
  /** Keeps an endpoint in this browser; undefined goes back to the default. */
  choose: (name: ClusterName, endpoint: Endpoint | undefined) => void;
  /** Which transactions are sent. */
  versions: () => Versions;
  /** Keeps in this browser which transactions are sent. */
  chooseVersions: (versions: Versions) => void;
  /** Uses an endpoint until this tab is closed. */
  borrow: (name: ClusterName, endpoint: Endpoint) => void;
};

export function endpointStore(
  { config, wrong }: { config: Settings; wrong?: string } = { config: NONE },
): EndpointStore {
  const listeners = new Set<() => void>();
  let own = stored('localStorage');
  let borrowed = stored('sessionStorage');
  let all = merged();

  function merged(): Settings {
    return {
      cluster: own.cluster ?? config.cluster,
      endpoints: { ...config.endpoints, ...own.endpoints, ...borrowed.endpoints },
      transactionVersion: own.transactionVersion ?? config.transactionVersion,
    };
  }

  function changed() {
    keep('localStorage', own);
    keep('sessionStorage', borrowed);
    all = merged();
    listeners.forEach((listener) => listener());
  }

  function cluster(name: ClusterName = all.cluster ?? 'devnet'): Cluster {
    return of(name, all.endpoints[name]);
  }

  return {
    get: () => all,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    wrong,
    cluster,
    nameOf: (endpoint) => CLUSTER_NAMES.find((name) => same(cluster(name), endpoint)),
    choose(name, endpoint) {
      const others = { ...own.endpoints };
      const lent = { ...borrowed.endpoints };
      delete others[name];
      delete lent[name];
      const usual = of(name, config.endpoints[name]);
      const isUsual = endpoint === undefined || same(of(name, endpoint), usual);
      // What is the default anyway is not kept: a later default of the site then counts.
      own = { ...own, cluster: name, endpoints: isUsual ? others : { ...others, [name]: endpoint } };
      borrowed = { endpoints: lent };
      changed();
    },
    versions: () => all.transactionVersion ?? 'auto',
    chooseVersions(versions) {
      const usual = config.transactionVersion ?? 'auto';
      own = { ...own, transactionVersion: versions === usual ? undefined : versions };
      changed();
    },
    borrow(name, endpoint) {
      borrowed = { endpoints: { ...borrowed.endpoints, [name]: endpoint } };
      changed();
    },
  };
}

function of(name: ClusterName, endpoint: Endpoint | undefined): Cluster {
  return endpoint === undefined ? publicCluster(name) : clusterAt(name, endpoint.rpc, endpoint.ws);
}

function same(one: Cluster, other: Cluster): boolean {
  return one.rpcUrl === other.rpcUrl && one.wsUrl === other.wsUrl;
}

/** What a browser kept; nothing where it keeps nothing or somebody else wrote there. */
function stored(where: 'localStorage' | 'sessionStorage'): Settings {
  try {
    return parseSettings(JSON.parse(window[where].getItem(KEY) ?? '{}'));
  } catch {
    return NONE;
  }
}

function keep(where: 'localStorage' | 'sessionStorage', settings: Settings) {
  try {
    window[where].setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
}
