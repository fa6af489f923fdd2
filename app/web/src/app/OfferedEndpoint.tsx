import { useState } from 'react';
import type { Chain } from '../chain/chain';
import { type Cluster, nameOf, networkOf } from '../chain/cluster';
import { type Fault, asFault } from '../chain/fault';
import { hostOf } from '../chain/transport';
import type { EndpointStore } from '../state/endpoints';
import { type View, fragmentOf } from '../state/route';
import { Dialog } from '../ui/Dialog';
import { FaultNotice } from '../ui/Notice';

/** Asks before an endpoint that a link brought is used: it could show any amounts, and sees who looks. */
export function OfferedEndpoint({
  offered,
  view,
  settings,
  connect,
}: {
  offered: Cluster;
  view: View;
  settings: EndpointStore;
  connect: (cluster: Cluster) => Chain;
}) {
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const host = hostOf(offered.rpcUrl);
  const own = settings.cluster();
  // The link is replaced: neither a reload nor the way back asks again, and the endpoint is not in the address.
  const goTo = (cluster: Cluster) => window.location.replace(fragmentOf(view, cluster));

  async function use() {
    setAsking(true);
    setFault(undefined);
    try {
      const name = nameOf(networkOf(await connect(offered).genesisHash(), offered));
      settings.borrow(name, { rpc: offered.rpcUrl, ws: offered.wsUrl });
      goTo(settings.cluster(name));
    } catch (error) {
      setFault(asFault(error));
      setAsking(false);
    }
  }

  return (
    <Dialog title="This link brings its own endpoint" onClose={() => goTo(own)}>
      <p>
        The link asks this page to read from <strong>{host}</strong> instead of your own endpoint.
      </p>
      <p>
        Every amount and name on the page would come from there, and it would see your network address and what you look
        at. Use it only if you know and trust it. It is used in this tab only, until you close it.
      </p>
      {fault !== undefined && <FaultNotice fault={fault} />}
      <p className="actions">
        <button type="button" className="button primary" disabled={asking} onClick={() => goTo(own)}>
          Use my own: {own.name}, {hostOf(own.rpcUrl)}
        </button>
        <button type="button" className="button" disabled={asking} onClick={() => void use()}>
          {asking ? `Asking ${host}…` : `Use ${host}`}
        </button>
      </p>
    </Dialog>
  );
}
