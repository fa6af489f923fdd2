import { useState } from 'react';
import { CLUSTER_NAMES, type Cluster, type ClusterName, clusterAt } from '../chain/cluster';
import { hostOf } from '../chain/transport';
import type { Versions } from '../chain/version';
import { useApp } from '../context/app';
import { VERSIONS } from '../state/endpoints';
import { Dialog } from '../ui/Dialog';
import { SelectField, TextField } from '../ui/Field';
import { Notice } from '../ui/Notice';

/** Which network this is and who is asked about it, always in sight, and the way to another one. */
export function ClusterBar({ onChange }: { onChange: (cluster: Cluster) => void }) {
  const { cluster, network } = useApp();
  const [open, setOpen] = useState(false);
  const isMainnet = network === 'mainnet';
  const name = network === undefined || network === 'local' ? cluster.name : network;
  return (
    <div className={isMainnet ? 'cluster mainnet' : 'cluster'}>
      <span className="tag">{isMainnet ? 'Mainnet: real tokens' : name}</span>
      <span className="url">{hostOf(cluster.rpcUrl)}</span>
      <button type="button" className="link" onClick={() => setOpen(true)}>
        Change<span className="unseen"> the cluster</span>
      </button>
      {open && (
        <ClusterDialog
          onClose={() => setOpen(false)}
          onChange={(next) => {
            setOpen(false);
            onChange(next);
          }}
        />
      )}
    </div>
  );
}

const VERSION_TEXT: Record<Versions, string> = {
  auto: 'the newest that network, endpoint and wallet take',
  0: 'of version 0, which all take',
  1: 'of version 1 only',
};

function ClusterDialog({ onClose, onChange }: { onClose: () => void; onChange: (cluster: Cluster) => void }) {
  const { cluster, settings } = useApp();
  const [name, setName] = useState<ClusterName>(cluster.name);
  const [rpcUrl, setRpcUrl] = useState(cluster.rpcUrl);
  const [wsUrl, setWsUrl] = useState(cluster.wsUrl);
  const [versions, setVersions] = useState(settings.versions());
  const [wrong, setWrong] = useState<string>();

  function show(next: ClusterName) {
    const known = settings.cluster(next);
    setName(next);
    setRpcUrl(known.rpcUrl);
    setWsUrl(known.wsUrl);
    setWrong(undefined);
  }

  function choose() {
    try {
      const next = clusterAt(name, rpcUrl.trim(), wsUrl.trim());
      settings.choose(name, { rpc: next.rpcUrl, ws: next.wsUrl });
      settings.chooseVersions(versions);
      onChange(next);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  }

  function reset() {
    settings.choose(name, undefined);
    show(name);
  }

  return (
    <Dialog title="Cluster" onClose={onClose}>
      <SelectField
        label="Cluster"
        value={name}
        onChange={show}
        options={CLUSTER_NAMES.map((each) => [each, each] as const)}
        hint="“localnet” stands for a network of your own too."
      />
      <TextField
        label="RPC URL"
        value={rpcUrl}
        onChange={setRpcUrl}
        hint={
          name === 'mainnet'
            ? 'The public endpoint of mainnet refuses most browsers: use one of your own.'
            : 'Whom this page asks about the network.'
        }
      />
      <TextField
        label="Websocket URL"
        value={wsUrl}
        onChange={setWsUrl}
        hint="Leave it empty for the RPC’s next port, or for its own address if that has no port."
      />
      <SelectField
        label="Transactions"
        value={String(versions)}
        onChange={(chosen) => setVersions(VERSIONS.find((each) => String(each) === chosen) ?? 'auto')}
        options={VERSIONS.map((each) => [String(each), VERSION_TEXT[each]] as const)}
        hint="Version 1 holds three times as much, so that fewer have to be signed."
      />
      <p className="hint">
        Kept in this browser only. Links that you copy name the cluster, never the endpoint or a key in its address.
      </p>
      {wrong !== undefined && <Notice tone="bad">{wrong}</Notice>}
      <p className="actions">
        <button type="button" className="button primary" onClick={choose}>
          Use this cluster
        </button>
        <button type="button" className="button" onClick={reset}>
          Back to the default endpoint
        </button>
      </p>
    </Dialog>
  );
}
