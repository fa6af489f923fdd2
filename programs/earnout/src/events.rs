//! What the program reports, by calling itself, so that no log truncation can lose it. Every event names its plan, the
//! time of its slot (Unix seconds) and its number in the plan's sequence, and carries the balances after the change, in
//! base units: the whole state of a plan can be rebuilt from its events.

use crate::{
    prelude::*,
    state::{CreateGrantArgs, CreatePlanArgs, FORFEITED, Grant, KpiArgs, PageGrants, Plan},
};

/// Reports `event`, as `emit_cpi!` does, from one place instead of a copy in every handler.
///
/// `authority` is the program's event authority, which `#[event_cpi]` has checked.
#[inline(always)]
pub fn emit(authority: &AccountInfo, event: &impl Event) -> Result<()> {
    with_event_data(event, |data| emit_bytes(authority, data))
}

#[inline(never)]
fn emit_bytes(authority: &AccountInfo, data: &[u8]) -> Result<()> {
    let seeds: &[&[u8]] = &[b"__event_authority", &[crate::EVENT_AUTHORITY_AND_BUMP.1]];
    invoke(&crate::ID, &[Passed::readonly(authority).signer()], data, seeds)
}

/// Who paid for an account, and how much.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rent {
    /// Who paid, and gets it back when the account is closed.
    pub payer: Pubkey,
    /// Lamports. Less than the account's rent if the address held lamports before.
    pub lamports: u64,
}

/// Declares the events; each begins with the plan, the time and its number. What speaks of all of them asks
/// `every_event`; `$dollar` is how its own pattern is written from here. Types are taken apart, because the interface
/// description leaves out an event with one that it cannot see into.
macro_rules! events {
    ($dollar:tt $($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* pub $field:ident: $type:tt $(<$inner:tt>)?,)*
    })+) => {
        $(
            $(#[$doc])*
            #[event]
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name {
                /// The plan.
                pub plan: Pubkey,
                /// Time of the slot, Unix seconds.
                pub time: i64,
                /// Number of the event in the plan's sequence, from 1.
                pub sequence: u64,
                $($(#[$field_doc])* pub $field: $type $(<$inner>)?,)*
            }
        )+

        /// Calls the macro `callback` with every event: its name, and in brackets the names of its own fields.
        #[macro_export]
        macro_rules! every_event {
            ($dollar callback:ident) => { $dollar callback! { $($name($($field)*))+ } };
        }
    };
}

events! { $
    /// A plan was created as a draft.
    pub struct PlanCreated {
        /// First authority; part of the plan's address.
        pub creator: Pubkey,
        /// What was paid for the plan.
        pub rent: Rent,
        /// Lamports the same payer paid for the vault.
        pub vault_rent: u64,
        /// The token.
        pub mint: Pubkey,
        /// Token program of the mint.
        pub token_program: Pubkey,
        /// Token account that holds the tokens.
        pub vault: Pubkey,
        /// Token account that receives surplus.
        pub treasury: Pubkey,
        /// Owner of the treasury.
        pub treasury_owner: Pubkey,
        /// All terms apart from the KPIs.
        pub terms: CreatePlanArgs,
    }

    /// A KPI was added to a draft.
    pub struct KpiAdded {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// All terms of the KPI.
        pub terms: KpiArgs,
    }

    /// The terms were frozen.
    pub struct PlanActivated {
        /// After this time every period settles without anyone's goodwill, Unix seconds.
        pub last_deadline: i64,
        /// Power of ten by which amounts in the unit of account become base units, before they are divided by the
        /// price.
        pub unit_exponent: i8,
    }

    /// Tokens were added to the vault.
    pub struct PlanFunded {
        /// Who funded.
        pub funder: Pubkey,
        /// Taken from the source.
        pub amount: u64,
        /// Arrived in the vault.
        pub received: u64,
        /// Balance of the vault afterwards.
        pub vault_balance: u64,
    }

    /// Surplus left for the treasury.
    pub struct SurplusWithdrawn {
        /// Token account that received it.
        pub destination: Pubkey,
        /// Taken from the vault.
        pub amount: u64,
        /// Arrived at the destination.
        pub received: u64,
        /// Balance of the vault afterwards.
        pub vault_balance: u64,
    }

    /// A grant was made and funded.
    pub struct GrantCreated {
        /// The grant.
        pub grant: Pubkey,
        /// What was paid for the account.
        pub rent: Rent,
        /// All terms of the grant.
        pub terms: CreateGrantArgs,
        /// Largest credit that any scores can reach.
        pub max_credit: u64,
        /// Held back for the grant.
        pub reserved: u64,
        /// Held back for all grants of the plan.
        pub plan_reserved: u64,
        /// Balance of the vault afterwards.
        pub vault_balance: u64,
    }

    /// An oracle voted on a shared KPI.
    pub struct ValueAttested {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// Who voted.
        pub oracle: Pubkey,
        /// Fixed point with the KPI's decimals.
        pub value: i64,
        /// SHA-256 of the evidence.
        pub evidence: [u8; 32],
        /// What was paid for the account, if this vote created it.
        pub rent: Option<Rent>,
        /// Whether enough oracles have agreed on a value by now.
        pub resolved: bool,
    }

    /// A value was read from a price feed.
    pub struct ValueObserved {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// The account with the update.
        pub price_update: Pubkey,
        /// The value read from an update shown before, which counts no more.
        pub replaced: Option<i64>,
        /// Fixed point with the KPI's decimals, within its range.
        pub value: i64,
        /// How uncertain the feed was, basis points of its price, rounded up.
        pub confidence_bps: u16,
        /// When the update was published, Unix seconds.
        pub published_at: i64,
        /// When the update before it was published, Unix seconds.
        pub previous_at: i64,
        /// SHA-256 of the feed's message.
        pub evidence: [u8; 32],
        /// What was paid for the account, if this created it.
        pub rent: Option<Rent>,
    }

    /// An oracle voted on an individual KPI for grants of a page.
    pub struct PageAttested {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// Index of the first grant.
        pub first: u32,
        /// Who voted.
        pub oracle: Pubkey,
        /// Values of this grant and the ones after it, fixed point with the KPI's decimals; `i64::MIN` where nothing
        /// was said.
        pub values: Vec<i64>,
        /// SHA-256 of the manifest of all that the oracle reported in the page.
        pub evidence: [u8; 32],
        /// Bit `i` is set if this new or changed vote on grant `first + i` came after enough oracles had agreed. It
        /// counts only if one of those was the beneficiary.
        pub late: u64,
        /// Bit `i` is set if enough oracles agree on the value of grant `first + i` by this upload.
        pub resolved: u64,
        /// What was paid for the account, if this vote created it.
        pub rent: Option<Rent>,
    }

    /// A grant settled a period.
    pub struct GrantSettled {
        /// The grant.
        pub grant: Pubkey,
        /// The period.
        pub period: u16,
        /// Scores of all KPIs of the plan in basis points; 0 for those without weight in the grant.
        pub scores: Vec<u16>,
        /// For a grant in another unit the price, fixed point with the decimals of its KPI.
        pub price: Option<i64>,
        /// What full scores pay for the period: a part of the allocation, or what the units of a grant in another unit
        /// are worth, at most that part.
        pub tranche: u64,
        /// Earned by the scores.
        pub earned: u64,
        /// Not earned.
        pub unearned: u64,
        /// Can be earned again in the next period.
        pub carry: u64,
        /// Went to the period's pool.
        pub pooled: u64,
        /// Earned by KPIs: the grant's share in the pool.
        pub kpi_amount: u64,
        /// Held back for the grant from now on.
        pub reserved: u64,
        /// What was paid for the period's account, if this settlement created it.
        pub rent: Option<Rent>,
        /// Held back for all grants of the plan afterwards.
        pub plan_reserved: u64,
        /// Earned and not claimed in the whole plan afterwards.
        pub plan_owed: u64,
        /// Not yet collected from all pools afterwards.
        pub plan_pooled: u64,
    }

    /// A grant collected its share of a period's pool.
    pub struct BonusCollected {
        /// The grant.
        pub grant: Pubkey,
        /// The period.
        pub period: u16,
        /// The grant's share.
        pub bonus: u64,
        /// Left in the pool by caps and rounding and turned into surplus; zero but for the last grant of the period.
        pub left_over: u64,
        /// Earned and not claimed in the whole plan afterwards.
        pub plan_owed: u64,
        /// Not yet collected from all pools afterwards.
        pub plan_pooled: u64,
    }

    /// A beneficiary was paid.
    pub struct GrantClaimed {
        /// The grant.
        pub grant: Pubkey,
        /// Who is paid.
        pub beneficiary: Pubkey,
        /// Who asked for it.
        pub claimant: Pubkey,
        /// Token account that received it.
        pub destination: Pubkey,
        /// Taken from the vault.
        pub amount: u64,
        /// Arrived at the destination.
        pub received: u64,
        /// Claimed by the grant so far.
        pub claimed: u64,
        /// Earned and not claimed in the whole plan afterwards.
        pub plan_owed: u64,
        /// Balance of the vault afterwards.
        pub vault_balance: u64,
    }

    /// A value or a silence was disputed.
    pub struct ValueDisputed {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// Of an individual KPI the grants whose values or silence are disputed from now on.
        pub grants: Option<PageGrants>,
        /// Who disputed.
        pub disputer: Pubkey,
        /// The grant for which it was disputed; none if the authority did.
        pub grant: Option<Pubkey>,
        /// SHA-256 of the reason.
        pub reason_hash: [u8; 32],
        /// What was paid for the account, if this dispute created it.
        pub rent: Option<Rent>,
    }

    /// The arbiter decided a dispute.
    pub struct DisputeRuled {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// Of an individual KPI the grants on whose values or silence this is the ruling.
        pub grants: Option<PageGrants>,
        /// The value that counts; none if the oracles' value or silence stands.
        pub value: Option<i64>,
        /// SHA-256 of the reason.
        pub reason_hash: [u8; 32],
        /// The grants for which beneficiaries disputed. They cannot dispute again if the oracles' value or silence
        /// stands.
        pub disputed_for: Vec<Pubkey>,
    }

    /// A plan was offered to another authority, or the offer taken back.
    pub struct AuthorityProposed {
        /// Proposed before; zero without one.
        pub old: Pubkey,
        /// Proposed now; zero without one.
        pub new: Pubkey,
    }

    /// A plan has another authority. What the old one had announced is void.
    pub struct AuthorityAccepted {
        /// The old authority.
        pub old: Pubkey,
        /// The new authority.
        pub new: Pubkey,
        /// Treasury in force.
        pub treasury: Pubkey,
        /// Its owner.
        pub treasury_owner: Pubkey,
        /// Whether a change of oracles had begun before, and so stays.
        pub oracle_change: bool,
    }

    /// Another oracle set was announced.
    pub struct OraclesProposed {
        /// The oracles.
        pub oracles: Vec<Pubkey>,
        /// Votes that decide.
        pub threshold: u8,
        /// First period the set votes on.
        pub first_period: u16,
    }

    /// An announced oracle set was taken back.
    pub struct OracleChangeCancelled {
        /// First period the set would have voted on.
        pub first_period: u16,
    }

    /// Another treasury was announced.
    pub struct TreasurySet {
        /// Treasury in force.
        pub old: Pubkey,
        /// The next treasury.
        pub new: Pubkey,
        /// Its owner.
        pub new_owner: Pubkey,
        /// When it takes effect, Unix seconds.
        pub effective_at: i64,
    }

    /// A grant was offered to another key, or the offer taken back.
    pub struct BeneficiaryProposed {
        /// The grant.
        pub grant: Pubkey,
        /// Proposed before; zero without one.
        pub old: Pubkey,
        /// Proposed now; zero without one.
        pub new: Pubkey,
    }

    /// A grant has another beneficiary. Claim lock and offer are cleared.
    pub struct BeneficiaryAccepted {
        /// The grant.
        pub grant: Pubkey,
        /// The old beneficiary.
        pub old: Pubkey,
        /// The new beneficiary.
        pub new: Pubkey,
    }

    /// A beneficiary reserved claiming for itself, or opened it again.
    pub struct ClaimLockSet {
        /// The grant.
        pub grant: Pubkey,
        /// Whether only the beneficiary claims.
        pub locked: bool,
    }

    /// The authority said where the plan's documents are.
    pub struct UriSet {
        /// Where they were; empty if it did not say.
        pub old: String,
        /// Where they are.
        pub new: String,
    }

    /// A grant was ended before its time.
    pub struct GrantEnded {
        /// The grant.
        pub grant: Pubkey,
        /// 1 by the authority, 2 by the beneficiary.
        pub termination: u8,
        /// First period that is not covered any more.
        pub end_period: u16,
        /// Cap of the last period that is covered, cut if it was running.
        pub cut_cap: u64,
        /// Units of the last period that is covered, cut if it was running; 0 of a grant in tokens.
        pub cut_units: u64,
        /// Whether what the grant earns becomes surplus.
        pub forfeited: bool,
        /// Can be earned again in the next period.
        pub carry: u64,
        /// Held back for the grant from now on.
        pub reserved: u64,
        /// Held back for all grants of the plan afterwards.
        pub plan_reserved: u64,
        /// Earned and not claimed in the whole plan afterwards.
        pub plan_owed: u64,
    }

    /// An attestation was closed.
    pub struct AttestationClosed {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
    }

    /// A page was closed.
    pub struct PageClosed {
        /// Number of the KPI in the plan.
        pub kpi: u8,
        /// The period.
        pub period: u16,
        /// Number of the page: index of its first grant divided by 64.
        pub page: u32,
    }

    /// The pool of a period was closed.
    pub struct PeriodClosed {
        /// The period.
        pub period: u16,
    }

    /// A grant was closed.
    pub struct GrantClosed {
        /// The grant.
        pub grant: Pubkey,
        /// Claimed in total.
        pub claimed: u64,
    }

    /// A plan was closed. This is its last event.
    pub struct PlanClosed {
        /// Token account that received the surplus.
        pub destination: Pubkey,
        /// Taken from the vault.
        pub amount: u64,
        /// Arrived at the destination.
        pub received: u64,
    }
}

impl GrantEnded {
    /// The event of a grant that has just been ended at `now`.
    ///
    /// Errors: `Overflow`.
    pub fn of(plan_key: Pubkey, plan: &mut Plan, grant_key: Pubkey, grant: &Grant, now: i64) -> Result<Self> {
        Ok(Self {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            grant: grant_key,
            termination: grant.termination,
            end_period: grant.end_period,
            cut_cap: grant.cut_cap,
            cut_units: grant.cut_units,
            forfeited: grant.has(FORFEITED),
            carry: grant.carry,
            reserved: grant.reserved,
            plan_reserved: plan.reserved,
            plan_owed: plan.owed,
        })
    }
}
