// Disputes and rulings as instructions: those of grants in one page go together.
import type { Address } from '@solana/kit';
import * as instructions from '../chain/instructions';
import type { Costed } from '../chain/cost';
import { type Envelope, fits } from '../chain/packing';
import { pageFor } from '../domain/evaluation';
import { pageGrants, place } from '../domain/page';
import { type Reading, canDispute } from '../domain/reading';
import { NO_KEY, type Plan } from '../domain/terms';
import type { Dispute } from './due';

/** The rulings on disputes that one attestation or page holds; each fits into a transaction. Null upholds. */
export async function rulings(
  envelope: Envelope,
  plan: Plan,
  disputes: readonly Dispute[],
  value: bigint | null,
  reasonHash: Uint8Array,
): Promise<Costed[]> {
  const [first] = disputes;
  if (first === undefined) return [];
  const { kpi, period } = first.reading;
  const sorted = [...disputes].sort((one, other) => indexOf(one.reading) - indexOf(other.reading));
  const valued = { kpi: kpi.number, period, grants: grantsOf(sorted.map(({ reading }) => reading)) };
  const disputedFor = sorted.flatMap((dispute) => grantOf(dispute) ?? []);
  const rule = await instructions.rule(envelope.payer, plan.address, valued, disputedFor, value, reasonHash);
  if (fits(envelope, [rule]) || sorted.length === 1) return [rule];
  const middle = Math.ceil(sorted.length / 2);
  const halves = [sorted.slice(0, middle), sorted.slice(middle)];
  return (await Promise.all(halves.map((half) => rulings(envelope, plan, half, value, reasonHash)))).flat();
}

/** The grant for which a beneficiary disputed. */
function grantOf({ evaluation, reading: { grant } }: Dispute): Address | undefined {
  if (evaluation.kind === 'attestation') {
    const { disputerGrant } = evaluation.account;
    return disputerGrant === NO_KEY ? undefined : disputerGrant;
  }
  const by = grant && evaluation.entries[place(grant.account.index).slot]?.disputer;
  return by === 'beneficiary' ? grant?.address : undefined;
}

/** What the authority disputes at once: the page is undefined for a shared KPI. */
export type Challenge = { reading: Reading; page: number | undefined; instruction: Costed };

/** The authority's disputes of these values and silences at `now`. */
export async function challenges(
  authority: Address,
  plan: Plan,
  readings: readonly Reading[],
  reasonHash: Uint8Array,
  now: bigint,
): Promise<Challenge[]> {
  const together = new Map<string, Reading[]>();
  for (const reading of readings) {
    const { kpi, period } = reading;
    // By itself where only what counts, and not what is written down, says that it can be disputed.
    const page = canDispute(plan, reading, false, now) ? pageOf(reading) : `grant ${indexOf(reading)}`;
    const key = `${kpi.number}/${period}/${page}`;
    together.set(key, [...(together.get(key) ?? []), reading]);
  }
  return Promise.all(
    [...together.values()].map(async (all): Promise<Challenge> => {
      const reading = all[0]!;
      const valued = { kpi: reading.kpi.number, period: reading.period, grants: grantsOf(all) };
      const alone = canDispute(plan, reading, false, now) ? undefined : reading.grant?.address;
      const instruction = await instructions.dispute(authority, plan.address, valued, alone, reasonHash);
      return { reading, page: pageOf(reading), instruction };
    }),
  );
}

function pageOf({ kpi, grant }: Reading): number | undefined {
  return grant && pageFor(kpi, grant.account.index);
}

function indexOf({ grant }: Reading): number {
  return grant?.account.index ?? 0;
}

function grantsOf(readings: readonly Reading[]) {
  const indices = readings.flatMap(({ grant }) => grant?.account.index ?? []);
  return indices.length === 0 ? undefined : pageGrants(indices);
}
