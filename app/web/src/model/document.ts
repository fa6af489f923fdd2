// The plan document: what lies under a plan's `uri`, and what of it the chain confirms. `docs/plan-document.md` describes
// it; the SDK's `document` reads the same and refuses the same.
import { type Address, type ReadonlyUint8Array, isAddress } from '@solana/kit';
import { isHidden, isName } from '../core/name';
import type { Plan } from '../domain/terms';
import { MAX_URI_LEN } from '../generated/constants';
import { hex, parseHash, sha256 } from '../text/hash';
import { visible } from '../text/hostile';
import { type Json, readJson } from '../text/json';

const FORMAT = 'earnout-plan-document/1';
/** What a folder's document is called. */
const NAME = 'plan-document.json';
/** Most bytes that a document may have, and a file beside it. */
export const MOST_BYTES = 4 << 20;
const MOST_DESCRIPTION = 10_000;
const MOST_LABEL = 64;
const MOST_FILE = 128;
const MOST_BASE = 256;

/** How a KPI is measured: the text, or the name of a file beside the document. */
export type Rubric = { name: string; sha256: string } & ({ text: string } | { file: string });

export type PlanDocument = {
  /** The plan that it says to be of. */
  plan: Address;
  description: string;
  /** By the number of the KPI. */
  rubrics: ReadonlyMap<number, Rubric>;
  /** Where each oracle publishes its evidence: a document lies at `BASE/SHA256`. */
  evidence: ReadonlyMap<Address, string>;
  /** What contributors are called, by whoever wrote it. */
  labels: { grants: ReadonlyMap<number, string>; beneficiaries: ReadonlyMap<Address, string> };
};

/** Why no client fetches what lies at an address; undefined if they do. */
export function unfetched(url: string): string | undefined {
  const rest = /^https?:\/\/(.*)$/s.exec(url)?.[1];
  if (rest === undefined) return 'it does not begin with https:// or http://';
  const [host = ''] = rest.split(/[/?]/);
  if (host === '') return 'it names no server';
  if (host.includes('@')) return 'it has a user name in it';
  if (!/^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]*$/.test(rest) || !URL.canParse(url)) {
    return 'it has characters in it that are not those of a URL';
  }
  return undefined;
}

/** Why a plan cannot name this address, or nobody would fetch what lies there; undefined for one it can, and for none. */
export function uriFault(uri: string): string | undefined {
  if (uri === '') return undefined;
  if (new TextEncoder().encode(uri).length > MAX_URI_LEN) return `it has more than ${MAX_URI_LEN} bytes`;
  return unfetched(uri);
}

/** Where the document of a plan lies, or why it is not fetched. */
export function documentUrl(uri: string): { url: string } | { why: string } {
  const why = unfetched(uri);
  if (why !== undefined) return { why };
  return { url: uri.endsWith('/') ? `${uri}${NAME}` : uri };
}

/** Where a file beside the document at `url` lies. */
export function beside(url: string, file: string): string {
  const [path = ''] = url.split('?');
  const begin = path.indexOf('://') + 3;
  const slash = path.lastIndexOf('/');
  return `${slash < begin ? path : path.slice(0, slash)}/${file}`;
}

/** Where the evidence with this hash lies. */
export function evidenceUrl(base: string, hash: ReadonlyUint8Array): string {
  return `${base}/${hex(hash)}`;
}

/** Reads a document, whoever wrote it, or says the first thing that is wrong with it. */
export function readDocument(bytes: Uint8Array): { document: PlanDocument } | { why: string } {
  try {
    return { document: read(bytes) };
  } catch (error) {
    if (error instanceof Wrong) return { why: visible(error.message) };
    if (error instanceof SyntaxError) return { why: `it is not JSON: ${visible(error.message)}` };
    throw error;
  }
}

class Wrong extends Error {}

function read(bytes: Uint8Array): PlanDocument {
  if (bytes.length > MOST_BYTES) throw new Wrong(`it has more than ${MOST_BYTES} bytes`);
  const text = decoded(bytes);
  if (text === undefined) throw new Wrong('it is not JSON: it is not UTF-8');
  const json = readJson(text);
  // What a later version adds is not a mistake: that it is a later version is what has to be said.
  const format = isObject(json) ? json.get('format') : FORMAT;
  if (format !== FORMAT) {
    const other = typeof format === 'string' ? `"${format.slice(0, 40)}"` : 'missing or no text';
    throw new Wrong(`its format is ${other}, not ${FORMAT}`);
  }
  const known = ['format', 'plan', 'description', 'rubrics', 'evidence', 'rolls', 'labels'];
  const fields = new Found('the document', json).fields(known);
  const plan = fields.take('plan').key();
  const description = fields.take('description').text(descriptionFault);
  const rubrics = new Map<number, Rubric>();
  for (const found of fields.take('rubrics').list()) {
    const own = found.fields(['kpi', 'name', 'sha256', 'text', 'file']);
    const place = own.take('kpi');
    const kpi = place.number(0xff);
    if (rubrics.has(kpi)) place.fail('the KPI is there twice');
    const head = { name: own.take('name').text(labelFault), sha256: own.take('sha256').digest() };
    const [content, file] = [own.optional('text'), own.optional('file')];
    if ((content === undefined) === (file === undefined)) found.fail('expected either text or file');
    rubrics.set(
      kpi,
      content === undefined ? { ...head, file: file!.text(fileFault) } : { ...head, text: content.text(noFault) },
    );
  }
  const evidence = new Map<Address, string>();
  for (const found of fields.take('evidence').list()) {
    const own = found.fields(['oracle', 'base']);
    const oracle = own.take('oracle');
    const key = oracle.key();
    if (evidence.has(key)) oracle.fail('the oracle is there twice');
    evidence.set(key, own.take('base').text(baseFault));
  }
  const rolls = fields.take('rolls');
  if (rolls.list().length > 0) rolls.fail('there are no rolls yet; expected an empty list');
  const [grants, beneficiaries] = [new Map<number, string>(), new Map<Address, string>()];
  for (const found of fields.optional('labels')?.list() ?? []) {
    const own = found.fields(['beneficiary', 'grant', 'label']);
    const label = own.take('label').text(labelFault);
    const [beneficiary, grant] = [own.optional('beneficiary'), own.optional('grant')];
    if ((beneficiary === undefined) === (grant === undefined)) found.fail('expected either beneficiary or grant');
    if (grant !== undefined) put(grants, grant.number(0xffff_ffff), label, grant);
    else if (beneficiary !== undefined) put(beneficiaries, beneficiary.key(), label, beneficiary);
  }
  return { plan, description, rubrics, evidence, labels: { grants, beneficiaries } };
}

function put<K>(labels: Map<K, string>, key: K, label: string, place: Found) {
  if (labels.has(key)) place.fail('it has a label already');
  labels.set(key, label);
}

/** The text of these bytes; undefined if they are none. */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const isObject = (json: Json): json is ReadonlyMap<string, Json> => json instanceof Map;

/** A value and where it stands. */
class Found {
  constructor(
    private readonly at: string,
    private readonly json: Json,
  ) {}

  fail(what: string): never {
    throw new Wrong(`${this.at}: ${what}`);
  }

  fields(known: readonly string[]) {
    const { json } = this;
    if (!isObject(json)) return this.fail('expected an object');
    for (const name of json.keys()) {
      if (!known.includes(name))
        this.fail(`the field "${name.slice(0, 40)}" is unknown; there are ${known.join(', ')}`);
    }
    const optional = (name: string) => {
      const found = json.get(name);
      const at = this.at === 'the document' ? name : `${this.at}.${name}`;
      return found === undefined ? undefined : new Found(at, found);
    };
    return { optional, take: (name: string) => optional(name) ?? this.fail(`the field ${name} is missing`) };
  }

  list(): Found[] {
    if (!Array.isArray(this.json)) return this.fail('expected a list');
    return (this.json as readonly Json[]).map((json, place) => new Found(`${this.at}[${place}]`, json));
  }

  text(faultOf: (text: string) => string | undefined): string {
    if (typeof this.json !== 'string') return this.fail('expected a text');
    const fault = faultOf(this.json);
    return fault === undefined ? this.json : this.fail(fault);
  }

  number(most: number): number {
    const { json } = this;
    if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= most) return json;
    return this.fail('expected a number from 0 that the chain can have');
  }

  key(): Address {
    const { json } = this;
    if (typeof json === 'string' && isAddress(json)) return json;
    return this.fail('expected an address: 32 bytes in base58');
  }

  digest(): string {
    const { json } = this;
    if (typeof json === 'string' && parseHash(json) !== undefined && /^[0-9a-f]{64}$/.test(json)) return json;
    return this.fail('expected a SHA-256: 64 hexadecimal digits, in lower case');
  }
}

const noFault = () => undefined;

function lengthFault(text: string, most: number): string | undefined {
  return [...text].length > most ? `it has more than ${most} letters` : undefined;
}

function labelFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (!isName(text)) return 'it begins or ends with a space, or holds a character that nobody sees';
  return lengthFault(text, MOST_LABEL);
}

function descriptionFault(text: string): string | undefined {
  const hidden = [...text].find((letter) => isHidden(letter.codePointAt(0) ?? 0) && letter !== '\n' && letter !== '\t');
  return hidden === undefined ? lengthFault(text, MOST_DESCRIPTION) : 'it holds a character that nobody sees';
}

function fileFault(path: string): string | undefined {
  const isPlain = path.split('/').every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part));
  const what = 'it is not the name of a file beside the document, of the letters A-Z a-z 0-9 . _ - and /';
  return lengthFault(path, MOST_FILE) ?? (isPlain ? undefined : what);
}

function baseFault(base: string): string | undefined {
  if (base.endsWith('/')) return 'it ends with /, which is put between it and the hash anyway';
  if (base.includes('?')) return 'it has a query, after which no hash can stand';
  return lengthFault(base, MOST_BASE) ?? unfetched(base);
}

/** What was found of a KPI's rubric. */
export type RubricText = {
  /** Whether it has the hash that the chain has. */
  matches: boolean;
  sha256: string;
  /** Undefined if the bytes are no text. */
  text: string | undefined;
};

/** A document with its rubrics, compared with the chain. */
export type LoadedDocument = {
  document: PlanDocument;
  /** By the number of the KPI; none where the document has none, or its file could not be fetched. */
  rubrics: ReadonlyMap<number, RubricText>;
  /** What does not agree with the chain, in sentences; names in them are as strangers wrote them, made visible. */
  findings: readonly string[];
};

/** Compares a document with the plan. `files` are those beside it, by their names; or why one could not be had. */
export async function checkDocument(
  document: PlanDocument,
  plan: Plan,
  files: ReadonlyMap<string, Uint8Array | { why: string }>,
): Promise<LoadedDocument> {
  const findings: string[] = [];
  if (document.plan !== plan.address) findings.push(`The document is of another plan: ${document.plan}.`);
  const rubrics = new Map<number, RubricText>();
  for (const { number, name, rubricHash } of plan.kpis) {
    const called = `KPI ${number} ${visible(name)}`;
    const rubric = document.rubrics.get(number);
    if (rubric === undefined) {
      findings.push(`${called}: the document has no rubric.`);
      continue;
    }
    const content = 'text' in rubric ? new TextEncoder().encode(rubric.text) : files.get(rubric.file);
    if (content === undefined || 'why' in content) {
      const because = content === undefined ? '' : `: ${content.why}`;
      findings.push(`${called}: the file of the rubric could not be had${because}.`);
    } else {
      const found = hex(await sha256(content));
      const matches = found === hex(rubricHash);
      rubrics.set(number, { matches, sha256: found, text: decoded(content) });
      if (!matches) findings.push(`${called}: the rubric is not the one that the plan was made with.`);
    }
    if (rubric.sha256 !== hex(rubricHash)) {
      findings.push(`${called}: the document states another SHA-256 than the chain has.`);
    }
    if (rubric.name !== name) findings.push(`${called}: the document calls it “${visible(rubric.name)}”.`);
  }
  for (const kpi of document.rubrics.keys()) {
    if (kpi >= plan.kpis.length) findings.push(`The plan has no KPI ${kpi}, of which the document has a rubric.`);
  }
  const unknown = [...document.labels.grants.keys()].filter((grant) => grant >= plan.account.grantCounter);
  if (unknown.length > 0) {
    const some = unknown.slice(0, 10).join(', ');
    findings.push(`The plan has not made these grants, which the document gives labels: ${some}.`);
  }
  return { document, rubrics, findings };
}
