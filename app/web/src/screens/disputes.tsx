import type { Address } from '@solana/kit';
import type { Fact } from '../context/action';
import { type Page, place } from '../domain/page';
import type { Reading } from '../domain/reading';
import { NO_KEY } from '../domain/terms';
import type { Dispute } from '../model/due';
import { type Reasons, lateIn, reasonsIn } from '../model/record';
import { hex } from '../text/hash';
import { AddressText, HashText } from '../ui/AddressText';
import { Time } from '../ui/Time';
import { usePageHistory } from './useHistory';

/**
 * By the grant's index: why it was disputed and ruled so, and who voted on it after enough oracles had agreed. `read` tells
 * whether the events were read.
 */
export type PageReasons = {
  read: boolean;
  of: ReadonlyMap<number, Reasons>;
  late: ReadonlyMap<number, ReadonlySet<Address>>;
};

/** What only the events of a page say; `votes`: also where nothing is disputed. */
export function useReasons(page: Page | undefined, votes: boolean): PageReasons {
  const { value } = usePageHistory(page, votes);
  const events = value?.events ?? [];
  return { read: value !== undefined, of: reasonsIn(events), late: lateIn(events) };
}

/** Who voted anew after the agreement on what counts of the reading; where that is void every vote counts. */
export function lateOn({ grant, tally }: Reading, { late }: PageReasons): ReadonlySet<Address> | undefined {
  return grant === undefined || tally?.resolved === undefined ? undefined : late.get(grant.account.index);
}

/** When and by whom a value was disputed, and the hashes of why and of why it was ruled on as it was. */
export function disputeFacts({ evaluation, reading, disputedAt }: Dispute, reasons: PageReasons): Fact[] {
  const index = reading.grant?.account.index ?? -1;
  const isPage = evaluation.kind === 'page';
  const byGrant = isPage
    ? evaluation.entries[place(index).slot]?.disputer === 'beneficiary'
    : evaluation.account.disputerGrant !== NO_KEY;
  const said = isPage ? reasons.of.get(index) : undefined;
  const by = isPage ? said?.disputer : evaluation.account.disputer;
  const reason = isPage ? said?.dispute : evaluation.account.reasonHash;
  const isRuled = reading.tally?.ruling !== undefined;
  const ruling = isPage ? said?.ruling : evaluation.account.rulingHash;
  const hash = (of: typeof reason, what: string) =>
    of === undefined ? (
      <span className="muted">{reasons.read ? 'not known: its event is missing' : '…'}</span>
    ) : (
      <HashText hash={hex(of)} what={what} />
    );
  return [
    [
      'Disputed',
      <span key="d">
        <Time at={disputedAt} /> by {byGrant ? 'a beneficiary' : 'the authority'}
        {by !== undefined && (
          <>
            {' '}
            <AddressText address={by} />
          </>
        )}
      </span>,
    ],
    ['SHA-256 of the reason', hash(reason, 'hash of the reason')],
    ...(isRuled ? ([['SHA-256 of the ruling’s reason', hash(ruling, 'hash of the ruling’s reason')]] as const) : []),
  ];
}
