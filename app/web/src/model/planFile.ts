// The plan file of the command line, read into a draft. `docs/plan-file.md` describes its fields.
import { TomlDate, TomlError, parse } from 'smol-toml';
import { FULL_SCORE } from '../core/limits';
import { MAX_UNIT_DECIMALS } from '../generated/constants';
import { hint, parseAmount, parseShare } from '../text/amount';
import { parseTime } from '../text/time';
import { type Mistake, Notes } from './mistakes';
import {
  EMPTY_KPI,
  FLAGS,
  type FeedDraft,
  type KpiDraft,
  type PlanDraft,
  type PriceDraft,
  emptyDraft,
} from './planDraft';

type Table = Record<string, unknown>;

const EXPECTED_TIME = 'expected a date and time in UTC, like 2027-01-01T00:00:00Z';

export type ReadPlanFile = {
  draft: PlanDraft;
  mistakes: Mistake[];
  /** Allocations of the file's grants as they are written; they are for simulations and are not made. */
  allocations: string[];
};

/** Reads the text of a plan file. What its values mean is checked with the draft. */
export function readPlanFile(text: string, now: bigint): ReadPlanFile {
  const mistakes: Mistake[] = [];
  const draft = emptyDraft(now);
  let document: Table;
  try {
    document = parse(text, { integersAsBigInt: true });
  } catch (error) {
    const line = error instanceof TomlError ? error.line : undefined;
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { draft, mistakes: [{ line, field: '', what }], allocations: [] };
  }
  const reader = new Reader(text, mistakes);
  const tables = ['addresses', 'token', 'plan', 'windows', 'limits', 'roles', 'kpi', 'price', 'grant'];
  reader.known('', document, tables);
  const addresses = reader.table(document, 'addresses', false);
  const named = (name: string) => (typeof addresses[name] === 'string' ? addresses[name] : name);

  const token = reader.table(document, 'token');
  reader.known('token', token, ['mint', 'decimals', 'supply', 'allow', 'max_fee']);
  draft.mint = named(reader.text('token', token, 'mint', ''));
  draft.supply = reader.text('token', token, 'supply', '');
  draft.maxFee = reader.share('token', token, 'max_fee', '0');
  for (const flag of reader.list('token', token, 'allow', [])) {
    const found = FLAGS.find(([name]) => name === flag);
    if (found === undefined) {
      const expected = FLAGS.map(([name]) => JSON.stringify(name)).join(', ');
      reader.wrong('token.allow', `${JSON.stringify(flag)}: expected one of ${expected}`);
    } else draft.allow |= found[1];
  }

  const plan = reader.table(document, 'plan');
  reader.known('plan', plan, [
    'id',
    'name',
    'start',
    'cadence',
    'periods',
    'combination',
    'unearned',
    'bonus_cap',
    'release',
  ]);
  draft.id = reader.text('plan', plan, 'id');
  draft.name = reader.text('plan', plan, 'name');
  draft.start = reader.time('plan', plan, 'start');
  draft.cadence = reader.text('plan', plan, 'cadence');
  draft.periods = reader.text('plan', plan, 'periods');
  draft.combination = reader.word('plan', plan, 'combination', ['weighted-sum', 'weakest']);
  draft.unearned = reader.word('plan', plan, 'unearned', ['return', 'carry-over', 'redistribute']);
  draft.bonusCap = reader.share('plan', plan, 'bonus_cap', '0');
  draft.release = reader.word('plan', plan, 'release', ['at-settlement', 'linear']);

  const windows = reader.table(document, 'windows');
  reader.known('windows', windows, ['attest', 'challenge', 'ruling', 'notice']);
  draft.attest = reader.text('windows', windows, 'attest');
  draft.challenge = reader.text('windows', windows, 'challenge', '');
  draft.ruling = reader.text('windows', windows, 'ruling', '');
  draft.notice = reader.text('windows', windows, 'notice');

  const limits = reader.table(document, 'limits');
  reader.known('limits', limits, ['min_allocation', 'max_allocation', 'max_grants', 'enrolment_end']);
  draft.minAllocation = reader.text('limits', limits, 'min_allocation');
  draft.maxAllocation = reader.text('limits', limits, 'max_allocation');
  draft.maxGrants = reader.text('limits', limits, 'max_grants');
  draft.enrolmentEnd = reader.time('limits', limits, 'enrolment_end');

  const roles = reader.table(document, 'roles');
  reader.known('roles', roles, ['authority', 'oracles', 'threshold', 'arbiter', 'treasury']);
  draft.oracles = reader.list('roles', roles, 'oracles').map((oracle) => named(String(oracle)));
  draft.threshold = reader.text('roles', roles, 'threshold');
  draft.arbiter = named(reader.text('roles', roles, 'arbiter', ''));
  draft.treasury = named(reader.text('roles', roles, 'treasury', ''));

  draft.kpis = reader.tables(document, 'kpi').map((kpi, index) => readKpi(reader, kpi, index));
  if (document.price !== undefined) draft.price = readPrice(reader, reader.table(document, 'price'));
  const decimals = typeof token.decimals === 'bigint' ? Number(token.decimals) : undefined;
  const allocations = reader
    .tables(document, 'grant')
    .map((grant, index) => readGrant(reader, grant, index, draft, decimals));
  return { draft, mistakes, allocations };
}

function readKpi(reader: Reader, kpi: Table, index: number): KpiDraft {
  const name = typeof kpi.name === 'string' ? `kpi ${JSON.stringify(kpi.name)}` : `kpi ${index + 1}`;
  const fields = [
    'name',
    'unit',
    'decimals',
    'scope',
    'range',
    'interpolation',
    'curve',
    'default_score',
    'rubric',
    'feed',
  ];
  reader.known(name, kpi, fields);
  const range = reader.table(kpi, 'range', true, name);
  const curve = reader.list(name, kpi, 'curve').map((point) => {
    const table = isTable(point) ? point : {};
    if (!isTable(point)) reader.wrong(`${name} curve`, 'expected a point like { value = 80, score = 10_000 }');
    return {
      value: reader.text(`${name} curve`, table, 'value'),
      score: reader.share(`${name} curve`, table, 'score'),
    };
  });
  return {
    ...EMPTY_KPI,
    name: reader.text(name, kpi, 'name'),
    unit: reader.text(name, kpi, 'unit'),
    decimals: reader.text(name, kpi, 'decimals'),
    scope: reader.word(name, kpi, 'scope', ['shared', 'individual']),
    min: reader.text(`${name} range`, range, 'min'),
    max: reader.text(`${name} range`, range, 'max'),
    interpolation: reader.word(name, kpi, 'interpolation', ['linear', 'step']),
    curve,
    defaultScore: reader.share(name, kpi, 'default_score'),
    rubric: readRubric(reader, name, kpi),
    feed: readFeed(reader, name, kpi),
  };
}

function readPrice(reader: Reader, price: Table): PriceDraft {
  reader.known('price', price, ['kpi', 'unit', 'unit_decimals', 'decimals', 'range', 'default', 'rubric', 'feed']);
  const range = reader.table(price, 'range', true, 'price');
  return {
    name: reader.text('price', price, 'kpi'),
    unit: reader.text('price', price, 'unit'),
    unitDecimals: reader.text('price', price, 'unit_decimals'),
    decimals: reader.text('price', price, 'decimals'),
    min: reader.text('price.range', range, 'min'),
    max: reader.text('price.range', range, 'max'),
    fallback: reader.text('price', price, 'default'),
    rubric: readRubric(reader, 'price', price),
    feed: readFeed(reader, 'price', price),
  };
}

function readFeed(reader: Reader, name: string, parent: Table): FeedDraft | undefined {
  if (parent.feed === undefined) return undefined;
  const feed = reader.table(parent, 'feed', true, name);
  const owner = join(name, 'feed');
  reader.known(owner, feed, ['receiver', 'id', 'price', 'max_delay', 'max_confidence']);
  return {
    receiver: reader.word(owner, feed, 'receiver', ['pyth', 'pyth-pro']),
    id: reader.text(owner, feed, 'id'),
    price: reader.word(owner, feed, 'price', ['spot', 'average']),
    maxDelay: reader.text(owner, feed, 'max_delay'),
    maxConfidence: reader.share(owner, feed, 'max_confidence'),
  };
}

/** Checks a grant, which is not made from here, and returns its allocation as it is written. */
function readGrant(
  reader: Reader,
  grant: Table,
  index: number,
  draft: PlanDraft,
  decimals: number | undefined,
): string {
  const name = typeof grant.name === 'string' ? `grant ${JSON.stringify(grant.name)}` : `grant ${index + 1}`;
  const called = reader.text(name, grant, 'name');
  const allocation = reader.text(name, grant, 'allocation');
  const notes = new Notes();
  const amount = notes.amount('', allocation, draft.supply, decimals);
  const [min, max] = [draft.minAllocation, draft.maxAllocation].map((limit) =>
    new Notes().amount('', limit, draft.supply, decimals),
  );
  const [wrong] = notes.mistakes;
  if (wrong !== undefined && allocation !== '') reader.wrong(join(name, 'allocation'), wrong.what);
  if (amount !== undefined && min !== undefined && max !== undefined && (amount < min || amount > max)) {
    const what = 'the allocation is outside min_allocation and max_allocation of [limits]';
    reader.wrong(join(name, 'allocation'), `${what}${hint(allocation)}`);
  }
  if (grant.value !== undefined) readWorth(reader, name, grant, draft.price);
  const weights = reader.table(grant, 'weights', true, name);
  const shares = Object.keys(weights).map((kpi) => {
    if (kpi === draft.price?.name) {
      const what = `${JSON.stringify(kpi)} is the price, which has no score; expected weights on other KPIs`;
      reader.wrong(join(name, 'weights'), what);
      return { value: 0n };
    }
    if (!draft.kpis.some((each) => each.name === kpi)) {
      reader.wrong(join(name, 'weights'), `there is no KPI named ${JSON.stringify(kpi)}`);
    }
    return parseShare(reader.share(join(name, 'weights'), weights, kpi));
  });
  const all = [parseShare(reader.share(name, grant, 'time_weight')), ...shares];
  const sum = all.reduce((total, each) => total + ('value' in each ? each.value : 0n), 0n);
  if (all.every((each) => 'value' in each) && sum !== BigInt(FULL_SCORE)) {
    const what = `weights and time_weight of ${JSON.stringify(called)} must sum to ${FULL_SCORE}`;
    reader.wrong(join(name, 'weights'), what);
  }
  return allocation;
}

/** Checks what a grant is worth in the unit of account. */
function readWorth(reader: Reader, name: string, grant: Table, price: PriceDraft | undefined) {
  const field = join(name, 'value');
  if (price === undefined) {
    reader.wrong(field, 'the plan has no price: expected [price], or an `allocation` alone');
    return;
  }
  if (typeof grant.value !== 'string') {
    reader.wrong(field, 'expected a text in quotation marks');
    return;
  }
  const decimals = new Notes().whole('', price.unitDecimals, MAX_UNIT_DECIMALS);
  if (decimals === undefined) return;
  const parsed = parseAmount(grant.value, decimals);
  if ('value' in parsed && parsed.value > 0n) return;
  const told = JSON.stringify(grant.value);
  const isTooFine = 'error' in parsed && parsed.error.startsWith('has more');
  const expected = `${told}: expected an amount of the unit of account, like "30_000"`;
  reader.wrong(field, isTooFine ? `${told} ${parsed.error}` : expected);
}

function readRubric(reader: Reader, name: string, kpi: Table): string {
  if (!isTable(kpi.rubric)) return reader.text(name, kpi, 'rubric');
  reader.known(`${name} rubric`, kpi.rubric, ['file', 'sha256']);
  if ('file' in kpi.rubric) {
    reader.wrong(
      `${name} rubric`,
      'a page cannot read a file beside the plan file; expected its text, or { sha256 = "…" }',
    );
    return '';
  }
  return reader.text(`${name} rubric`, kpi.rubric, 'sha256');
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Reads fields of tables as text, and notes what is missing, unknown or of another kind. */
class Reader {
  constructor(
    private readonly source: string,
    private readonly mistakes: Mistake[],
  ) {}

  wrong(field: string, what: string) {
    this.mistakes.push({ line: this.lineOf(field), field, what });
  }

  table(parent: Table, key: string, required = true, owner = ''): Table {
    const value = parent[key];
    if (isTable(value)) return value;
    if (value !== undefined) this.wrong(join(owner, key), 'expected a table');
    else if (required) this.wrong(join(owner, key), `missing field \`${key}\``);
    return {};
  }

  tables(parent: Table, key: string): Table[] {
    const value = parent[key] ?? [];
    if (Array.isArray(value) && value.every(isTable)) return value;
    this.wrong(key, `expected [[${key}]]`);
    return [];
  }

  list(owner: string, parent: Table, key: string, otherwise?: unknown[]): unknown[] {
    const value = parent[key] ?? otherwise;
    if (Array.isArray(value)) return value;
    // A table that is missing was noted already.
    if (Object.keys(parent).length > 0)
      this.wrong(join(owner, key), value === undefined ? `missing field \`${key}\`` : 'expected a list');
    return [];
  }

  /**
   * A time as it is written in the file: what the document's reader made of it may be another day, since a day that the
   * month does not have is moved into the next one.
   */
  time(owner: string, parent: Table, key: string): string {
    const value = parent[key];
    if (!(value instanceof TomlDate)) {
      if (value === undefined) return this.text(owner, parent, key);
      this.wrong(join(owner, key), EXPECTED_TIME);
      return '';
    }
    const line = this.source.split('\n')[(this.lineOf(join(owner, key)) ?? 0) - 1] ?? '';
    const written = new RegExp(`^\\s*"?${key}"?\\s*=\\s*([0-9][0-9TtZz:.+ -]*)`).exec(line)?.[1]?.trim() ?? '';
    if (parseTime(written) !== undefined) return written;
    this.wrong(join(owner, key), EXPECTED_TIME);
    return '';
  }

  /** Basis points, or in quotation marks percent. */
  share(owner: string, parent: Table, key: string, otherwise?: string): string {
    const value = parent[key];
    if (typeof value !== 'string' || (value.endsWith('%') && 'value' in parseShare(value))) {
      return this.text(owner, parent, key, otherwise);
    }
    const expected = 'expected basis points, like 2_000, or percent, like "20 %"';
    this.wrong(join(owner, key), `${JSON.stringify(value)}: ${expected}`);
    return '';
  }

  /** A text, or a number as text. */
  text(owner: string, parent: Table, key: string, otherwise?: string): string {
    const value = parent[key];
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint') return String(value);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (value !== undefined) {
      const decimal = 'expected a whole number, or a decimal one in quotation marks';
      this.wrong(join(owner, key), typeof value === 'number' ? decimal : 'expected a text in quotation marks');
    } else if (Object.keys(parent).length > 0) this.wrong(join(owner, key), `missing field \`${key}\``);
    return '';
  }

  word<T extends string>(owner: string, parent: Table, key: string, words: readonly [T, ...T[]]): T {
    const text = this.text(owner, parent, key);
    const found = words.find((word) => word === text);
    if (found === undefined && text !== '') {
      const all = words.map((word) => JSON.stringify(word));
      const expected = all.length === 2 ? all.join(' or ') : `one of ${all.join(', ')}`;
      this.wrong(join(owner, key), `${JSON.stringify(text)}: expected ${expected}`);
    }
    return found ?? words[0];
  }

  known(owner: string, table: Table, keys: readonly string[]) {
    for (const key of Object.keys(table)) {
      if (keys.includes(key)) continue;
      const expected = keys.map((known) => `\`${known}\``).join(', ');
      this.wrong(join(owner, key), `unknown field \`${key}\`, expected one of ${expected}`);
    }
  }

  /** The line on which a field stands, found by its table and key. */
  private lineOf(field: string): number | undefined {
    const parts = /^(\w+)(?: "([^"]*)")?(?:[ .](\w+))?/.exec(field);
    if (parts === null) return undefined;
    const [, table = '', name, key] = parts;
    const lines = this.source.split('\n');
    const heads = lines.map((line) => /^\s*\[\[?\s*([\w.]+)/.exec(line)?.[1]);
    let at = -1;
    if (name !== undefined) {
      const named = lines.findIndex((line) => /^\s*name\s*=/.test(line) && line.includes(JSON.stringify(name)));
      at = heads.findLastIndex((head, index) => index < named && head === table);
    } else {
      at = heads.indexOf(table);
    }
    if (at === -1) return undefined;
    const end = heads.findIndex((head, index) => index > at && head !== undefined);
    const inside = lines.slice(at + 1, end === -1 ? lines.length : end);
    const offset = key === undefined ? -1 : inside.findIndex((line) => line.trimStart().startsWith(key));
    return offset === -1 ? at + 1 : at + 2 + offset;
  }
}

function join(owner: string, key: string): string {
  if (owner === '') return key;
  return owner.endsWith('"') ? `${owner} ${key}` : `${owner}.${key}`;
}
