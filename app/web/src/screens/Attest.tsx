import { useState } from 'react';
import type { Address, Instruction } from '@solana/kit';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { ATTESTATION_SIZE } from '../chain/read';
import { pack } from '../chain/transaction';
import { CurveChart } from '../charts/CurveChart';
import type { ActionRequest } from '../context/action';
import { useApp, useWallet } from '../context/app';
import { scoreOf } from '../core/curve';
import { covers, trancheOf } from '../domain/grant';
import { periodTimes } from '../domain/terms';
import { type Task, tasksOf } from '../model/due';
import type { PlanData } from '../model/planData';
import { percent, plainNumber } from '../text/amount';
import { plural } from '../text/count';
import { hex, parseHash, sha256, short } from '../text/hash';
import { visible } from '../text/hostile';
import { Amount } from '../ui/Amount';
import { NumberField, TextField } from '../ui/Field';
import { HostileText } from '../ui/HostileText';
import { Notice } from '../ui/Notice';
import { Paged } from '../ui/Paged';
import { Countdown } from '../ui/Time';
import { WalletMenu } from '../ui/WalletMenu';
import { ActionButtons } from './ActionButtons';
import { PlanFrame } from './PlanScreen';
import { ValueText, parseAccepted } from './Values';

/** What an oracle has to report, and the way to report it. */
export default function Attest({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={({ plan }) => `Attest for plan ${plan.account.planId}`}>
      {(data, now, reload) => <Work data={data} now={now} onDone={reload} />}
    </PlanFrame>
  );
}

type Entry = { value: string; evidence: string };

const keyOf = ({ reading, grant }: Task) => `${reading.kpi.number}/${reading.period}/${grant ?? ''}`;

function Work({ data, now, onDone }: { data: PlanData; now: bigint; onDone: () => void }) {
  const { chain } = useApp();
  const me = useWallet().connection?.address;
  const [entries, setEntries] = useState<ReadonlyMap<string, Entry>>(new Map());
  const [evidence, setEvidence] = useState('');
  if (me === undefined) {
    return (
      <section className="card center">
        <p>Connect the oracle’s key to see what is due.</p>
        <WalletMenu />
      </section>
    );
  }
  const tasks = tasksOf(data, me, now);
  const filled = tasks.flatMap((task) => {
    const entry = entries.get(keyOf(task));
    const parsed = entry === undefined ? undefined : parseEntry(task, entry);
    return entry !== undefined && parsed !== undefined && 'value' in parsed
      ? [{ task, entry, value: parsed.value }]
      : [];
  });
  if (tasks.length === 0) return <NothingDue data={data} me={me} now={now} />;

  async function build(signer: Address): Promise<ActionRequest> {
    const groups: Instruction[][] = [];
    let created = 0n;
    for (const { task, entry, value } of filled) {
      const { kpi, period, subject, attestation } = task.reading;
      const proof = entry.evidence.trim() === '' ? evidence : entry.evidence;
      if (proof.trim() === '') {
        throw new Fault(
          'input',
          `The value of ${visible(kpi.name)} has no evidence.`,
          'Name or paste the evidence: others will want to check it.',
        );
      }
      const hash = parseHash(proof) ?? (await sha256(proof));
      groups.push([await instructions.attest(signer, data.plan, kpi, subject, { period, value, evidence: hash })]);
      if (attestation === undefined) created += 1n;
    }
    return {
      verb: `Attest ${plural(groups.length, 'value')}`,
      lines: filled.map(({ task: { reading, grant }, value }) => {
        const { kpi, period } = reading;
        const about = grant === undefined ? '' : `, grant ${data.grants.get(grant)?.account.index ?? short(grant)}`;
        return [
          `${visible(kpi.name)}, period ${period}${about}`,
          `${plainNumber(value, kpi.decimals)} ${visible(kpi.unit)} → ${percent(scoreOf(kpi.curve, value))}`,
        ] as const;
      }),
      transactions: pack(signer, groups),
      rent: created * (await chain.rent(ATTESTATION_SIZE)),
      done: 'Your values are recorded. They count as soon as enough oracles report the same.',
    };
  }

  return (
    <>
      <section className="card form">
        <h2>{plural(tasks.length, 'value')} to report</h2>
        <TextField
          label="Evidence for all of them"
          value={evidence}
          onChange={setEvidence}
          rows={2}
          hint="A text or a link that others can check, or its SHA-256. Only the hash goes on the chain."
        />
        <EvidenceFile onHash={setEvidence} />
      </section>
      <Paged items={tasks} what="values">
        {(shown) =>
          shown.map((task) => (
            <TaskCard
              key={keyOf(task)}
              data={data}
              task={task}
              entry={entries.get(keyOf(task)) ?? { value: '', evidence: '' }}
              onChange={(entry) => setEntries(new Map(entries).set(keyOf(task), entry))}
            />
          ))
        }
      </Paged>
      <ActionButtons
        signer={undefined}
        label={`Review ${plural(filled.length, 'value')}`}
        disabled={filled.length === 0}
        action={{ title: 'Attest', keys: [`attest/${data.plan.address}`], build, onDone }}
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
  const { reading, grant, voted } = task;
  const { kpi, period } = reading;
  const parsed = parseEntry(task, entry);
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined;
  const about = grant === undefined ? undefined : data.grants.get(grant);
  return (
    <article className="card">
      <div className="reading flat">
        <div>
          <h3>
            <HostileText text={kpi.name} />, period {period}
            {about !== undefined && <> – grant {about.account.index}</>}
          </h3>
          <p className="muted">
            Voting until <Countdown at={periodTimes(data.plan, period).attestDeadline} />
          </p>
          {voted !== undefined && (
            <p>
              You reported <ValueText value={voted} kpi={kpi} />; it can be changed until enough oracles agree.
            </p>
          )}
          <NumberField
            label={`Value${kpi.unit === '' ? '' : `, ${visible(kpi.unit)}`}`}
            kind="signed"
            value={entry.value}
            error={parsed !== undefined && 'error' in parsed ? parsed.error : undefined}
            onChange={(text) => onChange({ ...entry, value: text })}
          />
          {value !== undefined && (
            <p className="score">
              Scores <strong>{percent(scoreOf(kpi.curve, value))}</strong>
              <Payout data={data} task={task} score={scoreOf(kpi.curve, value)} />
            </p>
          )}
          <TextField
            label="Evidence, if it differs"
            value={entry.evidence}
            onChange={(text) => onChange({ ...entry, evidence: text })}
          />
        </div>
        <CurveChart {...kpi} value={value} />
      </div>
    </article>
  );
}

/** What the score makes of the tranches that this KPI pays, where scores count by their weights. */
function Payout({ data, task, score }: { data: PlanData; task: Task; score: number }) {
  const { plan, mint, grants } = data;
  const { kpi, period } = task.reading;
  if (plan.combination !== 'weighted-sum') return null;
  const paid = [...grants.values()].filter(
    (grant) =>
      (task.grant === undefined || grant.address === task.grant) &&
      covers(grant, period) &&
      (grant.account.kpiWeights[kpi.number] ?? 0) > 0,
  );
  const sum = paid.reduce((total, grant) => {
    const weight = BigInt(grant.account.kpiWeights[kpi.number] ?? 0);
    return total + (trancheOf(grant, period) * weight * BigInt(score)) / 100_000_000n;
  }, 0n);
  return (
    <>
      {' '}
      and pays <Amount value={sum} decimals={mint.decimals} /> to {plural(paid.length, 'grant')}
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
