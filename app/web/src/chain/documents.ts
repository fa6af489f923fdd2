// Documents on the web, fetched when somebody asks for them: no redirects, no cookies, nothing that says who asks. What
// comes is a stranger's word.
import { Fault } from './fault';
import { hostOf } from './transport';

/** The longest that a document may take, from the request to its last byte, milliseconds. */
const TIMEOUT_MS = 15_000;

/** The document at `url`, if it has no more than `most` bytes. Throws a fault that says why there is none. */
export async function fetchDocument(
  url: string,
  most: number,
  send: typeof fetch = (...given) => fetch(...given),
): Promise<Uint8Array> {
  const host = hostOf(url);
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), TIMEOUT_MS);
  try {
    const response = await send(url, {
      method: 'GET',
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: ends.signal,
    });
    if (response.status !== 200) {
      throw new Fault('input', `${host} answered with HTTP status ${response.status}.`, 'Ask the plan’s authority.');
    }
    return await bodyOf(response, most, host);
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (ends.signal.aborted) {
      throw new Fault(
        'unreachable',
        `${host} did not give the document within ${TIMEOUT_MS / 1_000} seconds.`,
        'Try again later.',
      );
    }
    const message = `${host} did not give the document, or does not let other pages read it.`;
    throw new Fault('unreachable', message, 'A server has to allow that (CORS), and may not lead elsewhere.');
  } finally {
    clearTimeout(timer);
    ends.abort();
  }
}

async function bodyOf(response: Response, most: number, host: string): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    length += part.value.length;
    if (length > most) {
      await reader?.cancel().catch(() => undefined);
      throw new Fault('input', `What ${host} gives has more than ${most} bytes.`, 'Such a document is not read.');
    }
    parts.push(part.value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
