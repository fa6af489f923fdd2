// What an RPC endpoint can do wrong, and what a person is told: through the app's own reading, on a fetch that lies.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { customCluster } from '../src/chain/cluster';
import { Fault, asFault, refusal } from '../src/chain/fault';
import { rpcChain } from '../src/chain/rpcChain';
import { RETRIES, TIMEOUT_MS, hostOf } from '../src/chain/transport';

const HOST = 'rpc.example';
const URL_WITH_KEY = `https://${HOST}/v2/SECRET?api-key=SECRET`;
const GENESIS = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';

type Asked = { id: string; method: string };
type Answer = (asked: Asked, turn: number, signal?: AbortSignal) => Response | Promise<Response>;

const json = (content: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(content), { status, headers });
const right: Answer = ({ id }) => json({ jsonrpc: '2.0', id, result: GENESIS });
const wrong =
  (code: number, message = 'said by the endpoint'): Answer =>
  (asked) =>
    json({ jsonrpc: '2.0', id: asked.id, error: { code, message } });

/** A chain whose endpoint answers as `answer` says; `calls` counts. */
function endpoint(answer: Answer) {
  const calls: Asked[] = [];
  vi.stubGlobal('fetch', (_: string, init: { body: string; signal: AbortSignal }) => {
    const asked = JSON.parse(init.body) as Asked;
    calls.push(asked);
    return new Promise<Response>((resolve, reject) => {
      init.signal.addEventListener('abort', () => reject(new Error('aborted')));
      void Promise.resolve(answer(asked, calls.length, init.signal)).then(resolve, reject);
    });
  });
  return { chain: rpcChain(customCluster(URL_WITH_KEY)), calls };
}

/** How it ends, with all waiting done at once. */
async function end<T>(promise: Promise<T>): Promise<T | Fault> {
  const done = promise.catch((error: unknown) => asFault(error));
  await vi.advanceTimersByTimeAsync(200_000);
  return done;
}

const messageOf = (ended: unknown) => (ended instanceof Fault ? `${ended.message} ${ended.advice}` : ended);

describe('a request to an endpoint', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is asked again after a failure that passes, and answered', async () => {
    const passing: Record<string, Answer> = {
      'too many requests': () => json({}, 429),
      'out of service': () => new Response('no', { status: 503 }),
      'a page': () => new Response('<html>Log in</html>'),
      'cut short': ({ id }) => new Response(`{"jsonrpc":"2.0","id":"${id}","resu`),
      'another answer': () => json({ jsonrpc: '2.0', id: 'other', result: 'x' }),
      'no network': () => Promise.reject(new TypeError('Failed to fetch')),
      'behind the chain': wrong(-32005),
      'busy, as data': wrong(-32429),
    };
    for (const [name, failure] of Object.entries(passing)) {
      const { chain, calls } = endpoint((asked, turn) => (turn <= 2 ? failure(asked, turn) : right(asked, turn)));
      expect(await end(chain.genesisHash()), name).toBe(GENESIS);
      expect(calls, name).toHaveLength(3);
    }
  });

  it('that keeps failing ends in words, with the host and without the key', async () => {
    const cases: [Answer, RegExp, number][] = [
      [() => json({}, 429), /^The RPC endpoint rpc.example refuses more requests for now. Wait/, 1 + RETRIES],
      [() => new Response('', { status: 503 }), /has a problem of its own \(HTTP status 503\)/, 1 + RETRIES],
      [() => new Response('', { status: 403 }), /refuses requests from this page \(HTTP status 403\)/, 1],
      [() => new Response('', { status: 404 }), /HTTP status 404: there may be no RPC service/, 1],
      [() => new Response(null, { status: 204 }), /HTTP status 204/, 1],
      [() => json({ status: 'pending' }, 202), /HTTP status 202/, 1],
      [() => new Response('<html>'), /answered with a page instead of data/, 1 + RETRIES],
      [() => new Response('{"jsonrpc":"2.0","id":'), /sent an answer that is cut short/, 1 + RETRIES],
      [() => json({ jsonrpc: '2.0', id: '-1', result: 1 }), /sent the answer to another request/, 1 + RETRIES],
      [() => Promise.reject(new TypeError('Failed to fetch')), /does not answer. Check your connection/, 1 + RETRIES],
      [wrong(-32601), /does not offer getGenesisHash/, 1],
      [wrong(-32010), /does not search this program’s accounts/, 1],
      [wrong(-32602, 'Invalid params'), /refused getGenesisHash \(error -32602\): Invalid params/, 1],
    ];
    for (const [answer, words, asked] of cases) {
      const { chain, calls } = endpoint(answer);
      const ended = messageOf(await end(chain.genesisHash()));
      expect(ended).toMatch(words);
      expect(ended).not.toMatch(/SECRET|npx|Solana error/);
      expect(calls, String(words)).toHaveLength(asked);
    }
  });

  it('ends when no answer comes, or its end never does', async () => {
    const silent: Answer = () => new Promise(() => undefined);
    const stalled: Answer = (_, __, signal) => {
      const start = (body: ReadableStreamDefaultController) => {
        signal?.addEventListener('abort', () => body.error(new Error('aborted')));
      };
      return new Response(new ReadableStream({ start }));
    };
    for (const answer of [silent, stalled]) {
      const { chain } = endpoint(answer);
      let ended: unknown;
      void chain.genesisHash().catch((error: unknown) => (ended = error));
      await vi.advanceTimersByTimeAsync(4 * TIMEOUT_MS);
      expect(messageOf(ended)).toContain('rpc.example does not answer');
    }
  });

  it('waits as long as Retry-After says, and not longer than a person would', async () => {
    const seconds = endpoint((asked, turn) =>
      turn === 1 ? json({}, 429, { 'retry-after': '7' }) : right(asked, turn),
    );
    const answer = seconds.chain.genesisHash();
    await vi.advanceTimersByTimeAsync(6_900);
    expect(seconds.calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(seconds.calls).toHaveLength(2);
    expect(await answer).toBe(GENESIS);
    const date = new Date(Date.now() + 9_000).toUTCString();
    const dated = endpoint((asked, turn) => (turn === 1 ? json({}, 503, { 'retry-after': date }) : right(asked, turn)));
    const later = dated.chain.genesisHash();
    await vi.advanceTimersByTimeAsync(7_500);
    expect(dated.calls).toHaveLength(1);
    expect(await end(later)).toBe(GENESIS);
    const hour = endpoint(() => json({}, 429, { 'retry-after': '3600' }));
    expect(messageOf(await end(hour.chain.genesisHash()))).toContain('refuses more requests');
    expect(hour.calls).toHaveLength(1);
  });

  it('to send a transaction is made once, unless the endpoint says that it did not take it', async () => {
    for (const answer of [() => json({}, 503), () => new Response('<html>'), () => Promise.reject(new TypeError())]) {
      const { chain, calls } = endpoint(answer);
      expect(await end(chain.send('AA=='))).toMatchObject({ kind: 'unreachable' });
      expect(calls.map(({ method }) => method)).toEqual(['sendTransaction']);
    }
    const { chain, calls } = endpoint((asked, turn) => (turn === 1 ? json({}, 429) : right(asked, turn)));
    await end(chain.send('AA=='));
    expect(calls.map(({ method }) => method)).toEqual(['sendTransaction', 'sendTransaction']);
  });

  it('about accounts must be answered for each of them', async () => {
    const { chain } = endpoint(({ id }) => json({ jsonrpc: '2.0', id, result: { context: { slot: 1 }, value: [] } }));
    const [clock] = ['SysvarC1ock11111111111111111111111111111111' as never];
    expect(messageOf(await end(chain.accounts([clock])))).toContain('sent the answer to another request');
  });
});

describe('an error', () => {
  it('of Solana’s library is put in words, whichever copy of the library made it', () => {
    const foreign = Object.assign(
      new Error('Solana error #8100002; Decode this error by running `npx @solana/errors`'),
      {
        name: 'SolanaError',
        context: { __code: 8100002 },
      },
    );
    expect(asFault(foreign).message).toBe('The page could not work with what it was given (Solana error 8100002).');
  });

  it('of another program is told by the program that failed', () => {
    const error = (code: number) => ({ InstructionError: [0, { Custom: code }] });
    const failed = (program: string) => [`Program ${program} failed: custom program error: 0x11`];
    const token = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
    expect(refusal(error(17), failed(token)).message).toContain('The token account is frozen');
    expect(refusal(error(17)).message).toContain('The token account is frozen');
    expect(refusal(error(1), failed('11111111111111111111111111111111')).message).toBe('There is not enough SOL.');
    const hook = 'HookHookHookHookHookHookHookHookHookHookHook';
    expect(refusal(error(17), failed(hook)).message).toBe(`The program ${hook} refused with its error 17.`);
  });

  it('never shows more of an endpoint than its host', () => {
    expect(hostOf(URL_WITH_KEY)).toBe(HOST);
    expect(hostOf('https://user:SECRET@rpc.example:8443/x')).toBe('rpc.example:8443');
    expect(hostOf('nonsense')).toBe('of this page');
  });
});
