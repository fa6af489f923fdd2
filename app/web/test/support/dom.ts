// What the app needs of a browser and jsdom lacks.
import { webcrypto } from 'node:crypto';

HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};
window.scrollTo = () => undefined;

/** Node's cryptography does not know jsdom's buffers: it gets copies that it knows. */
function known(argument: unknown): unknown {
  const isBuffer = Object.prototype.toString.call(argument) === '[object ArrayBuffer]';
  if (isBuffer) return Buffer.from(new Uint8Array(argument as ArrayBuffer));
  return ArrayBuffer.isView(argument) ? Buffer.from(argument as Uint8Array) : argument;
}

const subtle = new Proxy(webcrypto.subtle, {
  get(target, name) {
    const method = target[name as keyof typeof target] as unknown as (...given: unknown[]) => unknown;
    return (...given: unknown[]) => method.apply(target, given.map(known));
  },
});
Object.defineProperty(globalThis, 'crypto', {
  value: { subtle, getRandomValues: webcrypto.getRandomValues.bind(webcrypto) },
  configurable: true,
});
