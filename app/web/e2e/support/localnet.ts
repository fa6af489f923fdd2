// A local chain of its own for a test: the `earnout-localnet` binary on free ports, with its keys.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Address, type KeyPairSigner, createKeyPairSignerFromBytes } from '@solana/kit';

const BUILT = fileURLToPath(new URL('../../../../target/debug/earnout-localnet', import.meta.url));
const BINARY = process.env.EARNOUT_LOCALNET ?? BUILT;

export type Localnet = {
  rpcUrl: string;
  wsUrl: string;
  /** The demo plan, if it was asked for. */
  demo:
    { plan: Address; mint: Address; start: number; grants: { address: Address; beneficiary: string }[] } | undefined;
  /** One of the funded demo keys by name. */
  key: (name: string) => Promise<KeyPairSigner>;
  /** Moves the clock to a time, Unix seconds. */
  warp: (to: bigint) => void;
  now: () => bigint;
  airdrop: (address: Address, sol: number) => void;
  /** The version of a transaction that was executed. */
  versionOf: (signature: string) => Promise<unknown>;
  stop: () => Promise<void>;
};

type Description = {
  keys: Record<string, { path: string }>;
  demo: Localnet['demo'] | null;
};

export async function startLocalnet(options: { demo?: boolean; time?: string } = {}): Promise<Localnet> {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not built: cargo build -p earnout-localnet`);
  const folder = mkdtempSync(join(tmpdir(), 'earnout-web-'));
  const args = ['start', '--rpc-port', '0', '--ws-port', '0', '--dir', folder, '--with-parent', '--slot-ms', '100'];
  if (options.demo) args.push('--demo');
  if (options.time) args.push('--time', options.time);
  const child = spawn(BINARY, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const { rpcUrl, wsUrl } = JSON.parse(await firstLine(child)) as { rpcUrl: string; wsUrl: string };
  const description = JSON.parse(readFileSync(join(folder, 'localnet.json'), 'utf8')) as Description;
  const run = (...command: string[]) => execFileSync(BINARY, [...command, '--url', rpcUrl], { encoding: 'utf8' });
  return {
    rpcUrl,
    wsUrl,
    demo: description.demo ?? undefined,
    async key(name) {
      const entry = description.keys[name];
      if (entry === undefined) throw new Error(`no demo key ${name}`);
      return createKeyPairSignerFromBytes(new Uint8Array(JSON.parse(readFileSync(entry.path, 'utf8')) as number[]));
    },
    warp: (to) => void run('warp', String(to)),
    now: () => BigInt(run('clock').trim().split(' ').at(-1) ?? '0'),
    airdrop: (address, sol) => void run('airdrop', address, String(sol)),
    async versionOf(signature) {
      const options = { encoding: 'json', commitment: 'confirmed', maxSupportedTransactionVersion: 1 };
      const request = { jsonrpc: '2.0', id: 1, method: 'getTransaction', params: [signature, options] };
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(rpcUrl, { method: 'POST', headers, body: JSON.stringify(request) });
      return ((await answer.json()) as { result: { version: unknown } }).result.version;
    },
    async stop() {
      child.stdin?.end();
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('the chain has no output'));
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the chain ended with exit code ${code}`)));
  });
}
