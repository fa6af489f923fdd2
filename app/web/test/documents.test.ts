// Plan documents: what is read, what is refused, what of it the chain confirms, and how little of a stranger's server is
// believed.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Address, getAddressDecoder } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchDocument } from '../src/chain/documents';
import { asFault } from '../src/chain/fault';
import type { Plan } from '../src/domain/terms';
import {
  MOST_BYTES,
  beside,
  checkDocument,
  documentUrl,
  evidenceUrl,
  readDocument,
  unfetched,
  uriFault,
} from '../src/model/document';
import { hex, sha256 } from '../src/text/hash';
import { readJson } from '../src/text/json';

const key = (byte: number): Address => getAddressDecoder().decode(new Uint8Array(32).fill(byte));
const bytes = (text: string) => new TextEncoder().encode(text);

const RUBRIC = 'Accounts that were active.\nCounted once.';

/** A document with something in every field. */
function full() {
  return {
    format: 'earnout-plan-document/1',
    plan: key(9) as string,
    description: 'What the core team is paid for.\n\tSee "below" \\ tâches 任务',
    rubrics: [
      { kpi: 0, name: 'users', sha256: 'ab'.repeat(32), text: RUBRIC },
      { kpi: 1, name: 'review', sha256: '07'.repeat(32), file: 'rubrics/review-2.md' },
    ] as Record<string, unknown>[],
    evidence: [{ oracle: key(3), base: 'https://oracle.example/evidence' }] as Record<string, unknown>[],
    rolls: [] as unknown[],
    labels: [
      { beneficiary: key(4), label: 'Ada' },
      { grant: 12, label: 'O’Neil "Bo"' },
    ] as Record<string, unknown>[],
  };
}

const read = (json: unknown) => readDocument(bytes(typeof json === 'string' ? json : JSON.stringify(json)));
const why = (json: unknown) => {
  const found = read(json);
  return 'why' in found ? found.why : 'read';
};

describe('a plan document', () => {
  it('is read as it was written', () => {
    const found = read(full());
    if ('why' in found) throw new Error(found.why);
    const { document } = found;
    expect(document.plan).toBe(key(9));
    expect(document.rubrics.get(0)).toEqual({ name: 'users', sha256: 'ab'.repeat(32), text: RUBRIC });
    expect(document.rubrics.get(1)).toMatchObject({ file: 'rubrics/review-2.md' });
    expect(document.evidence.get(key(3))).toBe('https://oracle.example/evidence');
    expect([...document.labels.grants]).toEqual([[12, 'O’Neil "Bo"']]);
    expect([...document.labels.beneficiaries]).toEqual([[key(4), 'Ada']]);
    expect('document' in read({ ...full(), labels: undefined })).toBe(true);
  });

  it.each<[string, (it: ReturnType<typeof full>) => unknown, string]>([
    [
      'another version',
      (it) => ({ ...it, format: 'earnout-plan-document/2' }),
      'its format is "earnout-plan-document/2"',
    ],
    ['no format', (it) => ({ ...it, format: undefined }), 'its format is missing'],
    ['no plan', (it) => ({ ...it, plan: undefined }), 'the document: the field plan is missing'],
    ['an unknown field', (it) => ({ ...it, 'a\u202eb': 1 }), 'the field "a⟨U+202E⟩b" is unknown'],
    ['a prototype', (it) => JSON.stringify(it).replace('"rolls"', '"__proto__":{},"rolls"'), '"__proto__" is unknown'],
    ['no address', (it) => ({ ...it, plan: 'abc' }), 'plan: expected an address'],
    [
      'hidden characters',
      (it) => ({ ...it, description: 'a\u202eb' }),
      'description: it holds a character that nobody',
    ],
    ['a long description', (it) => ({ ...it, description: 'a'.repeat(10_001) }), 'more than 10000 letters'],
    ['rubrics that are no list', (it) => ({ ...it, rubrics: {} }), 'rubrics: expected a list'],
    ['a KPI twice', (it) => ((it.rubrics[1]!.kpi = 0), it), 'rubrics[1].kpi: the KPI is there twice'],
    ['a negative KPI', (it) => ((it.rubrics[0]!.kpi = -1), it), 'rubrics[0].kpi: expected a number from 0'],
    ['half a KPI', (it) => ((it.rubrics[0]!.kpi = 0.5), it), 'rubrics[0].kpi: expected a number from 0'],
    ['a KPI beyond a byte', (it) => ((it.rubrics[0]!.kpi = 256), it), 'rubrics[0].kpi: expected a number from 0'],
    ['a name with a space', (it) => ((it.rubrics[0]!.name = ' users'), it), 'rubrics[0].name: it begins or ends'],
    [
      'a hash in capitals',
      (it) => ((it.rubrics[0]!.sha256 = 'AB'.repeat(32)), it),
      'rubrics[0].sha256: expected a SHA',
    ],
    ['a text that is none', (it) => ((it.rubrics[0]!.text = true), it), 'rubrics[0].text: expected a text'],
    ['a text and a file', (it) => ((it.rubrics[0]!.file = 'a'), it), 'rubrics[0]: expected either text or file'],
    ['a file above', (it) => ((it.rubrics[1]!.file = '../a'), it), 'rubrics[1].file: it is not the name of a file'],
    ['a file of the machine', (it) => ((it.rubrics[1]!.file = '/etc/passwd'), it), 'rubrics[1].file: it is not'],
    ['a hidden file', (it) => ((it.rubrics[1]!.file = 'a/.ssh'), it), 'rubrics[1].file: it is not'],
    ['a file elsewhere', (it) => ((it.rubrics[1]!.file = 'https://x.example/a'), it), 'rubrics[1].file: it is not'],
    ['an encoded file', (it) => ((it.rubrics[1]!.file = 'a%2f..%2fb'), it), 'rubrics[1].file: it is not'],
    [
      'a base that is no URL',
      (it) => ((it.evidence[0]!.base = 'file:///a'), it),
      'evidence[0].base: it does not begin',
    ],
    [
      'a base that runs',
      (it) => ((it.evidence[0]!.base = 'javascript:alert(1)'), it),
      'evidence[0].base: it does not begin',
    ],
    [
      'a base with a name',
      (it) => ((it.evidence[0]!.base = 'https://a@b/c'), it),
      'evidence[0].base: it has a user name',
    ],
    ['a base with a query', (it) => ((it.evidence[0]!.base = 'https://a/?b'), it), 'evidence[0].base: it has a query'],
    ['a base with an end', (it) => ((it.evidence[0]!.base = 'https://a/b/'), it), 'evidence[0].base: it ends with /'],
    [
      'an oracle twice',
      (it) => (it.evidence.push(it.evidence[0]!), it),
      'evidence[1].oracle: the oracle is there twice',
    ],
    ['rolls', (it) => (it.rolls.push({}), it), 'rolls: there are no rolls yet'],
    [
      'a label twice',
      (it) => (it.labels.push({ grant: 12, label: 'x' }), it),
      'labels[2].grant: it has a label already',
    ],
    ['a label of nobody', (it) => (it.labels.push({ label: 'x' }), it), 'labels[2]: expected either'],
    ['a long label', (it) => ((it.labels[0]!.label = 'x'.repeat(65)), it), 'labels[0].label: it has more than 64'],
    ['a label that turns', (it) => ((it.labels[0]!.label = 'a\u200fb'), it), 'labels[0].label: it begins or ends'],
    ['a list', () => [], 'the document: expected an object'],
    ['no JSON', () => '{', 'it is not JSON: expected a text at character 2'],
    ['HTML', () => '<html><script>alert(1)</script>', 'it is not JSON'],
    ['a field twice', (it) => JSON.stringify(it).replace('"rolls"', '"plan":1,"rolls"'), 'is there twice'],
    ['more behind the end', (it) => `${JSON.stringify(it)} {}`, 'something behind the end'],
    ['depth', () => '['.repeat(100_000), 'more than 8 deep'],
    ['width', () => `{${Array.from({ length: 65 }, (_, n) => `"${n}":0`).join(',')}}`, 'more than 64 fields'],
  ])('with %s is none', (_name, change, expected) => {
    expect(why(change(full()))).toContain(expected);
  });

  it('has a size, and is text', () => {
    expect(readDocument(new Uint8Array(MOST_BYTES + 1))).toEqual({ why: `it has more than ${MOST_BYTES} bytes` });
    expect(readDocument(new Uint8Array([0xff, 0xfe]))).toEqual({ why: 'it is not JSON: it is not UTF-8' });
  });

  it('is read as JSON is, wherever it is JSON', () => {
    for (const text of ['[1, -0.5e3 , "a\\u00e9\\n", true,false , null, {} ,[]]', ' "x" ', '0', '{"a":{"b":[1]}}']) {
      const plain = (json: unknown): unknown =>
        json instanceof Map
          ? Object.fromEntries([...json].map(([name, value]) => [name, plain(value)]))
          : Array.isArray(json)
            ? json.map(plain)
            : json;
      expect(plain(readJson(text)), text).toEqual(JSON.parse(text));
    }
    for (const text of [
      '',
      '01',
      '1.',
      '+1',
      '[1,]',
      '{"a":1,}',
      "{'a':1}",
      '"\n"',
      '"\\x"',
      't',
      'NaN',
      '[1 2]',
      '{"a"}',
    ]) {
      expect(() => readJson(text), text).toThrow(SyntaxError);
    }
  });
});

type Vectors = {
  plan: { address: string; grants: number; kpis: string[]; rubrics: string[] };
  good: { text: string }[];
  bad: { name: string; text: string; at: string | null; says: string | null }[];
  checks: { name: string; text: string; file: string | null; rubrics: string[]; findings: string[] }[];
  uris: { uri: string; document: string | null; unfetched: string | null; beside: string | null }[];
};

describe('what the SDK reads and refuses', () => {
  const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/documents.json'), 'utf8')) as Vectors;

  it('is read and refused here', () => {
    for (const { text } of vectors.good) expect(read(text)).toHaveProperty('document');
    for (const { name, text, at } of vectors.bad) {
      // Its words may differ, not the place. What stands there twice is found here before what else is wrong.
      expect(why(text), name).not.toBe('read');
      if (at !== null && !why(text).includes('twice')) expect(why(text), name).toContain(`${at}: `);
    }
  });

  it('lies where it lies there', () => {
    for (const { uri, document, unfetched: refused, beside: file } of vectors.uris) {
      const place = documentUrl(uri);
      expect('url' in place ? place.url : null, uri).toBe(document);
      expect(unfetched(uri) === undefined, uri).toBe(refused === null);
      if ('url' in place && file !== null) expect(beside(place.url, 'r/x.md'), uri).toBe(file);
    }
  });

  it('is confirmed as it is there', async () => {
    const { address, grants, kpis, rubrics } = vectors.plan;
    const hashes = await Promise.all(rubrics.map((text) => sha256(text)));
    const plan = {
      address,
      account: { grantCounter: grants },
      kpis: kpis.map((name, number) => ({ number, name, rubricHash: hashes[number] })),
    } as unknown as Plan;
    for (const { name, text, file, rubrics: states, findings } of vectors.checks) {
      const found = read(text);
      if ('why' in found) throw new Error(found.why);
      const files = new Map(file === null ? [] : [['c.txt', bytes(file)]]);
      const checked = await checkDocument(found.document, plan, files);
      const told = kpis.map((_, kpi) => {
        const rubric = checked.rubrics.get(kpi);
        if (rubric !== undefined) return rubric.matches ? 'matches' : 'does not match';
        return found.document.rubrics.has(kpi) ? 'not looked at' : 'no text';
      });
      expect(told, name).toEqual(states);
      expect(checked.findings.length, name).toBe(findings.length);
    }
  });
});

describe('the address of documents', () => {
  it('is one of the web, and plain', () => {
    expect(documentUrl('https://example.org/a/')).toEqual({ url: 'https://example.org/a/plan-document.json' });
    expect(documentUrl('https://example.org/a.json')).toEqual({ url: 'https://example.org/a.json' });
    for (const wrong of [
      '',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'data:application/json,{}',
      'ftp://a/b',
      '//a/b',
      'https://',
      'https:///a',
      'https://a@b/',
      'https://a:b@c/',
      'https://a/\u202e',
      'https://a b/',
      'https://a/#b',
      'https://a/<b>',
      'https://a:99999/',
    ]) {
      expect(unfetched(wrong), wrong).toBeDefined();
      expect(documentUrl(wrong), wrong).toHaveProperty('why');
      expect(uriFault(wrong) === undefined, wrong).toBe(wrong === '');
    }
    expect(uriFault(`https://a/${'b'.repeat(86)}`)).toBeUndefined();
    expect(uriFault(`https://a/${'b'.repeat(87)}`)).toContain('more than 96 bytes');
  });

  it('gives those of what lies beside and below', () => {
    expect(beside('https://a/b/c.json', 'd/e')).toBe('https://a/b/d/e');
    expect(beside('https://a/b/c.json?x=/y', 'd')).toBe('https://a/b/d');
    expect(beside('https://a', 'd')).toBe('https://a/d');
    expect(evidenceUrl('https://a/b', new Uint8Array(32).fill(1))).toBe(`https://a/b/${'01'.repeat(32)}`);
  });
});

describe('what the chain confirms', () => {
  it('is the texts with its hashes, and nothing else', async () => {
    const file = bytes('The lead’s review.');
    const plan = {
      address: key(9),
      account: { grantCounter: 5 },
      kpis: [
        { number: 0, name: 'users', rubricHash: await sha256(RUBRIC) },
        { number: 1, name: 'review', rubricHash: await sha256(file) },
        { number: 2, name: 'a\u202eb', rubricHash: new Uint8Array(32) },
      ],
    } as unknown as Plan;
    const json = full();
    json.rubrics[0]!.sha256 = hex(await sha256(RUBRIC));
    json.rubrics[1]!.sha256 = hex(await sha256(file));
    json.labels.pop();
    const document = (of: unknown) => {
      const found = read(of);
      if ('why' in found) throw new Error(found.why);
      return found.document;
    };
    const good = await checkDocument(document(json), plan, new Map([['rubrics/review-2.md', file]]));
    expect([...good.rubrics.values()].map(({ matches }) => matches)).toEqual([true, true]);
    expect(good.findings).toEqual(['KPI 2 a⟨U+202E⟩b: the document has no rubric.']);

    const other = full();
    other.plan = key(8);
    other.rubrics[0]!.text = `${RUBRIC} `;
    other.rubrics[1]!.name = 'revjew';
    other.rubrics.push({ kpi: 7, name: 'x', sha256: '00'.repeat(32), text: '' });
    const bad = await checkDocument(document(other), plan, new Map([['rubrics/review-2.md', { why: 'gone' }]]));
    expect(bad.rubrics.get(0)).toMatchObject({ matches: false, text: `${RUBRIC} ` });
    expect(bad.rubrics.has(1)).toBe(false);
    expect(bad.findings).toEqual([
      `The document is of another plan: ${key(8)}.`,
      'KPI 0 users: the rubric is not the one that the plan was made with.',
      'KPI 0 users: the document states another SHA-256 than the chain has.',
      'KPI 1 review: the file of the rubric could not be had: gone.',
      'KPI 1 review: the document states another SHA-256 than the chain has.',
      'KPI 1 review: the document calls it “revjew”.',
      'KPI 2 a⟨U+202E⟩b: the document has no rubric.',
      'The plan has no KPI 7, of which the document has a rubric.',
      'The plan has not made these grants, which the document gives labels: 12.',
    ]);
  });
});

describe('a hostile server', () => {
  let base = '';
  const asked: { path: string; headers: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    if (path === '/good') response.end('{}');
    else if (path === '/long') response.end('0123456789a');
    else if (path === '/endless') {
      const timer = setInterval(() => response.write('x'.repeat(4_096)), 1);
      response.on('close', () => clearInterval(timer));
    } else if (path === '/moved') response.writeHead(302, { location: `${base}/good` }).end();
    else if (path === '/short') {
      response.writeHead(200, { 'content-length': 5 });
      response.write('{}');
      setTimeout(() => response.destroy(), 20);
    } else response.writeHead(404).end();
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it('gives the whole document or none, from where it was asked', async () => {
    expect(new TextDecoder().decode(await fetchDocument(`${base}/good`, 10))).toBe('{}');
    const refused = (path: string) =>
      fetchDocument(`${base}${path}`, 10).then(
        () => 'given',
        (error: unknown) => asFault(error).message,
      );
    expect(await refused('/long')).toContain('has more than 10 bytes');
    expect(await refused('/endless')).toContain('has more than 10 bytes');
    expect(await refused('/none')).toContain('HTTP status 404');
    expect(await refused('/short')).toContain('did not give the document');
    asked.length = 0;
    expect(await refused('/moved')).toContain('did not give the document');
    expect(asked.map(({ path }) => path)).toEqual(['/moved']);
    for (const { headers } of asked) expect(headers).not.toHaveProperty('cookie');
    for (const { headers } of asked) expect(headers).not.toHaveProperty('referer');
  });
});
