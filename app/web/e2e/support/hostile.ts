// The endpoint that lies, before a chain: the `hostile-endpoint` binary.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../../target/debug/hostile-endpoint', import.meta.url));
const BINARY = process.env.EARNOUT_HOSTILE ?? BUILT;

export type Mode = { mode: string } & Record<string, unknown>;

export type Hostile = {
  url: string;
  /** How it behaves from now on. */
  set: (...modes: Mode[]) => Promise<void>;
  /** First signatures of all transactions that were sent to it, once each. */
  sent: () => Promise<string[]>;
  stop: () => void;
};

export async function startHostile(target: string): Promise<Hostile> {
  if (!existsSync(BINARY)) {
    throw new Error(`${BINARY} is not built: cargo build -p earnout-e2e --bin hostile-endpoint`);
  }
  const child = spawn(BINARY, [target, '--with-parent'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the endpoint ended with exit code ${code}`)));
  });
  return {
    url,
    async set(...modes) {
      const answer = await fetch(`${url}/mode`, { method: 'POST', body: JSON.stringify(modes) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    async sent() {
      const answer = await fetch(`${url}/seen`);
      return ((await answer.json()) as { signatures: string[] }).signatures;
    },
    stop: () => void child.stdin.end(),
  };
}
