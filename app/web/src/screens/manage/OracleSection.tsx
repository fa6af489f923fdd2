import { useState } from 'react';
import { Fault } from '../../chain/fault';
import * as instructions from '../../chain/instructions';
import { useApp } from '../../context/app';
import { periodTimes } from '../../domain/terms';
import { Notes } from '../../model/mistakes';
import { checkApart, readOracles } from '../../model/planCheck';
import type { PlanData } from '../../model/planData';
import { chainTime } from '../../state/clock';
import { localTime } from '../../text/time';
import { SelectField } from '../../ui/Field';
import { Mistakes } from '../../ui/Mistakes';
import { Time } from '../../ui/Time';
import { ActionButtons } from '../ActionButtons';
import { OracleEditor } from '../OracleEditor';
import { decideText } from '../words';
import type { TimedSectionProps } from './section';

/** Another set of oracles, from a period on that gives everyone notice. */
export function OracleSection({ data, now, onDone }: TimedSectionProps) {
  const { plan } = data;
  const { authority } = plan.account;
  const next = plan.nextOracles;
  const begins = next === undefined ? undefined : periodTimes(plan, next.firstPeriod).start;
  if (next !== undefined && begins !== undefined && now < begins) {
    return (
      <section className="card form">
        <h2>Oracles</h2>
        <p>
          Another set is announced: it votes from period {next.firstPeriod} on, which begins on <Time at={begins} />.
        </p>
        <ActionButtons
          signer={authority}
          label="Review cancelling it"
          action={{
            title: 'Cancel the change of oracles',
            keys: [`oracles/${plan.address}`],
            onDone,
            build: async ({ payer: signer }) => ({
              verb: 'Cancel the change',
              lines: [['The oracles', 'stay as they are']],
              transactions: [[await instructions.cancelOracleChange(signer, plan.address)]],
              done: 'The change is cancelled.',
            }),
          }}
        />
      </section>
    );
  }
  return <Rotation data={data} now={now} onDone={onDone} />;
}

function Rotation({ data, now, onDone }: TimedSectionProps) {
  const { plan } = data;
  const { chain } = useApp();
  const [keys, setKeys] = useState<readonly string[]>(plan.oracles.keys);
  const [threshold, setThreshold] = useState(String(plan.oracles.threshold));
  const periods = possiblePeriods(data, now);
  const [chosen, setChosen] = useState('');
  const period = periods.find((each) => String(each) === chosen) ?? periods[0];
  const notes = new Notes();
  const given = keys.filter((key) => key !== '');
  const set = readOracles(given, threshold, notes);
  checkApart(given, { authority: plan.account.authority, arbiter: plan.arbiter }, notes);
  return (
    <section className="card form">
      <h2>Oracles</h2>
      <p className="hint">
        A change is announced in advance and takes effect by time. Earlier periods are voted by the set before.
      </p>
      <OracleEditor keys={keys} threshold={threshold} onKeys={setKeys} onThreshold={setThreshold} />
      {period === undefined ? (
        <p className="muted">No period is far enough ahead for the notice that the plan promises.</p>
      ) : (
        <SelectField
          label="From period"
          value={String(period)}
          onChange={setChosen}
          options={periods.map(
            (each) => [String(each), `${each}, which begins on ${localTime(periodTimes(plan, each).start)}`] as const,
          )}
        />
      )}
      <Mistakes mistakes={notes.mistakes} title="Not ready yet" />
      <ActionButtons
        signer={plan.account.authority}
        label="Review"
        disabled={set === undefined || notes.mistakes.length > 0 || period === undefined}
        action={{
          title: 'Change the oracles',
          keys: [`oracles/${plan.address}`],
          onDone,
          async build({ payer: signer }) {
            if (set === undefined) throw new Fault('input', 'The set has mistakes.');
            // By the chain's time now: what the page offers is as old as its last look at the clock.
            const possible = possiblePeriods(data, await chainTime(chain));
            const first = chosen === '' ? possible[0] : possible.find((each) => String(each) === chosen);
            if (first === undefined) {
              throw new Fault('input', 'The period begins before the notice is over.', 'Choose a later one.');
            }
            return {
              verb: 'Announce the change',
              lines: [
                ['Oracles', decideText(set.threshold, set.oracles.length)],
                ['From period', `${first}, ${localTime(periodTimes(plan, first).start)}`],
              ],
              transactions: [[await instructions.proposeOracles(signer, plan.address, { ...set, firstPeriod: first })]],
              done: 'The change is announced.',
            };
          },
        }}
      />
    </section>
  );
}

function possiblePeriods({ plan }: PlanData, now: bigint): number[] {
  const earliest = now + BigInt(plan.account.noticeSecs);
  const all = Array.from({ length: plan.calendar.periodCount }, (_, period) => period);
  return all.filter((period) => periodTimes(plan, period).start >= earliest);
}
