import type { Chain } from '../../src/chain/chain';
import { MemoryStore, Outbox, faultOf } from '../../src/chain/outbox';
import { type Prepared, type SignTransactions, signAll } from '../../src/chain/transaction';

/** Signs, sends and follows transactions one after the other. Throws the fault of the first that is not executed. */
export async function submit(chain: Chain, prepared: readonly Prepared[], sign: SignTransactions): Promise<void> {
  const outbox = new Outbox(chain, 'a test', new MemoryStore());
  for (const signed of await signAll(chain, prepared, sign)) {
    const fault = faultOf(await outbox.send(signed, { title: 'a test', keys: [] }));
    if (fault !== undefined) throw fault;
  }
}
