// What is known of the chain behind the endpoint before anything else: which one it is, and its time. Both are asked for
// until they are answered.
import { useEffect, useState } from 'react';
import type { Chain } from '../chain/chain';
import { type Cluster, type Network, nameOf, networkOf } from '../chain/cluster';
import { type Fault, asFault } from '../chain/fault';
import { hostOf } from '../chain/transport';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import { chainTime } from '../state/clock';
import { AGAIN_MS, useAsked } from '../state/useAsked';

/** How often the chain's time is asked for, milliseconds. */
const CLOCK_MS = 15_000;

export type NetworkState = {
  network: Network | undefined;
  /** The genesis hash. */
  genesis: string | undefined;
  /** Why nothing can be signed here. */
  hindrance: string | undefined;
  /** The endpoint is of another network than the page's address says. */
  mismatch: boolean;
  fault: Fault | undefined;
  again: () => void;
};

/** Which network this is. Nothing is signed before that is known, nor where the program is not. */
export function useNetwork(chain: Chain, cluster: Cluster): NetworkState {
  const { value, fault, again } = useAsked(`${cluster.rpcUrl} ${cluster.wsUrl}`, async () => {
    const [genesis, [program]] = await Promise.all([chain.genesisHash(), chain.accounts([EARNOUT_PROGRAM_ADDRESS])]);
    return { genesis, hasProgram: program !== undefined };
  });
  const host = hostOf(cluster.rpcUrl);
  if (value === undefined) {
    const hindrance = `${host} has not said yet which network it is. Nothing can be signed until it does.`;
    return { network: undefined, genesis: undefined, hindrance, mismatch: false, fault, again };
  }
  const { genesis, hasProgram } = value;
  const network = networkOf(genesis, cluster);
  const mismatch = nameOf(network) !== cluster.name;
  let hindrance: string | undefined;
  if (!hasProgram) hindrance = `The Earnout program is not on the network of ${host}. Nothing can be signed here.`;
  if (mismatch)
    hindrance = `${host} is an endpoint of ${nameOf(network)}, and this page’s address says ${cluster.name}.`;
  return { network, genesis, hindrance, mismatch, fault: undefined, again };
}

/** The chain's time, moved on by the browser's clock between two readings, and why it is not known. */
export function useChainTime(chain: Chain): { now: bigint | undefined; fault: Fault | undefined } {
  const [read, setRead] = useState<{ time: bigint; at: number }>();
  const [fault, setFault] = useState<Fault>();
  const [tick, setTick] = useState(() => performance.now());
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      clearTimeout(timer);
      chainTime(chain).then(
        (time) => {
          if (gone) return;
          setRead({ time, at: performance.now() });
          setFault(undefined);
          clearTimeout(timer);
          timer = setTimeout(ask, CLOCK_MS);
        },
        (error: unknown) => {
          if (gone) return;
          setFault(asFault(error));
          clearTimeout(timer);
          timer = setTimeout(ask, AGAIN_MS[0]);
        },
      );
    };
    ask();
    const ticking = setInterval(() => setTick(performance.now()), 1_000);
    document.addEventListener('visibilitychange', ask);
    return () => {
      gone = true;
      clearTimeout(timer);
      clearInterval(ticking);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [chain]);
  if (read === undefined) return { now: undefined, fault };
  return { now: read.time + BigInt(Math.max(0, Math.floor((tick - read.at) / 1_000))), fault: undefined };
}
