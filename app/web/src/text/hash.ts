import { type ReadonlyUint8Array, getBase16Codec } from '@solana/kit';

/** Bytes as lower-case hexadecimal. */
export function hex(bytes: ReadonlyUint8Array): string {
  return getBase16Codec().decode(bytes);
}

/** The SHA-256 of text or of a file. */
export async function sha256(content: string | ArrayBuffer | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Reads a SHA-256 that somebody typed; undefined if it is none. */
export function parseHash(text: string): Uint8Array | undefined {
  const digits = text.trim().toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? new Uint8Array(getBase16Codec().encode(digits)) : undefined;
}

/** An address or hash as people compare it: its beginning and end. */
export function short(text: string): string {
  return text.length <= 11 ? text : `${text.slice(0, 4)}…${text.slice(-4)}`;
}
