import { useMemo, useState } from 'react';
import type { Address } from '@solana/kit';
import type { Costed } from '../chain/cost';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { newSize } from '../chain/read';
import { type Envelope, pack } from '../chain/packing';
import { CurveChart } from '../charts/CurveChart';
import type { ActionRequest, Fact } from '../context/action';
import { useApp, useHref, useNow, useWallet } from '../context/app';
import { scoreOf } from '../core/curve';
import { evaluationKey } from '../domain/evaluation';
import { type Grant, capOf, covers, hasWeight, isInUnits, trancheOf } from '../domain/grant';
import { type Manifest, manifestText, readManifest } from '../domain/manifest';
import { place } from '../domain/page';
import { isVoid } from '../domain/reading';
import { lastPrice } from '../domain/reading';
import { type Kpi, isPrice, periodTimes } from '../domain/terms';
import { type Task, type Tasks, tasksOf, votingPeriods } from '../model/due';
import type { Mistake } from '../model/mistakes';
import type { PlanData } from '../model/planData';
import { type Report, hasReported, readValues, uploads } from '../model/upload';
import { percent, plainNumber } from '../text/amount';
import { plural, ranges } from '../text/count';
import { hex, parseHash, sha256, short } from '../text/hash';
import { visible } from '../text/hostile';
import { Amount } from '../ui/Amount';
import { CheckField, NumberField, TextField } from '../ui/Field';
import { HostileText } from '../ui/HostileText';
import { Mistakes } from '../ui/Mistakes';
import { Notice } from '../ui/Notice';
import { Paged } from '../ui/Paged';
import { Countdown } from '../ui/Time';
import { WalletMenu } from '../ui/WalletMenu';
import { save } from '../ui/save';
import { ActionButtons } from './ActionButtons';
import { PlanFrame } from './PlanFrame';
import { ValueText, defaultText, parseAccepted, worthText } from './Values';

/** What an oracle has to report, and the way to report it. */
export default function Attest({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={(name) => <>Attest for {name}</>}>
      {(data, now, reload) => <Work data={data} now={now} onDone={reload} />}
    </PlanFrame>
  );
}

/** Values that are listed one by one before they are signed. */
const LISTED = 12;

/** By their hash. */
type Manifests = ReadonlyMap<string, Manifest>;

type Entry = { value: string; evidence: string };
type Entries = ReadonlyMap<string, Entry>;

const EMPTY: Entry = { value: '', evidence: '' };

const keyOf = ({ reading }: Task) => `${reading.kpi.number}/${reading.period}/${reading.grant?.account.index ?? ''}`;

/** A value that was entered and is accepted. */
type Filled = { task: Task; entry: Entry; value: bigint };

function filledIn(tasks: readonly Task[], entries: Entries): Filled[] {
  return tasks.flatMap((task) => {
    const entry = entries.get(keyOf(task));
    const parsed = entry === undefined ? undefined : parseEntry(task, entry);
    return entry !== undefined && parsed !== undefined && 'value' in parsed
      ? [{ task, entry, value: parsed.value }]
      : [];
  });
}

function Work({ data, now, onDone }: { data: PlanData; now: bigint; onDone: () => void }) {
  const me = useWallet().connection?.address;
  const voting = votingPeriods(data, now).join();
  // Thousands of grants are not read again with every second: what is due changes with the data and the periods.
  const due = useMemo(
    () => (me === undefined ? [] : tasksOf(data, me, now)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [data, me, voting],
  );
  if (me === undefined) {
    return (
      <section className="card center">
        <p>Connect the oracle’s key to see what is due.</p>
        <WalletMenu />
      </section>
    );
  }
  if (due.length === 0) return <NothingDue data={data} me={me} now={now} />;
  return <Ballot data={data} me={me} due={due} onDone={onDone} />;
}

type BallotProps = { data: PlanData; me: Address; due: readonly Tasks[]; onDone: () => void };

function Ballot({ data, me, due, onDone }: BallotProps) {
  const { chain } = useApp();
  const [entries, setEntries] = useState<Entries>(new Map());
  const [evidence, setEvidence] = useState('');
  const [manifests, setManifests] = useState<Manifests>(new Map());
  const [goOn, setGoOn] = useState(false);
  const filled = due.map((each) => ({ ...each, filled: filledIn(each.tasks, entries) }));
  const count = filled.reduce((sum, each) => sum + each.filled.length, 0);
  const change = (changed: Iterable<readonly [string, Entry]>) => setEntries(new Map([...entries, ...changed]));

  async function hashOf({ task, entry }: Filled): Promise<Uint8Array> {
    const proof = entry.evidence.trim() === '' ? evidence : entry.evidence;
    if (proof.trim() === '') {
      throw new Fault(
        'input',
        `The value of ${visible(task.reading.kpi.name)} has no evidence.`,
        'Name or paste the evidence: others will want to check it.',
      );
    }
    return parseHash(proof) ?? (await sha256(proof));
  }

  const there = (kpi: Kpi, period: number, page: number | undefined) =>
    data.evaluations.get(evaluationKey(data.plan.address, kpi.number, period, page));
  const isAddition = hasReported(
    me,
    due.flatMap(({ kpi, period, tasks }) =>
      tasks.map(({ reading: { grant } }) => there(kpi, period, grant && place(grant.account.index).page)),
    ),
  );

  async function build(envelope: Envelope): Promise<ActionRequest> {
    const { payer: signer } = envelope;
    const { plan } = data;
    const groups: Costed[][] = [];
    const lines: Fact[] = [];
    const published: Fact[] = [];
    let rent = 0n;
    for (const { kpi, period, filled: own } of filled) {
      const makes = async (page: number | undefined) => {
        if (there(kpi, period, page) === undefined) rent += await chain.rent(newSize(plan, period, page));
      };
      const reports: Report[] = [];
      for (const each of own) {
        const grant = each.task.reading.grant?.account.index;
        const { value } = each;
        lines.push([
          `${visible(kpi.name)}, period ${period}${grant === undefined ? '' : `, grant ${grant}`}`,
          `${plainNumber(value, kpi.decimals)} ${visible(kpi.unit)} → ${worthText(kpi, value)}`,
        ]);
        const hash = await hashOf(each);
        if (grant === undefined) {
          groups.push([await instructions.attest(signer, plan, kpi, { period, value, evidence: hash })]);
          await makes(undefined);
        } else {
          reports.push({ grant, value, evidence: hash });
        }
      }
      const about = { plan: plan.address, oracle: signer, kpi: kpi.number, period };
      const pageNumbered = (page: number) => there(kpi, period, page);
      for (const { first, values, manifest, unknown } of uploads(about, reports, pageNumbered, (hash) =>
        manifests.get(hash),
      )) {
        const text = manifestText(manifest);
        const hash = await sha256(text);
        if (unknown !== undefined && !goOn) {
          throw new Fault(
            'input',
            `You reported values of grants ${ranges(unknown.grants)} of ${visible(kpi.name)} before, and the new manifest has to repeat them with their evidence.`,
            `Choose their manifest above: ${unknown.hash}.json.`,
          );
        }
        groups.push([await instructions.attestPage(signer, plan, kpi, { period, first, values, evidence: hash })]);
        await makes(manifest.page);
        published.push(manifestFact(kpi, manifest, hex(hash), text));
      }
    }
    const left = lines.length - LISTED;
    return {
      verb: `Attest ${plural(lines.length, 'value')}`,
      lines: [
        ...lines.slice(0, LISTED),
        ...(left > 0 ? ([['And', `${plural(left, 'more value')}`]] as const) : []),
        ...published,
      ],
      transactions: pack(envelope, groups),
      rent,
      done: 'Your values are recorded. They count as soon as enough oracles report the same.',
    };
  }

  return (
    <>
      <section className="card form">
        <h2>
          {plural(
            due.reduce((sum, { tasks }) => sum + tasks.length, 0),
            'value',
          )}{' '}
          to report
        </h2>
        <TextField
          label="Evidence for all of them"
          value={evidence}
          onChange={setEvidence}
          rows={2}
          hint="A text or a link that others can check, or its SHA-256. Only the hash goes on the chain."
        />
        <EvidenceFile onHash={setEvidence} />
        {isAddition && (
          <EarlierManifests
            count={manifests.size}
            onRead={(read) => setManifests(new Map([...manifests, ...read]))}
            goOn={goOn}
            onGoOn={setGoOn}
          />
        )}
      </section>
      {due.map((each) =>
        each.kpi.scope === 'shared' ? (
          each.tasks.map((task) => (
            <TaskCard
              key={keyOf(task)}
              data={data}
              task={task}
              entry={entries.get(keyOf(task)) ?? EMPTY}
              onChange={(entry) => change([[keyOf(task), entry]])}
            />
          ))
        ) : (
          <GrantsCard
            key={`${each.kpi.number}/${each.period}`}
            data={data}
            tasks={each}
            entries={entries}
            onChange={change}
          />
        ),
      )}
      <ActionButtons
        signer={undefined}
        label={`Review ${plural(count, 'value')}`}
        disabled={count === 0}
        action={{ title: 'Attest', keys: [`attest/${data.plan.address}`], build, onDone }}
      />
    </>
  );
}

/** The file whose hash goes on the chain with the values of a page: whoever checks them needs it. */
function manifestFact(kpi: Kpi, { period, page }: Manifest, hash: string, text: string): Fact {
  return [
    `To be published: evidence of ${visible(kpi.name)}, period ${period}, page ${page}`,
    <button key="m" type="button" className="link" onClick={() => save(`${hash}.json`, text, 'application/json')}>
      {short(hash)}.json
    </button>,
  ];
}

type EarlierProps = {
  count: number;
  onRead: (manifests: Manifests) => void;
  goOn: boolean;
  onGoOn: (goOn: boolean) => void;
};

/** The manifests of this oracle's earlier uploads: what is added to a page repeats them. */
function EarlierManifests({ count, onRead, goOn, onGoOn }: EarlierProps) {
  const [mistakes, setMistakes] = useState<readonly Mistake[]>([]);

  async function take(files: readonly File[]) {
    const read = await Promise.all(
      files.map(async (file) => {
        const text = await file.text();
        return { name: file.name, hash: hex(await sha256(text)), manifest: readManifest(text) };
      }),
    );
    const wrong = read.filter(({ manifest }) => manifest === undefined);
    setMistakes(wrong.map(({ name }) => ({ line: undefined, field: name, what: 'is not a manifest' })));
    onRead(new Map(read.flatMap(({ hash, manifest }) => (manifest === undefined ? [] : [[hash, manifest]]))));
  }

  return (
    <>
      <p className="hint">
        You reported values before. What is added to a page of 64 grants repeats the manifest of your last upload there:
        choose the files you published then. {count > 0 && `${plural(count, 'manifest')} read.`}
      </p>
      <input
        type="file"
        multiple
        accept=".json,application/json"
        aria-label="Manifests of earlier uploads"
        onChange={(event) => void take([...(event.target.files ?? [])])}
      />
      <Mistakes mistakes={mistakes} title="The files" />
      <CheckField
        label="Go on without those I no longer have: their values then name no evidence"
        checked={goOn}
        onChange={onGoOn}
      />
    </>
  );
}

function EvidenceFile({ onHash }: { onHash: (hash: string) => void }) {
  return (
    <p className="actions">
      <input
        type="file"
        aria-label="Evidence from a file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined)
            void file
              .arrayBuffer()
              .then(sha256)
              .then((hash) => onHash(hex(hash)));
        }}
      />
    </p>
  );
}

function parseEntry({ reading: { kpi } }: Task, { value }: Entry): { value: bigint } | { error: string } | undefined {
  return value.trim() === '' ? undefined : parseAccepted(value, kpi);
}

/** One value for all grants. */
function TaskCard({
  data,
  task,
  entry,
  onChange,
}: {
  data: PlanData;
  task: Task;
  entry: Entry;
  onChange: (entry: Entry) => void;
}) {
  const { kpi, period } = task.reading;
  const parsed = parseEntry(task, entry);
  return (
    <article className="card">
      <div className="reading flat">
        <div>
          <TaskHead data={data} kpi={kpi} period={period} />
          <EntryFields data={data} task={task} entry={entry} onChange={onChange} label="Value" />
        </div>
        {!isPrice(kpi) && (
          <CurveChart {...kpi} value={parsed !== undefined && 'value' in parsed ? parsed.value : undefined} />
        )}
      </div>
    </article>
  );
}

function TaskHead({ data, kpi, period }: { data: PlanData; kpi: Kpi; period: number }) {
  return (
    <>
      <h3>
        <HostileText text={kpi.name} />, period {period}
      </h3>
      <p className="muted">
        Voting until <Countdown at={periodTimes(data.plan, period).attestDeadline} />
      </p>
      {kpi.feed !== undefined && (
        <p className="hint">
          This value can be read from a feed. Votes count when voting ends, if nobody shows an update of the feed.
        </p>
      )}
      {isPrice(kpi) && (
        <p className="hint">
          The price of a whole token; accepted are {plainNumber(kpi.rangeMin, kpi.decimals)} to{' '}
          {plainNumber(kpi.rangeMax, kpi.decimals)}. If nobody reports, {defaultText(kpi)} counts.
        </p>
      )}
    </>
  );
}

/** A value for each of several grants, typed or from a file; those of one page are uploaded together. */
function GrantsCard({
  data,
  tasks: { kpi, period, tasks },
  entries,
  onChange,
}: {
  data: PlanData;
  tasks: Tasks;
  entries: Entries;
  onChange: (changed: Iterable<readonly [string, Entry]>) => void;
}) {
  const href = useHref();
  const [mistakes, setMistakes] = useState<readonly Mistake[]>([]);
  const byIndex = new Map(tasks.map((task) => [task.reading.grant?.account.index ?? -1, task]));
  const filled = filledIn(tasks, entries).length;

  function take(text: string) {
    const read = readValues(text, new Set(byIndex.keys()));
    setMistakes(read.mistakes);
    if (read.mistakes.length > 0) return;
    onChange(
      read.rows.flatMap(({ grant, value, evidence }) => {
        const task = byIndex.get(grant);
        return task === undefined ? [] : [[keyOf(task), { value, evidence }] as const];
      }),
    );
  }

  return (
    <article className="card">
      <div className="reading flat">
        <div>
          <TaskHead data={data} kpi={kpi} period={period} />
          <p>
            {filled} of {plural(tasks.length, 'grant has', 'grants have')} a value here.
          </p>
          <p className="hint">
            From a file: CSV with the columns <code>grant,value,evidence</code>; the evidence as text, as a link or as
            its SHA-256, or empty.
          </p>
          <input
            type="file"
            accept=".csv,text/csv"
            aria-label={`File of values of ${visible(kpi.name)}, period ${period}`}
            onChange={(event) => void event.target.files?.[0]?.text().then(take)}
          />
          <Mistakes mistakes={mistakes} title="The file" />
        </div>
        <CurveChart {...kpi} />
      </div>
      <Paged items={tasks} what="grants" matches={isOfGrant}>
        {(shown) =>
          shown.map((task) => (
            <fieldset key={keyOf(task)}>
              <legend>
                <GrantName grant={task.reading.grant} href={(grant) => href({ name: 'grant', grant })} />
              </legend>
              <EntryFields
                data={data}
                task={task}
                entry={entries.get(keyOf(task)) ?? EMPTY}
                onChange={(entry) => onChange([[keyOf(task), entry]])}
                label={`Value for grant ${task.reading.grant?.account.index}`}
              />
            </fieldset>
          ))
        }
      </Paged>
    </article>
  );
}

function isOfGrant({ reading: { grant } }: Task, search: string): boolean {
  return String(grant?.account.index) === search || grant?.account.beneficiary.toLowerCase().includes(search) === true;
}

function GrantName({ grant, href }: { grant: Grant | undefined; href: (grant: Address) => string }) {
  if (grant === undefined) return null;
  const { index, beneficiary } = grant.account;
  return (
    <>
      <a href={href(grant.address)}>Grant {index}</a> <span className="muted">{short(beneficiary)}</span>
    </>
  );
}

/** The fields of one value, and what it means. */
function EntryFields({
  data,
  task,
  entry,
  onChange,
  label,
}: {
  data: PlanData;
  task: Task;
  entry: Entry;
  onChange: (entry: Entry) => void;
  label: string;
}) {
  const { voted, reading } = task;
  const now = useNow() ?? 0n;
  const { kpi } = reading;
  const parsed = parseEntry(task, entry);
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined;
  return (
    <>
      {voted !== undefined && (
        <p>
          You reported <ValueText value={voted} kpi={kpi} />; it can be changed until{' '}
          {isVoid(reading) || kpi.feed !== undefined ? 'voting ends' : 'enough oracles agree'}.
        </p>
      )}
      <div className="row">
        <NumberField
          label={`${label}${kpi.unit === '' ? '' : `, ${visible(kpi.unit)}`}`}
          kind="signed"
          value={entry.value}
          error={parsed !== undefined && 'error' in parsed ? parsed.error : undefined}
          onChange={(text) => onChange({ ...entry, value: text })}
        />
        <TextField
          label="Evidence, if it differs"
          value={entry.evidence}
          onChange={(text) => onChange({ ...entry, evidence: text })}
        />
      </div>
      {value !== undefined && (
        <p className="score">
          {isPrice(kpi) ? (
            <PricePayout data={data} task={task} price={value} />
          ) : (
            <>
              Scores <strong>{percent(scoreOf(kpi.curve, value))}</strong>
              <Payout data={data} task={task} score={scoreOf(kpi.curve, value)} now={now} />
            </>
          )}
        </p>
      )}
    </>
  );
}

/** What the score makes of the tranches that this KPI pays, where scores count by their weights. */
function Payout({ data, task, score, now }: { data: PlanData; task: Task; score: number; now: bigint }) {
  const { plan, mint, grants } = data;
  const { kpi, period, grant } = task.reading;
  if (plan.combination !== 'weighted-sum') return null;
  const concerned = grant === undefined ? [...grants.values()] : [grant];
  const paid = concerned.filter((each) => covers(each, period) && hasWeight(each, kpi));
  // Of a grant in another unit it depends on the period's price, which may not be known yet.
  const price = lastPrice(plan, data.evaluations, now) ?? plan.price?.defaultPrice;
  const sum = paid.reduce((total, each) => {
    const weight = BigInt(each.account.kpiWeights[kpi.number] ?? 0);
    return total + (trancheOf(plan, each, period, price) * weight * BigInt(score)) / 100_000_000n;
  }, 0n);
  return (
    <>
      {' '}
      and pays <Amount value={sum} decimals={mint.decimals} />
      {grant === undefined && <> to {plural(paid.length, 'grant')}</>}
      {paid.some(isInUnits) && ' at the last price'}
    </>
  );
}

/** What a price makes of the shares of the grants in the unit of account, at full scores. */
function PricePayout({ data, task, price }: { data: PlanData; task: Task; price: bigint }) {
  const { plan, mint, grants } = data;
  const { period } = task.reading;
  const paid = [...grants.values()].filter((each) => covers(each, period) && isInUnits(each));
  const tranches = paid.map((each) => trancheOf(plan, each, period, price));
  const reached = paid.filter((each, index) => tranches[index] === capOf(each, period)).length;
  return (
    <>
      Makes the period’s shares of {plural(paid.length, 'grant')}{' '}
      <Amount value={tranches.reduce((sum, each) => sum + each, 0n)} decimals={mint.decimals} />
      {reached > 0 && <>; {plural(reached, 'of them reaches', 'of them reach')} the allocation</>}
    </>
  );
}

function NothingDue({ data, me, now }: { data: PlanData; me: Address; now: bigint }) {
  const { plan } = data;
  const isOracle = [...plan.oracles.keys, ...(plan.nextOracles?.keys ?? [])].includes(me);
  const next = Array.from({ length: plan.calendar.periodCount }, (_, period) => periodTimes(plan, period)).find(
    ({ end }) => end > now,
  );
  return (
    <Notice tone="info">
      <p>
        <strong>{isOracle ? 'Nothing is due.' : 'This key is not an oracle of this plan.'}</strong>
      </p>
      {isOracle && next !== undefined && (
        <p>
          Votes on period {next.period} are accepted from <Countdown at={next.end} /> on.
        </p>
      )}
    </Notice>
  );
}
