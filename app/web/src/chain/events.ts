// The program's events, read from the instructions that it sends to itself.
import {
  type Address,
  type Decoder,
  type Option,
  type ReadonlyUint8Array,
  fixDecoderSize,
  getAddressDecoder,
  getArrayDecoder,
  getBooleanDecoder,
  getBytesDecoder,
  getI64Decoder,
  getOptionDecoder,
  getStructDecoder,
  getU16Decoder,
  getU32Decoder,
  getU64Decoder,
  getU8Decoder,
} from '@solana/kit';
import { place } from '../domain/page';
import { EVENT_DISCRIMINATORS } from '../generated/events';
import { getCreateGrantArgsDecoder } from '../generated/types/createGrantArgs';
import { getCreatePlanArgsDecoder } from '../generated/types/createPlanArgs';
import { getKpiTermsDecoder } from '../generated/types/kpiTerms';
import { getPageGrantsDecoder } from '../generated/types/pageGrants';
import { getRentDecoder } from '../generated/types/rent';

/** What Anchor puts before an event that travels as an instruction. */
const EVENT_TAG = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

const address = getAddressDecoder;
const u8 = getU8Decoder;
const u16 = getU16Decoder;
const u32 = getU32Decoder;
const u64 = getU64Decoder;
const i64 = getI64Decoder;
const flag = getBooleanDecoder;
const hash = () => fixDecoderSize(getBytesDecoder(), 32);
const optional = <T>(inner: Decoder<T>) => getOptionDecoder(inner);
const list = <T>(inner: Decoder<T>) => getArrayDecoder(inner);

/** Every event names its plan, the time of its slot and its number in the plan's sequence. */
function event<const T extends readonly (readonly [string, Decoder<unknown>])[]>(...fields: T) {
  return getStructDecoder([['plan', address()], ['time', i64()], ['sequence', u64()], ...fields]);
}

const DECODERS = {
  PlanCreated: event(
    ['creator', address()],
    ['rent', getRentDecoder()],
    ['vaultRent', u64()],
    ['mint', address()],
    ['tokenProgram', address()],
    ['vault', address()],
    ['treasury', address()],
    ['treasuryOwner', address()],
    ['terms', getCreatePlanArgsDecoder()],
  ),
  KpiAdded: event(['kpi', u8()], ['terms', getKpiTermsDecoder()]),
  PlanActivated: event(['lastDeadline', i64()]),
  PlanFunded: event(['funder', address()], ['amount', u64()], ['received', u64()], ['vaultBalance', u64()]),
  SurplusWithdrawn: event(['destination', address()], ['amount', u64()], ['received', u64()], ['vaultBalance', u64()]),
  GrantCreated: event(
    ['grant', address()],
    ['rent', getRentDecoder()],
    ['terms', getCreateGrantArgsDecoder()],
    ['maxCredit', u64()],
    ['reserved', u64()],
    ['planReserved', u64()],
    ['vaultBalance', u64()],
  ),
  ValueAttested: event(
    ['kpi', u8()],
    ['period', u16()],
    ['oracle', address()],
    ['value', i64()],
    ['evidence', hash()],
    ['rent', optional(getRentDecoder())],
    ['resolved', flag()],
  ),
  PageAttested: event(
    ['kpi', u8()],
    ['period', u16()],
    ['first', u32()],
    ['oracle', address()],
    ['values', list(i64())],
    ['evidence', hash()],
    ['skipped', u64()],
    ['resolved', u64()],
    ['rent', optional(getRentDecoder())],
  ),
  GrantSettled: event(
    ['grant', address()],
    ['period', u16()],
    ['scores', list(u16())],
    ['tranche', u64()],
    ['earned', u64()],
    ['unearned', u64()],
    ['carry', u64()],
    ['pooled', u64()],
    ['kpiAmount', u64()],
    ['reserved', u64()],
    ['rent', optional(getRentDecoder())],
    ['planReserved', u64()],
    ['planOwed', u64()],
    ['planPooled', u64()],
  ),
  BonusCollected: event(
    ['grant', address()],
    ['period', u16()],
    ['bonus', u64()],
    ['leftOver', u64()],
    ['planOwed', u64()],
    ['planPooled', u64()],
  ),
  GrantClaimed: event(
    ['grant', address()],
    ['beneficiary', address()],
    ['claimant', address()],
    ['destination', address()],
    ['amount', u64()],
    ['received', u64()],
    ['claimed', u64()],
    ['planOwed', u64()],
    ['vaultBalance', u64()],
  ),
  ValueDisputed: event(
    ['kpi', u8()],
    ['period', u16()],
    ['grants', optional(getPageGrantsDecoder())],
    ['disputer', address()],
    ['grant', optional(address())],
    ['reasonHash', hash()],
    ['rent', optional(getRentDecoder())],
  ),
  DisputeRuled: event(
    ['kpi', u8()],
    ['period', u16()],
    ['grants', optional(getPageGrantsDecoder())],
    ['value', optional(i64())],
    ['reasonHash', hash()],
    ['disputedFor', list(address())],
  ),
  AuthorityProposed: event(['old', address()], ['new', address()]),
  AuthorityAccepted: event(
    ['old', address()],
    ['new', address()],
    ['treasury', address()],
    ['treasuryOwner', address()],
    ['oracleChange', flag()],
  ),
  OraclesProposed: event(['oracles', list(address())], ['threshold', u8()], ['firstPeriod', u16()]),
  OracleChangeCancelled: event(['firstPeriod', u16()]),
  TreasurySet: event(['old', address()], ['new', address()], ['newOwner', address()], ['effectiveAt', i64()]),
  BeneficiaryProposed: event(['grant', address()], ['old', address()], ['new', address()]),
  BeneficiaryAccepted: event(['grant', address()], ['old', address()], ['new', address()]),
  ClaimLockSet: event(['grant', address()], ['locked', flag()]),
  GrantEnded: event(
    ['grant', address()],
    ['termination', u8()],
    ['endPeriod', u16()],
    ['cutTranche', u64()],
    ['forfeited', flag()],
    ['carry', u64()],
    ['reserved', u64()],
    ['planReserved', u64()],
    ['planOwed', u64()],
  ),
  AttestationClosed: event(['kpi', u8()], ['period', u16()]),
  PageClosed: event(['kpi', u8()], ['period', u16()], ['page', u32()]),
  PeriodClosed: event(['period', u16()]),
  GrantClosed: event(['grant', address()], ['claimed', u64()]),
  PlanClosed: event(['destination', address()], ['amount', u64()], ['received', u64()]),
} as const;

export type EventName = keyof typeof DECODERS;

type EventOf<N extends EventName> = { name: N } & ReturnType<(typeof DECODERS)[N]['decode']>;

/** An event of the program. */
export type EarnoutEvent = { [N in EventName]: EventOf<N> }[EventName];

/**
 * Reads an instruction that the program sent to itself: undefined if it carries no event, `unknown` if this release
 * cannot read the event that it carries.
 */
export function decodeEvent(data: ReadonlyUint8Array): EarnoutEvent | 'unknown' | undefined {
  if (!begins(data, EVENT_TAG, 0)) return undefined;
  for (const [name, decoder] of Object.entries(DECODERS)) {
    const discriminator = EVENT_DISCRIMINATORS[name as EventName];
    if (!begins(data, discriminator, EVENT_TAG.length)) continue;
    try {
      const fields = (decoder as Decoder<object>).decode(data, EVENT_TAG.length + discriminator.length);
      return { name, ...fields } as EarnoutEvent;
    } catch {
      return 'unknown';
    }
  }
  return 'unknown';
}

/** The names of all events that can be read. */
export const EVENT_NAMES = Object.keys(DECODERS) as EventName[];

function begins(data: ReadonlyUint8Array, bytes: readonly number[], offset: number): boolean {
  return bytes.every((byte, index) => data[offset + index] === byte);
}

/** What an optional field holds. */
export function some<T>(option: Option<T>): T | undefined {
  return option.__option === 'Some' ? option.value : undefined;
}

/** The grant that an event is about. */
export function grantOf(event: EarnoutEvent): Address | undefined {
  return 'grant' in event && typeof event.grant === 'string' ? event.grant : undefined;
}

/** A page of a plan, by what it is of. */
export type PageId = { kpi: number; period: number; page: number };

/** The page of which an event tells. */
export function pageOf(event: EarnoutEvent): PageId | undefined {
  if (event.name === 'PageClosed') return event;
  const isUpload = event.name === 'PageAttested';
  if (!isUpload && event.name !== 'ValueDisputed' && event.name !== 'DisputeRuled') return undefined;
  const first = isUpload ? event.first : some(event.grants)?.first;
  return first === undefined ? undefined : { kpi: event.kpi, period: event.period, page: place(first).page };
}
