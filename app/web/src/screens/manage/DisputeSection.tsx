import { useState } from 'react';
import { Fault } from '../../chain/fault';
import { newSize } from '../../chain/read';
import { pack } from '../../chain/packing';
import type { Fact } from '../../context/action';
import { useApp } from '../../context/app';
import type { Reading } from '../../domain/reading';
import { challenges } from '../../model/deciding';
import { disputable } from '../../model/due';
import { percent, plainNumber } from '../../text/amount';
import { plural } from '../../text/count';
import { parseHash, sha256, short } from '../../text/hash';
import { visible } from '../../text/hostile';
import { CheckField, TextField } from '../../ui/Field';
import { HostileText } from '../../ui/HostileText';
import { Paged } from '../../ui/Paged';
import { Countdown } from '../../ui/Time';
import { ActionButtons } from '../ActionButtons';
import { defaultText } from '../Values';
import type { TimedSectionProps } from './section';

const keyOf = ({ kpi, period, grant }: Reading) => `${kpi.number}/${period}/${grant?.account.index ?? ''}`;

/** Values and silences that the authority disputes, for one reason. */
export function DisputeSection({ data, now, onDone }: TimedSectionProps) {
  const { chain } = useApp();
  const { plan } = data;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState('');
  const open = disputable(data, now);
  const groups = new Map<string, Reading[]>();
  for (const reading of open) {
    const key = `${reading.kpi.number}/${reading.period}`;
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  }
  const picked = open.filter((reading) => chosen.has(keyOf(reading)));
  const choose = (readings: readonly Reading[], on: boolean) => {
    const next = new Set(chosen);
    for (const reading of readings) {
      if (on) next.add(keyOf(reading));
      else next.delete(keyOf(reading));
    }
    setChosen(next);
  };
  if (plan.arbiter === undefined) return null;
  return (
    <section className="card form">
      <h2>Dispute values</h2>
      {open.length === 0 && <p className="muted">No value or silence can be disputed now.</p>}
      {[...groups].map(([key, readings]) => (
        <Group key={key} readings={readings} chosen={chosen} onChoose={choose} />
      ))}
      {open.length > 0 && (
        <>
          <TextField
            label="Reason"
            value={reason}
            rows={2}
            hint="Publish this text; its SHA-256 goes on the chain. You can also paste the SHA-256 itself."
            onChange={setReason}
          />
          <ActionButtons
            signer={plan.account.authority}
            label={`Review ${plural(picked.length, 'dispute')}`}
            disabled={picked.length === 0 || reason.trim() === ''}
            action={{
              title: 'Dispute',
              keys: [`dispute/${plan.address}`],
              onDone,
              async build(envelope) {
                if (picked.length === 0) throw new Fault('input', 'Nothing is chosen any more.');
                const hash = parseHash(reason) ?? (await sha256(reason));
                const made = await challenges(envelope.payer, plan, picked, hash, now);
                const sizes = new Map<string, number>();
                for (const { reading, page } of made) {
                  const { kpi, period, evaluation } = reading;
                  if (evaluation === undefined) {
                    sizes.set(`${kpi.number}/${period}/${page}`, newSize(plan, period, page));
                  }
                }
                let rent = 0n;
                for (const size of sizes.values()) rent += await chain.rent(size);
                return {
                  verb: plural(picked.length, 'dispute'),
                  lines: [
                    ...picked.slice(0, LISTED).map((reading): Fact => [nameOf(reading), valueOf(reading)]),
                    ...(picked.length > LISTED
                      ? ([['And', plural(picked.length - LISTED, 'more value')]] as const)
                      : []),
                    ['Who decides', `the arbiter ${short(plan.arbiter ?? '')}`],
                  ],
                  transactions: pack(
                    envelope,
                    made.map(({ instruction }) => [instruction]),
                  ),
                  rent,
                  done: 'Disputed. The arbiter can rule now; if it does not, the values stand.',
                };
              },
            }}
          />
        </>
      )}
    </section>
  );
}

/** Values that are listed one by one before they are signed. */
const LISTED = 12;

function nameOf({ kpi, period, grant }: Reading): string {
  return `${visible(kpi.name)}, period ${period}${grant === undefined ? '' : `, grant ${grant.account.index}`}`;
}

function valueOf({ kpi, outcome, score, price }: Reading): string {
  const value =
    outcome.kind === 'silent' ? 'silence' : `${plainNumber(outcome.value, kpi.decimals)} ${visible(kpi.unit)}`.trim();
  if (price === undefined) return `${value} → ${percent(score)}`;
  return outcome.kind === 'silent' ? `${value} → ${defaultText(kpi)}` : value;
}

/** The values of one KPI and period. */
function Group({
  readings,
  chosen,
  onChoose,
}: {
  readings: readonly Reading[];
  chosen: ReadonlySet<string>;
  onChoose: (readings: readonly Reading[], on: boolean) => void;
}) {
  const [first] = readings;
  if (first === undefined) return null;
  const { kpi, period } = first;
  const all = readings.every((reading) => chosen.has(keyOf(reading)));
  const ends = readings.flatMap(({ until }) => until ?? []).sort((a, b) => (a < b ? -1 : 1));
  return (
    <fieldset>
      <legend>
        <HostileText text={kpi.name} />, period {period}
      </legend>
      {ends[0] !== undefined && (
        <p className="hint">
          The first can be disputed until <Countdown at={ends[0]} />
        </p>
      )}
      {readings.length > 1 && (
        <CheckField
          label={`All ${plural(readings.length, 'grant')}`}
          checked={all}
          onChange={(on) => onChoose(readings, on)}
        />
      )}
      <Paged items={readings} what="values" matches={isOfGrant}>
        {(shown) =>
          shown.map((reading) => (
            <CheckField
              key={keyOf(reading)}
              label={`${reading.grant === undefined ? '' : `Grant ${reading.grant.account.index}: `}${valueOf(reading)}`}
              checked={chosen.has(keyOf(reading))}
              onChange={(on) => onChoose([reading], on)}
            />
          ))
        }
      </Paged>
    </fieldset>
  );
}

function isOfGrant({ grant }: Reading, search: string): boolean {
  return String(grant?.account.index) === search || grant?.account.beneficiary.toLowerCase().includes(search) === true;
}
