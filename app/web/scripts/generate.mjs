// Writes the client in src/generated from the program's interface description, or with --check compares it.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import { createFromRoot } from 'codama';

const idl = fileURLToPath(new URL('../../../idl/earnout.json', import.meta.url));
const committed = fileURLToPath(new URL('../src/generated', import.meta.url));

/** The generator names what encodes the type Kpi `KpiArgs`: the interface's own type of that name has to yield. */
const renamed = { KpiArgs: 'KpiTerms' };

function readInterface() {
  const rename = (key, value) => (key === 'name' && Object.hasOwn(renamed, value) ? renamed[value] : value);
  return JSON.parse(readFileSync(idl, 'utf8'), rename);
}

/** The generated messages exist in development only; a user needs them most in production. */
function errorTexts({ errors }) {
  const lines = errors.map(
    ({ code, name, msg }) => `  ${code}: { name: ${JSON.stringify(name)}, message: ${JSON.stringify(msg)} },\n`,
  );
  return `// Written by scripts/generate.mjs from idl/earnout.json.\n\n/** Name and message of every error of the program, by its code. */\nexport const ERROR_TEXTS: Record<number, { name: string; message: string }> = {\n${lines.join('')}};\n`;
}

/** The generator knows nothing of events. */
function eventDecoders({ events, types }) {
  const kit = new Set();
  const defined = new Set();
  const decoder = (type) => {
    const of = (kind, inner = '') => {
      kit.add(`get${kind}Decoder`);
      return `get${kind}Decoder(${inner})`;
    };
    if (type === 'pubkey') return of('Address');
    if (type === 'bool') return of('Boolean');
    if (type === 'string') return `addDecoderSizePrefix(${of('Utf8')}, ${of('U32')})`;
    if (typeof type === 'string') return of(type[0].toUpperCase() + type.slice(1));
    if (type.option) return of('Option', decoder(type.option));
    if (type.vec) return of('Array', decoder(type.vec));
    if (type.array?.[0] === 'u8') {
      kit.add('fixDecoderSize');
      return `fixDecoderSize(${of('Bytes')}, ${type.array[1]})`;
    }
    if (!type.defined) throw new Error(`an event has a field of a kind that has no decoder: ${JSON.stringify(type)}`);
    defined.add(type.defined.name);
    return `get${type.defined.name}Decoder()`;
  };
  const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const lines = events.map(({ name, discriminator }) => {
    const { fields } = types.find((type) => type.name === name).type;
    const pairs = fields.map((field) => `      ['${camel(field.name)}', ${decoder(field.type)}],\n`);
    const fieldsOf = `getStructDecoder([\n${pairs.join('')}    ])`;
    return `  ${name}: {\n    discriminator: [${discriminator.join(', ')}],\n    fields: ${fieldsOf},\n  },\n`;
  });
  if (lines.join('').includes('addDecoderSizePrefix')) kit.add('addDecoderSizePrefix');
  const imported = [...kit, 'getStructDecoder'].sort().join(',\n  ');
  const own = [...defined].sort().join('Decoder, get');
  return `// Written by scripts/generate.mjs from idl/earnout.json.\n\nimport {\n  ${imported},\n} from '@solana/kit';\nimport { get${own}Decoder } from './types';\n\n/** The first bytes and the fields of every event, by its name. */\nexport const EVENTS = {\n${lines.join('')}} as const;\n`;
}

/** The generator leaves constants out. Those of bytes are seeds of addresses, the others are limits. */
function limits({ constants }) {
  const numbers = constants.filter(({ type }) => type !== 'bytes');
  // What a number of JavaScript cannot hold exactly is one with an `n`.
  const literal = (value) => (Number.isSafeInteger(Number(value)) ? value : `${value}n`);
  const lines = numbers.map(
    ({ name, docs, value }) => `\n/** ${docs.join(' ')} */\nexport const ${name} = ${literal(value)};\n`,
  );
  return `// Written by scripts/generate.mjs from idl/earnout.json.\n${lines.join('')}`;
}

async function generate(folder) {
  const codama = createFromRoot(rootNodeFromAnchor(readInterface()));
  const options = {
    kitImportStrategy: 'rootOnly',
    generatedFolder: '.',
    syncPackageJson: false,
    deleteFolderBeforeRendering: true,
  };
  await codama.accept(renderVisitor(folder, options));
  writeFileSync(join(folder, 'errors', 'texts.ts'), errorTexts(readInterface()));
  writeFileSync(join(folder, 'events.ts'), eventDecoders(readInterface()));
  writeFileSync(join(folder, 'constants.ts'), limits(readInterface()));
}

function filesOf(folder) {
  const files = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path), readFileSync(path, 'utf8'));
  }
  return files;
}

// Elsewhere than in the project, whose own format would be taken for that of the client.
const fresh = mkdtempSync(join(tmpdir(), 'earnout-client-'));
try {
  await generate(fresh);
  if (process.argv.includes('--check')) {
    const [expected, found] = [filesOf(fresh), filesOf(committed)];
    const names = new Set([...expected.keys(), ...found.keys()]);
    const stale = [...names].filter((name) => expected.get(name) !== found.get(name)).sort();
    if (stale.length > 0) {
      console.error(
        `error: src/generated differs from what idl/earnout.json gives:\n  ${stale.join('\n  ')}\nRun: npm run generate`,
      );
      process.exitCode = 1;
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    cpSync(fresh, committed, { recursive: true });
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
