import { type SyntheticEvent, useState } from 'react';
import { isAddress } from '@solana/kit';
import { asFault } from '../chain/fault';
import { decodeGrant } from '../chain/read';
import { useApp, useHref } from '../context/app';
import { TextField } from '../ui/Field';

/** The start: what this is, and the way to a plan or grant whose address one has. */
export function Home() {
  const { chain } = useApp();
  const href = useHref();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string>();

  async function open(event: SyntheticEvent) {
    event.preventDefault();
    const address = text.trim();
    if (!isAddress(address)) {
      setWrong('This is not an address. An address has 32 to 44 letters and digits.');
      return;
    }
    try {
      const [account] = await chain.accounts([address]);
      const isGrant = account !== undefined && decodeGrant(account) !== undefined;
      window.location.hash = href(isGrant ? { name: 'grant', grant: address } : { name: 'plan', plan: address });
    } catch (error) {
      setWrong(asFault(error).message);
    }
  }

  return (
    <>
      <section className="intro">
        <h1>Pay for results, by rules nobody can change</h1>
        <p>
          A project locks tokens, states in advance what will be measured and what each result is worth, and names who
          reports it. Here you see what you earned and why, and claim it from your own wallet.
        </p>
        <p className="actions">
          <a className="button primary" href={href({ name: 'grants' })}>
            My grants
          </a>
          <a className="button" href={href({ name: 'roles' })}>
            Attest, rule or manage
          </a>
        </p>
      </section>
      <section className="card">
        <h2>Look at a plan or a grant</h2>
        <form onSubmit={(event) => void open(event)}>
          <TextField
            label="Address"
            value={text}
            error={wrong}
            hint="Anyone may look: no wallet is needed."
            onChange={(next) => {
              setText(next);
              setWrong(undefined);
            }}
          />
          <button type="submit" className="button primary">
            Open
          </button>
        </form>
      </section>
    </>
  );
}
