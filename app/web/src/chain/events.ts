// The program's events, read from the instructions that it sends to itself.
import type { Address, Decoder, Option, ReadonlyUint8Array } from '@solana/kit';
import { place } from '../domain/page';
import { EVENTS } from '../generated/events';

/** What Anchor puts before an event that travels as an instruction. */
const EVENT_TAG = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

export type EventName = keyof typeof EVENTS;

type EventOf<N extends EventName> = { name: N } & ReturnType<(typeof EVENTS)[N]['fields']['decode']>;

/** An event of the program. */
export type EarnoutEvent = { [N in EventName]: EventOf<N> }[EventName];

/**
 * Reads an instruction that the program sent to itself: undefined if it carries no event, `unknown` if this release
 * cannot read the event that it carries.
 */
export function decodeEvent(data: ReadonlyUint8Array): EarnoutEvent | 'unknown' | undefined {
  if (!begins(data, EVENT_TAG, 0)) return undefined;
  for (const [name, { discriminator, fields }] of Object.entries(EVENTS)) {
    if (!begins(data, discriminator, EVENT_TAG.length)) continue;
    try {
      const offset = EVENT_TAG.length + discriminator.length;
      return { name, ...(fields as Decoder<object>).decode(data, offset) } as EarnoutEvent;
    } catch {
      return 'unknown';
    }
  }
  return 'unknown';
}

/** The names of all events that can be read. */
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

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
