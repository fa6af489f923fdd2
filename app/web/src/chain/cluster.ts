// Which chain the app talks to. It is part of the page's address, so that a link means the same for whoever opens it.

/** A JSON-RPC endpoint and its websocket. */
export type Cluster = { name: ClusterName; rpcUrl: string; wsUrl: string };

export type ClusterName = 'mainnet' | 'devnet' | 'testnet' | 'localnet' | 'custom';

const PUBLIC: Record<Exclude<ClusterName, 'custom'>, { rpcUrl: string; wsUrl: string }> = {
  mainnet: { rpcUrl: 'https://api.mainnet-beta.solana.com', wsUrl: 'wss://api.mainnet-beta.solana.com' },
  devnet: { rpcUrl: 'https://api.devnet.solana.com', wsUrl: 'wss://api.devnet.solana.com' },
  testnet: { rpcUrl: 'https://api.testnet.solana.com', wsUrl: 'wss://api.testnet.solana.com' },
  localnet: { rpcUrl: 'http://127.0.0.1:8899', wsUrl: 'ws://127.0.0.1:8900' },
};

export const CLUSTER_NAMES = ['mainnet', 'devnet', 'testnet', 'localnet', 'custom'] as const;

/** One of the public clusters. */
export function publicCluster(name: Exclude<ClusterName, 'custom'>): Cluster {
  return { name, ...PUBLIC[name] };
}

/**
 * Any endpoint. Without `wsUrl` the websocket is where Solana's tools expect it: the next port where a port is named,
 * else the same address.
 */
export function customCluster(rpcUrl: string, wsUrl?: string): Cluster {
  const rpc = endpoint(rpcUrl, ['http:', 'https:']);
  if (wsUrl) return { name: 'custom', rpcUrl, wsUrl: checkedWs(wsUrl) };
  const ws = new URL(rpc);
  ws.protocol = rpc.protocol === 'https:' ? 'wss:' : 'ws:';
  if (rpc.port !== '') ws.port = String(Number(rpc.port) + 1);
  return { name: 'custom', rpcUrl, wsUrl: ws.toString() };
}

/** Reads the cluster from the page's address; devnet where it names none. Throws for an address that is none. */
export function clusterFrom(query: URLSearchParams): Cluster {
  const rpc = query.get('rpc');
  if (rpc !== null) return customCluster(rpc, query.get('ws') ?? undefined);
  const name = query.get('cluster') ?? 'devnet';
  if (name in PUBLIC) return publicCluster(name as keyof typeof PUBLIC);
  throw new Error(`"${name}" is no cluster. Use mainnet, devnet, testnet, localnet, or rpc=URL.`);
}

/** What the page's address says of `cluster`. */
export function clusterQuery(cluster: Cluster): string {
  if (cluster.name !== 'custom') return `cluster=${cluster.name}`;
  const usual = customCluster(cluster.rpcUrl).wsUrl === cluster.wsUrl;
  const ws = usual ? '' : `&ws=${encodeURIComponent(cluster.wsUrl)}`;
  return `rpc=${encodeURIComponent(cluster.rpcUrl)}${ws}`;
}

/** A page about a transaction or an address; undefined for a chain that no public page shows. */
export function explorerUrl(cluster: Cluster, kind: 'tx' | 'address', id: string): string | undefined {
  const query: Partial<Record<ClusterName, string>> = {
    mainnet: '',
    devnet: '?cluster=devnet',
    testnet: '?cluster=testnet',
    localnet: `?cluster=custom&customUrl=${encodeURIComponent(cluster.rpcUrl)}`,
    custom: `?cluster=custom&customUrl=${encodeURIComponent(cluster.rpcUrl)}`,
  };
  const suffix = query[cluster.name];
  return suffix === undefined ? undefined : `https://explorer.solana.com/${kind}/${id}${suffix}`;
}

/** What an endpoint turned out to be, whatever its address says. */
export type Network = 'mainnet' | 'devnet' | 'testnet' | 'local';

const GENESIS: Record<string, Network> = {
  '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d': 'mainnet',
  EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG: 'devnet',
};

/** The network with this genesis hash; testnet, which begins anew at times, is known by its endpoint only. */
export function networkOf(genesisHash: string, cluster: Cluster): Network {
  return GENESIS[genesisHash] ?? (cluster.name === 'testnet' ? 'testnet' : 'local');
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
      `"${text}" is no address of an endpoint. It begins with ${protocols.map((p) => `${p}//`).join(' or ')}.`,
    );
  }
  return url;
}
