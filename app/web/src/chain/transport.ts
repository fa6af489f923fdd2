// How requests reach an RPC endpoint: each ends within a time, is asked again where that can help, and is answered by
// the endpoint it was sent to or by a fault in words. Nothing above this file sees an HTTP status or a page of HTML.
import { parseJsonWithBigInts, stringifyJsonWithBigInts } from '@solana/rpc-spec-types';
import { Fault, refusal } from './fault';

/** The longest that one request may take, milliseconds. */
export const TIMEOUT_MS = 15_000;
/** How often a request that failed is asked again. */
export const RETRIES = 4;
/** The first wait before asking again, milliseconds; each later one is twice as long. */
const FIRST_WAIT_MS = 500;
/** No retry begins after so long: a person waits for the answer. */
const PATIENCE_MS = 40_000;

/** The sender decides about sending again, unless the endpoint says that it did not take the request. */
const ASKED_ONCE = new Set(['sendTransaction', 'requestAirdrop']);

const CHOOSE = 'choose another endpoint at the top of the page.';

type Request = { id: unknown; method: string };
/** `untaken`: the endpoint refused to look at the request. */
type Problem = { fault: Fault; again: boolean; untaken?: boolean; waitMs?: number };
type Transport = <T>(config: { payload: unknown; signal?: AbortSignal }) => Promise<T>;

/** The host of an endpoint. Paths and queries carry keys, and are shown nowhere. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'of this page';
}

/** A transport for `createSolanaRpcFromTransport`. */
export function httpTransport(url: string, send: typeof fetch = (...given) => fetch(...given)): Transport {
  const endpoint = `The RPC endpoint ${hostOf(url)}`;
  return async <T>({ payload, signal }: { payload: unknown; signal?: AbortSignal }): Promise<T> => {
    const began = Date.now();
    for (let attempt = 0; ; attempt += 1) {
      const answer = await ask(endpoint, url, payload as Request, signal, send);
      if (!('fault' in answer)) return answer.result as T;
      const { fault, again, untaken, waitMs } = answer;
      const backoff = FIRST_WAIT_MS * 2 ** attempt * (0.75 + Math.random() / 2);
      const wait = Math.max(waitMs ?? 0, backoff);
      const late = Date.now() - began + wait > PATIENCE_MS;
      const once = ASKED_ONCE.has((payload as Request).method) && untaken !== true;
      if (!again || once || late || attempt === RETRIES || signal?.aborted) throw fault;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
}

async function ask(
  endpoint: string,
  url: string,
  payload: Request,
  signal: AbortSignal | undefined,
  send: typeof fetch,
): Promise<{ result: unknown } | Problem> {
  const ends = new AbortController();
  const stop = () => ends.abort();
  signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, TIMEOUT_MS);
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' },
      body: stringifyJsonWithBigInts(payload),
      signal: ends.signal,
    });
    // The time covers the answer's body too: it can stall as well as its head.
    if (response.status !== 200) return ofStatus(endpoint, response);
    return ofBody(endpoint, payload, await response.text());
  } catch {
    return { fault: unreachable(endpoint), again: true };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function unreachable(endpoint: string): Fault {
  return new Fault('unreachable', `${endpoint} does not answer.`, `Check your connection, or ${CHOOSE}`);
}

function busy(endpoint: string): Fault {
  return new Fault('unreachable', `${endpoint} refuses more requests for now.`, `Wait a little, or ${CHOOSE}`);
}

function ofStatus(endpoint: string, response: Response): Problem {
  const { status } = response;
  const waitMs = retryAfter(response.headers.get('retry-after'));
  if (status === 429) return { fault: busy(endpoint), again: true, untaken: true, waitMs };
  if (status >= 500) {
    const message = `${endpoint} has a problem of its own (HTTP status ${status}).`;
    return { fault: new Fault('unreachable', message, `Try again in a minute, or ${CHOOSE}`), again: true, waitMs };
  }
  if (status === 401 || status === 403) {
    const message = `${endpoint} refuses requests from this page (HTTP status ${status}).`;
    const advice = `Its key may be wrong or bound to another site. Correct the endpoint, or ${CHOOSE}`;
    return { fault: new Fault('unreachable', message, advice), again: false };
  }
  const message = `${endpoint} answers with HTTP status ${status}: there may be no RPC service at this address.`;
  return { fault: new Fault('unreachable', message, `Check the endpoint’s address, or ${CHOOSE}`), again: false };
}

/** Milliseconds that a `Retry-After` header asks for: seconds, or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}

function ofBody(endpoint: string, { id, method }: Request, text: string): { result: unknown } | Problem {
  const again = true;
  let answer: unknown;
  try {
    answer = parseJsonWithBigInts(text);
  } catch {
    const isCut = /^\s*[{[]/.test(text);
    const what = isCut ? 'sent an answer that is cut short' : 'answered with a page instead of data';
    const advice = isCut
      ? `Try again, or ${CHOOSE}`
      : `A network that asks for a login or a wrong address does this. Check both, or ${CHOOSE}`;
    return { fault: new Fault('unreachable', `${endpoint} ${what}.`, advice), again };
  }
  const {
    id: answered,
    result,
    error,
  } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    id?: unknown;
    result?: unknown;
    error?: { code?: unknown; message?: unknown; data?: { err?: unknown; logs?: readonly string[] | null } } | null;
  };
  if (error !== undefined && error !== null) return ofError(endpoint, method, error);
  if (String(answered) !== String(id) || result === undefined) {
    const message = `${endpoint} sent the answer to another request.`;
    return { fault: new Fault('unreachable', message, `Try again, or ${CHOOSE}`), again };
  }
  return { result: answer };
}

/** What an error of the JSON-RPC interface means, by its number; numbers are Solana's. */
function ofError(
  endpoint: string,
  method: string,
  error: { code?: unknown; message?: unknown; data?: { err?: unknown; logs?: readonly string[] | null } },
): Problem {
  const code = Number(error.code);
  const fault = (message: string, advice = `To go on, ${CHOOSE}`) => new Fault('endpoint', message, advice);
  switch (code) {
    case 429:
    case -32429:
      return { fault: busy(endpoint), again: true, untaken: true };
    case -32002:
      return { fault: refusal(error.data?.err ?? String(error.message), error.data?.logs ?? []), again: false };
    case -32004:
    case -32005:
    case -32014:
    case -32016: {
      const message = `${endpoint} is behind the chain.`;
      return { fault: new Fault('unreachable', message, `Wait a little, or ${CHOOSE}`), again: true };
    }
    case -32601:
      return { fault: fault(`${endpoint} does not offer ${method}, which this page needs.`), again: false };
    case -32010:
    case -32012:
      return { fault: fault(`${endpoint} does not search this program’s accounts (${method}).`), again: false };
    case -32001:
    case -32007:
    case -32009:
    case -32011:
      return { fault: fault(`${endpoint} does not keep the transactions of the past.`), again: false };
    case -32015:
      return { fault: fault(`${endpoint} cannot give a transaction of a newer version.`), again: false };
    case -32603:
      return { fault: fault(`${endpoint} has a problem of its own with ${method}.`), again: true };
    default: {
      const said = typeof error.message === 'string' ? error.message.slice(0, 200) : 'nothing more';
      return { fault: fault(`${endpoint} refused ${method} (error ${code}): ${said}`), again: false };
    }
  }
}
