// The JavaScript that a first visit loads, compressed as hosts send it, must stay within its budget.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET = 180 * 1024;
const dist = fileURLToPath(new URL('../dist', import.meta.url));

const page = readFileSync(join(dist, 'index.html'), 'utf8');
const waiting = [...page.matchAll(/(?:src|href)="\.?\/?([^"]+\.js)"/g)].map(([, file]) => file);
const sizes = new Map();
while (waiting.length > 0) {
  const file = waiting.pop();
  if (sizes.has(file)) continue;
  const code = readFileSync(join(dist, file));
  sizes.set(file, gzipSync(code, { level: 9 }).length);
  // Static imports load with the file; `import("…")` waits until a screen needs it.
  for (const [, imported] of code.toString().matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) {
    waiting.push(join(dirname(file), imported));
  }
}
const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
for (const [file, size] of sizes) console.log(`${String(size).padStart(8)}  ${file}`);
console.log(`${String(total).padStart(8)}  bytes of JavaScript on first load, compressed; budget ${BUDGET}`);
if (sizes.size === 0 || total > BUDGET) {
  console.error(
    sizes.size === 0 ? 'error: dist/index.html loads no script' : `error: ${total - BUDGET} bytes above the budget`,
  );
  process.exitCode = 1;
}
