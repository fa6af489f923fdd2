// Which network the app talks to, and through which endpoint. The network is part of the page's address, so that a link
// means the same for everybody who opens it; the endpoint is not, because its address can carry a key.

/** A JSON-RPC endpoint and its websocket, with the network it is meant to be of. */
export type Cluster = { name: ClusterName; rpcUrl: string; wsUrl: string };

/** `localnet` stands for every network that is not one of the public ones. */
export type ClusterName = 'mainnet' | 'devnet' | 'testnet' | 'localnet';

const PUBLIC: Record<ClusterName, { rpcUrl: string; wsUrl: string }> = {
  mainnet: { rpcUrl: 'https://api.mainnet-beta.solana.com', wsUrl: 'wss://api.mainnet-beta.solana.com' },
  devnet: { rpcUrl: 'https://api.devnet.solana.com', wsUrl: 'wss://api.devnet.solana.com' },
  testnet: { rpcUrl: 'https://api.testnet.solana.com', wsUrl: 'wss://api.testnet.solana.com' },
  localnet: { rpcUrl: 'http://127.0.0.1:8899', wsUrl: 'ws://127.0.0.1:8900' },
};

export const CLUSTER_NAMES = ['mainnet', 'devnet', 'testnet', 'localnet'] as const;

export function isClusterName(name: unknown): name is ClusterName {
  return CLUSTER_NAMES.some((each) => each === name);
}

/** The public endpoint of a network. */
export function publicCluster(name: ClusterName): Cluster {
  return { name, ...PUBLIC[name] };
}

/**
 * Any endpoint of a network. Without `wsUrl` the websocket is where Solana's tools expect it: the next port where a port
 * is named, else the same address. Throws for an address that cannot be an endpoint's.
 */
export function clusterAt(name: ClusterName, rpcUrl: string, wsUrl?: string): Cluster {
  const rpc = endpoint(rpcUrl, ['http:', 'https:']);
  if (wsUrl) return { name, rpcUrl, wsUrl: checkedWs(wsUrl) };
  const ws = new URL(rpc);
  ws.protocol = rpc.protocol === 'https:' ? 'wss:' : 'ws:';
  if (rpc.port !== '') ws.port = String(Number(rpc.port) + 1);
  return { name, rpcUrl, wsUrl: ws.toString() };
}

/** An endpoint of a network that is not one of the public ones. */
export function customCluster(rpcUrl: string, wsUrl?: string): Cluster {
  return clusterAt('localnet', rpcUrl, wsUrl);
}

/** What the page's address says of the network: its name, an endpoint that somebody else chose, or nothing. */
export type Named = { name: ClusterName } | { offered: Cluster } | undefined;

/** Reads the network from the page's address. Throws for one that there is not. */
export function clusterFrom(query: URLSearchParams): Named {
  const rpc = query.get('rpc');
  if (rpc !== null) return { offered: customCluster(rpc, query.get('ws') ?? undefined) };
  const name = query.get('cluster');
  if (name === null) return undefined;
  if (isClusterName(name)) return { name };
  throw new Error(`"${name}" is not a cluster. Use ${CLUSTER_NAMES.join(', ')}.`);
}

/** What the page's address says of `cluster`. */
export function clusterQuery(cluster: Cluster): string {
  return `cluster=${cluster.name}`;
}

/**
 * A page about an address or a transaction; undefined where no explorer can see it. The explorer gets the address of an
 * endpoint only if that is on this machine, and never its path or query.
 */
export function explorerUrl(cluster: Cluster, kind: 'address' | 'tx', id: string): string | undefined {
  const { protocol, hostname, host } = new URL(cluster.rpcUrl);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (cluster.name === 'localnet' && !isHere) return undefined;
  const query: Record<ClusterName, string> = {
    mainnet: '',
    devnet: '?cluster=devnet',
    testnet: '?cluster=testnet',
    localnet: `?cluster=custom&customUrl=${encodeURIComponent(`${protocol}//${host}`)}`,
  };
  return `https://explorer.solana.com/${kind}/${id}${query[cluster.name]}`;
}

/** What an endpoint turned out to be, whatever its address says. */
export type Network = 'mainnet' | 'devnet' | 'testnet' | 'local';

const GENESIS: Record<string, Network> = {
  '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d': 'mainnet',
  EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG: 'devnet',
  '4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY': 'testnet',
};

/** The network with this genesis hash; testnet, which begins anew at times, is known by its endpoint too. */
export function networkOf(genesisHash: string, cluster: Cluster): Network {
  return GENESIS[genesisHash] ?? (cluster.name === 'testnet' ? 'testnet' : 'local');
}

/** The name under which a network is kept. */
export function nameOf(network: Network): ClusterName {
  return network === 'local' ? 'localnet' : network;
}

/** How wallets name the network. */
export function walletChain(network: Network): `solana:${string}` {
  return network === 'local' ? 'solana:localnet' : `solana:${network}`;
}

function checkedWs(url: string): string {
  return endpoint(url, ['ws:', 'wss:']) && url;
}

function endpoint(text: string, protocols: string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !protocols.includes(url.protocol)) {
    throw new Error(
      `"${text}" is not the address of an endpoint. It must begin with ${protocols.map((p) => `${p}//`).join(' or ')}.`,
    );
  }
  return url;
}
