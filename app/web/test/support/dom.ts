// What the app's components need of a browser and jsdom lacks.
import { webcrypto } from 'node:crypto';
import { TextDecoder, TextEncoder } from 'node:util';

HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};
window.scrollTo = () => undefined;
Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true });
Object.assign(globalThis, { TextDecoder, TextEncoder, Uint8Array });
