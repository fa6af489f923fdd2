import { useState } from 'react';
import { CLUSTER_NAMES, type Cluster, type ClusterName, customCluster, publicCluster } from '../chain/cluster';
import { Dialog } from '../ui/Dialog';
import { SelectField, TextField } from '../ui/Field';
import { Notice } from '../ui/Notice';
import { useApp } from './context';

/** Which chain this is, always in sight, and the way to another one. */
export function ClusterBar({ onChange }: { onChange: (cluster: Cluster) => void }) {
  const { cluster, network } = useApp();
  const [open, setOpen] = useState(false);
  const isMainnet = network === 'mainnet';
  const name = network === undefined || network === 'local' ? cluster.name : network;
  return (
    <div className={isMainnet ? 'cluster mainnet' : 'cluster'}>
      <span className="tag">{isMainnet ? 'Mainnet: real tokens' : name}</span>
      <span className="url" title={cluster.rpcUrl}>
        {cluster.rpcUrl}
      </span>
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

function ClusterDialog({ onClose, onChange }: { onClose: () => void; onChange: (cluster: Cluster) => void }) {
  const { cluster } = useApp();
  const [name, setName] = useState<ClusterName>(cluster.name);
  const [rpcUrl, setRpcUrl] = useState(cluster.rpcUrl);
  const [wsUrl, setWsUrl] = useState(cluster.wsUrl);
  const [wrong, setWrong] = useState<string>();

  function choose() {
    try {
      onChange(name === 'custom' ? customCluster(rpcUrl.trim(), wsUrl.trim()) : publicCluster(name));
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <Dialog title="Cluster" onClose={onClose}>
      <SelectField
        label="Cluster"
        value={name}
        onChange={setName}
        options={CLUSTER_NAMES.map((each) => [each, each] as const)}
        hint="The public endpoint of mainnet refuses most browsers: choose “custom” and your own endpoint."
      />
      {name === 'custom' && (
        <>
          <TextField label="RPC URL" value={rpcUrl} onChange={setRpcUrl} />
          <TextField
            label="Websocket URL"
            value={wsUrl}
            onChange={setWsUrl}
            hint="Left empty: the RPC’s next port, or its own address without a port."
          />
        </>
      )}
      {wrong !== undefined && <Notice tone="bad">{wrong}</Notice>}
      <p className="actions">
        <button type="button" className="button primary" onClick={choose}>
          Use this cluster
        </button>
      </p>
    </Dialog>
  );
}
