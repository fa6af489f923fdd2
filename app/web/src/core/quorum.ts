// From the oracles' votes to one value, and to the time at which it is final: `crates/core/src/quorum.rs` in
// TypeScript. Votes are one entry for each oracle of the set, undefined for one that did not vote.
import { MAX_ORACLES } from '../generated/constants';
import type { Windows } from './calendar';
import { type Curve, scoreOf } from './curve';
import { fail } from './error';
import { FULL_SCORE } from './limits';
import { i64, max } from './math';

export type Votes = readonly (bigint | undefined)[];

/** What the votes on a KPI, or their absence, came to. */
export type Outcome = { kind: 'value'; value: bigint } | { kind: 'silent' };

export const SILENT: Outcome = { kind: 'silent' };

export type Ruling = { kind: 'uphold' } | { kind: 'value'; value: bigint };

/** What has happened so far to one KPI for one period. */
export type Evaluation = {
  resolved?: { value: bigint; at: bigint } | undefined;
  disputedAt?: bigint | undefined;
  ruling?: Ruling | undefined;
};

/** Final, or not before a time if nothing more happens. */
export type Finality = { kind: 'final'; outcome: Outcome } | { kind: 'not-before'; time: bigint };

/** The value on which at least `threshold` oracles agree. */
export function agreed(votes: Votes, threshold: number): bigint | undefined {
  checkThreshold(votes, threshold);
  return cast(votes).find((value) => cast(votes).filter((vote) => vote === value).length >= threshold);
}

/**
 * What the votes give when voting is over. Sorted by score from best to worst, equal scores by value: the `threshold`-th from
 * the top if it scores at least `defaultScore`, else the `threshold`-th from the bottom if it scores at most that, else
 * silence.
 */
export function atDeadline(votes: Votes, threshold: number, curve: Curve, defaultScore: number): Outcome {
  checkThreshold(votes, threshold);
  if (defaultScore > FULL_SCORE) fail('ScoreTooHigh');
  const ranked = cast(votes)
    .map((value) => ({ value, score: scoreOf(curve, value) }))
    .sort((a, b) => b.score - a.score || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  const fromTop = ranked[threshold - 1];
  const fromBottom = ranked[ranked.length - threshold];
  if (fromTop === undefined || fromBottom === undefined) return SILENT;
  if (fromTop.score >= defaultScore) return { kind: 'value', value: fromTop.value };
  return fromBottom.score <= defaultScore ? { kind: 'value', value: fromBottom.value } : SILENT;
}

/**
 * What the votes on the price give when voting is over: as {@link atDeadline}, but sorted by value, with `defaultPrice` in
 * the place of the score under silence.
 */
export function priceAtDeadline(votes: Votes, threshold: number, defaultPrice: bigint): Outcome {
  checkThreshold(votes, threshold);
  const ranked = cast(votes).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  const fromTop = ranked[threshold - 1];
  const fromBottom = ranked[ranked.length - threshold];
  if (fromTop === undefined || fromBottom === undefined) return SILENT;
  if (fromTop >= defaultPrice) return { kind: 'value', value: fromTop };
  return fromBottom <= defaultPrice ? { kind: 'value', value: fromBottom } : SILENT;
}

/** The price of an outcome: its value, `defaultPrice` for silence. */
export function priceOf(outcome: Outcome, defaultPrice: bigint): bigint {
  return outcome.kind === 'value' ? outcome.value : defaultPrice;
}

/** Whether the outcome of one KPI for one period is final at `now`. */
export function finality(
  evaluation: Evaluation,
  deadlineOutcome: Outcome,
  attestDeadline: bigint,
  windows: Windows,
  now: bigint,
): Finality {
  const { resolved, disputedAt, ruling } = evaluation;
  const standing: Outcome = resolved === undefined ? deadlineOutcome : { kind: 'value', value: resolved.value };
  const since = resolved === undefined ? attestDeadline : resolved.at;
  let outcome = standing;
  let from = since;
  if (ruling !== undefined) {
    if (disputedAt === undefined) fail('RulingWithoutDispute');
    if (ruling.kind === 'value') outcome = { kind: 'value', value: ruling.value };
  } else if (disputedAt !== undefined) {
    from = i64(disputedAt + BigInt(windows.rulingSecs));
  } else {
    from = i64(since + BigInt(windows.challengeSecs));
  }
  from = max(from, since);
  return now >= from ? { kind: 'final', outcome } : { kind: 'not-before', time: from };
}

/** When an outcome that stands since `since` may be disputed; the end does not belong to it. */
export function challengeWindow(since: bigint, windows: Windows): { start: bigint; end: bigint } {
  return { start: since, end: i64(since + BigInt(windows.challengeSecs)) };
}

/** The score of an outcome in basis points. */
export function scoreOfOutcome(outcome: Outcome, curve: Curve, defaultScore: number): number {
  if (outcome.kind === 'value') return scoreOf(curve, outcome.value);
  return defaultScore > FULL_SCORE ? fail('ScoreTooHigh') : defaultScore;
}

/** The smallest number of oracles that is more than half of them. */
export function strictMajority(oracles: number): number {
  return Math.floor(oracles / 2) + 1;
}

function cast(votes: Votes): bigint[] {
  return votes.filter((vote) => vote !== undefined);
}

function checkThreshold(votes: Votes, threshold: number): void {
  if (votes.length === 0) fail('NoVotes');
  if (votes.length > MAX_ORACLES) fail('TooManyOracles');
  if (threshold < strictMajority(votes.length) || threshold > votes.length) fail('BadThreshold');
}
