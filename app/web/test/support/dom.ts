// What the app needs of a browser and jsdom lacks.
import { webcrypto } from 'node:crypto';
import { configure } from '@testing-library/react';
import { vi } from 'vitest';

// A machine that does other things meanwhile.
configure({ asyncUtilTimeout: 10_000 });

HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};
window.scrollTo = () => undefined;
File.prototype.text = function text() {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.readAsText(this);
  });
};

/** Node's cryptography does not know jsdom's buffers: it gets copies that it knows. */
function known(argument: unknown): unknown {
  const isBuffer = Object.prototype.toString.call(argument) === '[object ArrayBuffer]';
  if (isBuffer) return Buffer.from(new Uint8Array(argument as ArrayBuffer));
  return ArrayBuffer.isView(argument) ? Buffer.from(argument as Uint8Array) : argument;
}

const subtle = new Proxy(webcrypto.subtle, {
  get(target, name) {
    const method: unknown = Reflect.get(target, name);
    if (typeof method !== 'function') return method;
    return (...given: unknown[]): unknown => Reflect.apply(method, target, given.map(known));
  },
});
Object.defineProperty(globalThis, 'crypto', {
  value: { subtle, getRandomValues: (array: Uint8Array) => webcrypto.getRandomValues(array) },
  configurable: true,
});

/** What the page offers as files from now on, until mocks and globals are restored. */
export function savedFiles(): { name: string; text: string }[] {
  const saved: { name: string; text: string }[] = [];
  let text = '';
  vi.stubGlobal(
    'Blob',
    class extends Blob {
      constructor(parts: string[], options?: BlobPropertyBag) {
        super(parts, options);
        text = parts.join('');
      }
    },
  );
  Object.assign(URL, { createObjectURL: () => 'blob:file', revokeObjectURL: () => undefined });
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ name: this.download, text });
  });
  return saved;
}
