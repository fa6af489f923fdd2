//! The values of one individual KPI for one period and up to 64 consecutive grants.

use {
    super::{
        Disputer, OracleSet, Plan, RulingKind, Standing, Tally,
        account::{self, versioned},
    },
    crate::{
        address,
        constants::{NO_VALUE, PAGE_GRANTS, PAGE_SEED},
        error::EarnoutError,
        prelude::*,
    },
    earnout_core::quorum,
};

/// A page. Address: `["page", plan, kpi u8, period u16, page u32]`. What is here is followed by
///
/// 1. for each of the `oracle_count` oracles a [`BallotHead`] and its `capacity` values (`i64`);
/// 2. for each of the `capacity` grants the value on which enough oracles agreed, and in its place the one that the
///    arbiter set once it has (`i64`),
/// 3. when enough oracles agreed (`u32`, seconds after the period's end plus 1; 0 if they did not),
/// 4. when the value or the silence was disputed (the same),
/// 5. and a byte: [`Disputer`] in its lower half, [`RulingKind`] in its upper one.
///
/// Grant `i` of the page has the index `64 · page + i`.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Layout version.
    pub version: u8,
    /// Canonical bump of the address.
    pub bump: u8,
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// Oracles in the set that votes; stays here when the plan has moved on to other sets.
    pub oracle_count: u8,
    /// The period.
    pub period: u16,
    /// Votes that decide in that set.
    pub threshold: u8,
    /// Grants of the page, 1 to 64: those that had been made when it was created. No grant that is made later covers a
    /// period that has ended.
    pub capacity: u8,
    /// Number of the page: index of its first grant divided by 64.
    pub page: u32,
    /// Zero.
    pub spare: [u8; 4],
    /// The plan.
    pub plan: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Lamports that `rent_payer` paid.
    pub rent_paid: u64,
    /// End of the period, Unix seconds.
    pub end: i64,
}

versioned!(Page);

/// What a page says of an oracle before its values.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct BallotHead {
    /// The oracle.
    pub oracle: Pubkey,
    /// SHA-256 of the evidence of its last upload.
    pub evidence: [u8; 32],
    /// Bit `i` is set if enough oracles had agreed on grant `i` of the page before it voted on it.
    pub late: u64,
    /// Bit `i` is set once it has voted on grant `i` of the page.
    pub voted: u64,
}

/// Consecutive grants of one page, some of which are meant.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageGrants {
    /// Index of a grant.
    pub first: u32,
    /// Bit `i` is set if the grant of index `first + i` is meant. All of them are in one page.
    pub mask: u64,
}

impl PageGrants {
    /// One grant.
    pub fn one(index: u32) -> Self {
        Self { first: index, mask: 1 }
    }

    /// The page and the bits of its grants; none if no grant is meant or one is in the next page.
    pub fn slots(&self) -> Option<(u32, u64)> {
        let (page, slot) = place(self.first);
        let fits = self.mask != 0 && self.mask.leading_zeros() >= u32::from(slot);
        fits.then(|| (page, self.mask << slot))
    }

    /// Indices of the grants, rising.
    pub fn indices(self) -> impl Iterator<Item = u32> {
        slots_of(self.mask).map(move |distance| self.first.saturating_add(distance.into()))
    }

    /// The same page's grants of which the bits are set in `slots`.
    pub fn from_slots(&self, slots: u64) -> Self {
        Self {
            first: self.first,
            mask: slots >> place(self.first).1,
        }
    }
}

/// The page of a grant, and its place there.
pub fn place(grant_index: u32) -> (u32, u8) {
    // A constant divides by a shift.
    const PER_PAGE: u32 = PAGE_GRANTS as u32;
    let (page, slot) = (grant_index.checked_div(PER_PAGE), grant_index.checked_rem(PER_PAGE));
    let slot = slot.and_then(|slot| u8::try_from(slot).ok());
    (page.unwrap_or_default(), slot.unwrap_or_default())
}

/// Index of the first grant of a page.
pub fn first_of(page: u32) -> u32 {
    page.saturating_mul(u32::from(PAGE_GRANTS))
}

/// Which page is meant: an individual KPI, a period and a page of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PageKey<'a> {
    /// Address of the plan.
    pub plan: &'a Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// The period.
    pub period: u16,
    /// Number of the page.
    pub page: u32,
}

impl PageKey<'_> {
    /// The canonical address and its bump, derived here and not taken from a caller: an empty address under another
    /// bump would turn a reported KPI into a silent one.
    pub fn find_address(&self) -> Result<(Pubkey, u8)> {
        address::page(self.plan, self.kpi, self.period, self.page)
    }

    /// What is known of the KPI for the period and the grant at `slot` that belongs to `beneficiary`. `info` is the
    /// page, or its canonical address with nothing there, which shows that nobody ever voted or disputed.
    ///
    /// Errors: `WrongPage`, `CorruptAccount`.
    #[inline(never)]
    pub fn tally(&self, info: &AccountInfo, slot: u8, beneficiary: &Pubkey) -> Result<Tally> {
        if is_owned_by(info, &crate::ID) {
            // Another account of the call may be borrowed already: it is not the page.
            let data = info.try_borrow().map_err(|_| EarnoutError::WrongPage)?;
            return PageView::of(&data, self)?.tally(slot, beneficiary);
        }
        account::require_vacant(info, &self.find_address()?.0, EarnoutError::WrongPage)?;
        Ok(Tally::default())
    }

    /// Creates the page at `info` if it does not exist, and then counts it in `plan` and returns the lamports that
    /// `payer` paid. `end` is the period's end.
    ///
    /// Errors: `WrongPage` if `info` is neither a page nor this one's address; `WrongGrants` if none of its grants was
    /// ever made.
    #[inline(never)]
    pub fn obtain<'info>(
        &self,
        payer: &AccountInfo<'info>,
        info: &AccountInfo<'info>,
        plan: &mut Plan,
        end: i64,
    ) -> Result<Option<u64>> {
        if !account::is_vacant(info) {
            return Ok(None);
        }
        let (address, bump) = self.find_address()?;
        require!(same(info.address(), &address), EarnoutError::WrongPage);
        let mut head: Page = bytemuck::Zeroable::zeroed();
        head.begin(self, plan.oracle_set(self.period), plan.grant_counter, bump, end)?;
        let seeds: &[&[u8]] = &[
            PAGE_SEED,
            self.plan.as_ref(),
            &[self.kpi],
            &self.period.to_le_bytes(),
            &self.page.to_le_bytes(),
            &[bump],
        ];
        let space = const { Page::DISCRIMINATOR.len() + size_of::<Page>() }.saturating_add(head.columns_len());
        let rent_paid = account::create_of_size::<Page>(payer, info, seeds, space)?;
        (head.rent_payer, head.rent_paid) = (payer.key(), rent_paid);
        let mut data = info.try_borrow_mut()?;
        let mut page = PageMut::split(&mut data).ok_or(EarnoutError::CorruptAccount)?;
        *page.head = head;
        page.begin(plan.oracle_set(self.period));
        Plan::count_opened(&mut plan.open_pages)?;
        Ok(Some(rent_paid))
    }
}

impl Page {
    /// Writes down the page that `key` means, on which `set` votes, without its rent. `grants` of the plan have been
    /// made, `bump` is that of the page's address, `end` the period's end.
    ///
    /// Errors: `WrongGrants` if none of the page's grants was made.
    pub fn begin(&mut self, key: &PageKey, set: &OracleSet, grants: u32, bump: u8, end: i64) -> Result<()> {
        let first = key.page.checked_mul(u32::from(PAGE_GRANTS));
        let made = first.and_then(|first| grants.checked_sub(first));
        let made = made.ok_or(EarnoutError::WrongGrants)?.min(u32::from(PAGE_GRANTS));
        require!(made > 0, EarnoutError::WrongGrants);
        self.version = crate::constants::ACCOUNT_VERSION;
        self.bump = bump;
        self.kpi = key.kpi;
        self.oracle_count = set.count;
        self.period = key.period;
        self.threshold = set.threshold;
        self.capacity = u8::try_from(made).map_err(|_| EarnoutError::Overflow)?;
        self.page = key.page;
        self.plan = *key.plan;
        self.end = end;
        Ok(())
    }

    /// Whether this is the page that `key` means. Only `attest_page` and `dispute` create pages, through
    /// [`PageKey::obtain`] at their canonical addresses and with these fields, so equal fields show that the address is
    /// the canonical one.
    pub fn is(&self, key: &PageKey) -> bool {
        self.kpi == key.kpi && self.period == key.period && self.page == key.page && same(&self.plan, key.plan)
    }

    /// Index of the page's first grant.
    pub fn first_grant(&self) -> u32 {
        first_of(self.page)
    }

    /// Bytes of an oracle's ballot. Two bytes give no product that could overflow (here and below).
    fn ballot_len(&self) -> usize {
        usize::from(self.capacity)
            .wrapping_mul(size_of::<i64>())
            .wrapping_add(size_of::<BallotHead>())
    }

    fn ballots_len(&self) -> usize {
        usize::from(self.oracle_count).wrapping_mul(self.ballot_len())
    }

    /// Bytes behind the structure.
    pub fn columns_len(&self) -> usize {
        const GRANT: usize = size_of::<i64>() + 2 * size_of::<u32>() + 1;
        usize::from(self.capacity)
            .wrapping_mul(GRANT)
            .wrapping_add(self.ballots_len())
    }

    /// Where behind the structure an oracle's bits are.
    fn voted_at(&self, position: u8) -> usize {
        usize::from(position)
            .wrapping_mul(self.ballot_len())
            .wrapping_add(std::mem::offset_of!(BallotHead, voted))
    }

    /// Where behind the structure an oracle's value for the grant at `slot` is.
    fn value_at(&self, position: u8, slot: u8) -> usize {
        let index = usize::from(slot).wrapping_add(1);
        self.voted_at(position)
            .wrapping_add(index.wrapping_mul(size_of::<i64>()))
    }

    /// Where behind the structure the columns of the entries are: what was agreed or ruled, when it was resolved, when
    /// disputed, who disputed and the kind of the ruling.
    fn entries_at(&self) -> [usize; 4] {
        let capacity = usize::from(self.capacity);
        let value = self.ballots_len();
        let resolved = capacity.wrapping_mul(8).wrapping_add(value);
        let disputed = capacity.wrapping_mul(4).wrapping_add(resolved);
        let status = capacity.wrapping_mul(4).wrapping_add(disputed);
        [value, resolved, disputed, status]
    }
}

// So the places of values and bits follow from each other.
const _: () =
    assert!(std::mem::offset_of!(BallotHead, late) + size_of::<u64>() == std::mem::offset_of!(BallotHead, voted));
const _: () = assert!(std::mem::offset_of!(BallotHead, voted) + size_of::<u64>() == size_of::<BallotHead>());

/// The `N` bytes of the element `index` of a column.
///
/// Errors: `CorruptAccount` beyond the end.
#[inline(always)]
fn load<const N: usize>(columns: &[u8], at: usize, index: u8) -> Result<[u8; N]> {
    let at = usize::from(index).wrapping_mul(N).wrapping_add(at);
    let bytes = columns.get(at..).and_then(|rest| rest.first_chunk());
    Ok(*bytes.ok_or(EarnoutError::CorruptAccount)?)
}

/// The same, to be written.
#[inline(always)]
fn store<const N: usize>(columns: &mut [u8], at: usize, index: u8, bytes: [u8; N]) -> Result<()> {
    let at = usize::from(index).wrapping_mul(N).wrapping_add(at);
    let place = columns.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
    *place.ok_or(EarnoutError::CorruptAccount)? = bytes;
    Ok(())
}

/// What an oracle voted on the grants of a page.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a> {
    /// Who and on which.
    pub head: &'a BallotHead,
    /// Values by place in the page; those count whose bit is set in `voted`.
    pub values: &'a [i64],
}

impl<'a> Ballot<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let (head, values) = data.split_at_checked(size_of::<BallotHead>())?;
        Some(Self {
            head: bytemuck::try_from_bytes(head).ok()?,
            values: bytemuck::try_cast_slice(values).ok()?,
        })
    }

    /// The vote on the grant at `slot`.
    pub fn vote(&self, slot: u8) -> Option<i64> {
        let value = self.values.get(usize::from(slot))?;
        (self.head.voted & bit(slot) != 0).then_some(*value)
    }
}

/// A page, to be read.
#[derive(Clone, Copy, Debug)]
pub struct PageView<'a> {
    /// Its structure.
    pub head: &'a Page,
    /// What is behind it, from a multiple of 8 on.
    pub columns: &'a [u8],
}

impl<'a> PageView<'a> {
    /// The page that `key` means in the `data` of an account of the program, which begin at a multiple of 8.
    ///
    /// Errors: `WrongPage` if it is something else; `UnknownVersion`.
    #[inline(never)]
    pub fn of(data: &'a [u8], key: &PageKey) -> Result<Self> {
        let body = data.strip_prefix(Page::DISCRIMINATOR);
        let (head, columns) = body
            .and_then(|body| body.split_at_checked(size_of::<Page>()))
            .ok_or(EarnoutError::WrongPage)?;
        let head: &Page = bytemuck::try_from_bytes(head).map_err(|_| EarnoutError::WrongPage)?;
        account::require_known(head.version)?;
        require!(
            columns.len() == head.columns_len() && head.is(key),
            EarnoutError::WrongPage
        );
        Ok(Self { head, columns })
    }

    /// The ballots, by position in the oracle set.
    pub fn ballots(&self) -> impl Iterator<Item = Ballot<'a>> + use<'a> {
        let ballots = self.columns.get(..self.head.ballots_len()).unwrap_or_default();
        ballots.chunks_exact(self.head.ballot_len()).filter_map(Ballot::of)
    }

    /// Position of `oracle` in the set that votes.
    pub fn position(&self, oracle: &Pubkey) -> Option<u8> {
        (0..self.head.oracle_count).find(|position| self.is_oracle(*position, oracle))
    }

    fn is_oracle(&self, position: u8, key: &Pubkey) -> bool {
        let at = usize::from(position).wrapping_mul(self.head.ballot_len());
        load::<32>(self.columns, at, 0).is_ok_and(|oracle| same(&Pubkey::from(oracle), key))
    }

    /// Who disputed the value of the grant at `slot`, or its silence, and how far its evaluation has come, as it is
    /// written down.
    ///
    /// Errors: `WrongGrants` if the page has no such grant; `CorruptAccount`.
    #[inline(never)]
    pub fn entry(&self, slot: u8) -> Result<(Disputer, Standing)> {
        require!(slot < self.head.capacity, EarnoutError::WrongGrants);
        let [value, resolved, disputed, status] = self.head.entries_at();
        let [status] = load(self.columns, status, slot)?;
        let ruling = RulingKind::try_from(status >> 4)?;
        let standing = Standing {
            resolved_at: self.time(load(self.columns, resolved, slot)?),
            disputed_at: self.time(load(self.columns, disputed, slot)?),
            ruling: ruling.with(i64::from_le_bytes(load(self.columns, value, slot)?)),
        };
        Ok((Disputer::try_from(status & 15)?, standing))
    }

    /// How far the evaluation of the grant at `slot` has come, as it is written down.
    ///
    /// Errors: as [`PageView::entry`].
    pub fn standing(&self, slot: u8) -> Result<Standing> {
        Ok(self.entry(slot)?.1)
    }

    /// Who disputed the value of the grant at `slot`, or its silence.
    ///
    /// Errors: as [`PageView::entry`].
    pub fn disputer(&self, slot: u8) -> Result<Disputer> {
        Ok(self.entry(slot)?.0)
    }

    /// The time that is stored as seconds after the period's end plus 1; none for 0.
    fn time(&self, stored: [u8; 4]) -> Option<i64> {
        let seconds = u32::from_le_bytes(stored).checked_sub(1)?;
        // Ends are far from the largest number: deadlines after them were computed when the plan was activated.
        Some(self.head.end.saturating_add(seconds.into()))
    }

    /// What counts of the votes on the grant at `slot` that belongs to `beneficiary`, and how far the evaluation has
    /// come. An oracle's vote on its own grant does not count, and unless enough others agreed before it came, nothing
    /// is resolved before the end of voting.
    ///
    /// Errors: as [`PageView::entry`].
    #[inline(never)]
    pub fn tally(&self, slot: u8, beneficiary: &Pubkey) -> Result<Tally> {
        let standing = self.standing(slot)?;
        let mut tally = Tally {
            votes: [None; 8],
            oracle_count: self.head.oracle_count,
            threshold: self.head.threshold,
            standing,
            agreed: None,
            observed: None,
        };
        let bit = bit(slot);
        for (vote, ballot) in tally.votes.iter_mut().zip(self.ballots()) {
            if ballot.head.voted & bit == 0 {
                continue;
            }
            if !same(&ballot.head.oracle, beneficiary) {
                *vote = ballot.values.get(usize::from(slot)).copied();
            } else if ballot.head.late & bit == 0 {
                tally.standing.resolved_at = None;
            }
        }
        if tally.standing.resolved_at.is_some() {
            let [value, ..] = self.head.entries_at();
            tally.agreed = Some(i64::from_le_bytes(load(self.columns, value, slot)?));
        }
        Ok(tally)
    }

    /// The vote of the oracle at `position` on the grant at `slot`.
    #[inline(always)]
    fn vote(&self, position: u8, slot: u8) -> Result<Option<i64>> {
        let voted = u64::from_le_bytes(load(self.columns, self.head.voted_at(position), 0)?);
        if voted & bit(slot) == 0 {
            return Ok(None);
        }
        let value = load(self.columns, self.head.value_at(position, slot), 0)?;
        Ok(Some(i64::from_le_bytes(value)))
    }
}

/// The bit of the grant at `slot`.
#[inline(always)]
pub fn bit(slot: u8) -> u64 {
    1u64.wrapping_shl(slot.into())
}

/// What an upload did, as bits of the page's grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// Votes that came while nothing was agreed.
    pub counted: u64,
    /// New and changed votes that came after enough oracles had agreed. They count only if one of those oracles was the
    /// beneficiary.
    pub late: u64,
    /// Grants on which enough oracles agree by this upload.
    pub resolved: u64,
}

/// A page, to be written.
#[derive(Debug)]
pub struct PageMut<'a> {
    /// Its structure.
    pub head: &'a mut Page,
    /// What is behind it, from a multiple of 8 on.
    pub columns: &'a mut [u8],
}

impl<'a> PageMut<'a> {
    /// The page that `key` means in the `data` of an account of the program.
    ///
    /// Errors: `WrongPage`, `UnknownVersion`.
    #[inline(never)]
    pub fn of(data: &'a mut [u8], key: &PageKey) -> Result<Self> {
        PageView::of(data, key)?;
        Ok(Self::split(data).ok_or(EarnoutError::WrongPage)?)
    }

    fn split(data: &'a mut [u8]) -> Option<Self> {
        let (head, columns) = data
            .get_mut(Page::DISCRIMINATOR.len()..)?
            .split_at_mut_checked(size_of::<Page>())?;
        let head = bytemuck::try_from_bytes_mut(head).ok()?;
        Some(Self { head, columns })
    }

    /// Writes down who votes. Everything behind the structure is zero before.
    pub fn begin(&mut self, set: &OracleSet) {
        let ballots = self.columns.chunks_exact_mut(self.head.ballot_len());
        for (ballot, oracle) in ballots.zip(set.oracles()) {
            ballot[..32].copy_from_slice(oracle.as_ref());
        }
    }

    /// The page, to be read.
    pub fn view(&self) -> PageView<'_> {
        PageView {
            head: self.head,
            columns: self.columns,
        }
    }

    /// Seconds from the period's end to `now` plus 1, as they are stored.
    fn stored(&self, now: i64) -> Result<[u8; 4]> {
        let stored = now.checked_sub(self.head.end).and_then(|after| after.checked_add(1));
        let stored = stored.and_then(|stored| u32::try_from(stored).ok());
        Ok(stored.ok_or(EarnoutError::Overflow)?.to_le_bytes())
    }

    /// Records the votes of the oracle at `position` on consecutive grants from `slot` on, and notes at `now` (Unix
    /// seconds) on which of them enough oracles agree by it, and on what. [`NO_VALUE`] leaves a vote as it is. The
    /// evidence is that of all the oracle's votes in the page.
    ///
    /// A changed vote on a grant on which enough oracles have agreed is recorded too, for whoever is the beneficiary is
    /// not known here: it changes nothing unless one of them was.
    ///
    /// Errors: `WrongGrants` if the page has not so many grants; `AlreadyResolved` if enough oracles have agreed on all
    /// of them and no vote is new or changed; `CorruptAccount` if it has not so many oracles.
    pub fn vote(&mut self, position: u8, slot: u8, values: &[i64], evidence: [u8; 32], now: i64) -> Result<Upload> {
        let stored = self.stored(now)?;
        require!(position < self.head.oracle_count, EarnoutError::CorruptAccount);
        let room = self.head.capacity.checked_sub(slot).map(usize::from);
        require!(room.is_some_and(|room| values.len() <= room), EarnoutError::WrongGrants);
        let [agreed_at, resolved_at, ..] = self.head.entries_at();
        let (voted_at, mut upload) = (self.head.voted_at(position), Upload::default());
        for (value, slot) in values.iter().zip(slot..).filter(|(value, _)| **value != NO_VALUE) {
            let mask = bit(slot);
            let before = self.view().vote(position, slot)?;
            let is_resolved = load::<4>(self.columns, resolved_at, slot)? != [0; 4];
            if is_resolved && before == Some(*value) {
                continue;
            }
            store(self.columns, self.head.value_at(position, slot), 0, value.to_le_bytes())?;
            if before.is_none() {
                self.set_bit(voted_at, mask)?;
            }
            if is_resolved {
                upload.late |= mask;
                if before.is_none() {
                    self.set_bit(late_at(voted_at), mask)?;
                }
                continue;
            }
            upload.counted |= mask;
            if self.agree_on(*value, slot) {
                store(self.columns, resolved_at, slot, stored)?;
                store(self.columns, agreed_at, slot, value.to_le_bytes())?;
                upload.resolved |= mask;
            }
        }
        require!(upload.counted | upload.late != 0, EarnoutError::AlreadyResolved);
        let evidence_at = late_at(voted_at).wrapping_sub(evidence.len());
        store(self.columns, evidence_at, 0, evidence)?;
        Ok(upload)
    }

    /// Sets a bit of those that begin at `at`.
    #[inline(always)]
    fn set_bit(&mut self, at: usize, bit: u64) -> Result<()> {
        let bits = u64::from_le_bytes(load(self.columns, at, 0)?) | bit;
        store(self.columns, at, 0, bits.to_le_bytes())
    }

    /// Whether enough oracles voted `value` on the grant at `slot`.
    #[inline(always)]
    fn agree_on(&self, value: i64, slot: u8) -> bool {
        let page = self.view();
        let votes = (0..page.head.oracle_count).filter_map(|position| page.vote(position, slot).ok().flatten());
        quorum::agree_on(value, votes, page.head.threshold)
    }

    /// Errors: `WrongGrants` if the page has no such grant.
    #[inline(always)]
    fn require_slot(&self, slot: u8) -> Result<()> {
        require!(self.head.capacity > slot, EarnoutError::WrongGrants);
        Ok(())
    }

    /// Notes a dispute of the grant at `slot` by `disputer` at `now` (Unix seconds).
    ///
    /// Errors: `WrongGrants` if the page has no such grant; `Overflow`.
    #[inline(never)]
    pub fn dispute(&mut self, slot: u8, disputer: Disputer, now: i64) -> Result<()> {
        self.require_slot(slot)?;
        let stored = self.stored(now)?;
        let [_, _, disputed, status] = self.head.entries_at();
        store(self.columns, disputed, slot, stored)?;
        store(self.columns, status, slot, [disputer.to_byte()])
    }

    /// Notes the ruling on the grant at `slot`: `value` counts, or none if the dispute was in vain.
    ///
    /// Errors: `WrongGrants` if the page has no such grant.
    #[inline(never)]
    pub fn rule(&mut self, slot: u8, value: Option<i64>) -> Result<()> {
        self.require_slot(slot)?;
        let [ruled, _, _, status] = self.head.entries_at();
        if let Some(value) = value {
            store(self.columns, ruled, slot, value.to_le_bytes())?;
        }
        let [disputer] = load(self.columns, status, slot)?;
        store(
            self.columns,
            status,
            slot,
            [disputer | (RulingKind::of(value).to_byte() << 4)],
        )
    }
}

/// Where an oracle's late bits are, before those of its votes.
fn late_at(voted_at: usize) -> usize {
    voted_at.wrapping_sub(size_of::<u64>())
}

/// The data of a page, to be written.
///
/// Errors: `WrongPage` if the account is not the program's or cannot be written.
#[inline(never)]
pub fn borrow_mut<'a>(info: &'a AccountInfo) -> Result<RefMut<'a, [u8]>> {
    require!(
        is_owned_by(info, &crate::ID) && info.is_writable(),
        EarnoutError::WrongPage
    );
    // Another account of the call may be borrowed already: it is not the page.
    Ok(info.try_borrow_mut().map_err(|_| EarnoutError::WrongPage)?)
}

/// The places of the grants whose bits are set.
pub fn slots_of(mut bits: u64) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let slot = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
        bits &= !bit(slot);
        Some(slot)
    })
}
