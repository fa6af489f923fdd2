//! `[plan]`, `[windows]`, `[limits]` and `[roles]`: the arguments of `create_plan`.

use {
    super::{
        Check,
        mistake::Notes,
        parts,
        roles::{Addresses, Party},
        section::{Found, Section},
        time,
        token::Token,
    },
    crate::{terms, text::amount},
    earnout::{
        constants::{MAX_BONUS_CAP_BPS, MAX_ORACLES, MAX_PERIODS, MIN_WINDOW_SECS},
        instructions::CreatePlanArgs,
        state::{Cadence, Combination, Release, UnearnedPolicy},
    },
    earnout_core::{FULL_SCORE, quorum},
    solana_program::pubkey::Pubkey,
};

/// How scores combine, by name.
pub const COMBINATIONS: [(&str, Combination); 2] = [
    ("weighted-sum", Combination::WeightedSum),
    ("weakest", Combination::Weakest),
];
/// What becomes of unearned amounts, by name.
pub const UNEARNED: [(&str, UnearnedPolicy); 3] = [
    ("return", UnearnedPolicy::Return),
    ("carry-over", UnearnedPolicy::CarryOver),
    ("redistribute", UnearnedPolicy::Redistribute),
];
/// When earned amounts vest, by name.
pub const RELEASES: [(&str, Release); 2] = [("at-settlement", Release::AtSettlement), ("linear", Release::Linear)];

/// Who has which role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Who creates the plan and is its first authority; none if the file leaves it to whoever signs.
    pub authority: Option<Party>,
    /// The oracles, in the order of the set.
    pub oracles: Vec<Party>,
    /// Who rules on disputes.
    pub arbiter: Option<Party>,
    /// The token account that receives surplus, or the wallet whose associated account does.
    pub treasury: Option<Party>,
}

pub(super) struct Tables<'a> {
    pub plan: Option<Section<'a>>,
    pub windows: Option<Section<'a>>,
    pub limits: Option<Section<'a>>,
    pub roles: Option<Section<'a>>,
}

/// Terms as far as they could be read.
pub(super) struct ReadTerms {
    pub roles: Roles,
    /// All of them, with keys that stand for names; none if anything of them is wrong.
    pub args: Option<CreatePlanArgs>,
    /// Periods of the calendar, if they are right.
    pub period_count: Option<u16>,
    /// How long the oracles report, seconds, if it is right.
    pub attest_secs: Option<u32>,
    /// Limits of an allocation, base units, if they are right.
    pub allocations: Option<(u64, u64)>,
    /// Most grants, if it is right.
    pub max_grants: Option<Found<u32>>,
}

/// Terms of which each part alone is what the program accepts, so that one part at a time can be put in and judged.
struct Sound {
    args: CreatePlanArgs,
    now: i64,
}

impl Sound {
    fn new(now: i64, has_arbiter: bool) -> Self {
        let dispute = if has_arbiter { MIN_WINDOW_SECS } else { 0 };
        let soon = now.saturating_add(1);
        let args = CreatePlanArgs {
            plan_id: 0,
            name: "sound".to_owned(),
            unit: String::new(),
            unit_decimals: 0,
            start_ts: soon,
            cadence: Cadence::Seconds(MIN_WINDOW_SECS),
            period_count: 1,
            attest_secs: MIN_WINDOW_SECS,
            challenge_secs: dispute,
            ruling_secs: dispute,
            notice_secs: MIN_WINDOW_SECS,
            combination: Combination::WeightedSum,
            unearned_policy: UnearnedPolicy::Return,
            release: Release::AtSettlement,
            bonus_cap_bps: 0,
            min_allocation: 1,
            max_allocation: u64::MAX,
            max_grants: 1,
            enrolment_end: soon,
            token_flags: 0,
            max_fee_bps: 0,
            oracles: vec![Pubkey::new_from_array([1; 32])],
            threshold: 1,
            arbiter: has_arbiter.then(|| Pubkey::new_from_array([2; 32])),
        };
        Self { args, now }
    }

    /// Whether the program accepts the terms with this changed.
    fn accepts(&self, change: impl FnOnce(&mut CreatePlanArgs)) -> bool {
        let mut args = self.args.clone();
        change(&mut args);
        judge(&Pubkey::default(), &args, self.now).is_ok()
    }
}

/// Terms that the program accepts.
pub(super) fn sound() -> CreatePlanArgs {
    Sound::new(0, false).args
}

/// What the program says about these terms, with any KPI.
fn judge(creator: &Pubkey, args: &CreatePlanArgs, now: i64) -> Result<(), String> {
    let plan = terms::draft(creator, args, &[parts::sound()]);
    plan.and_then(|plan| terms::check(&plan, args, now))
        .map_err(|error| terms::message(&error))
}

/// Notes whatever the program would refuse.
pub(super) fn read(
    tables: Tables,
    token: Option<&Token>,
    addresses: &Addresses,
    check: &Check,
    notes: &mut Notes,
) -> ReadTerms {
    let before = notes.len();
    let RolesTable {
        roles,
        oracle_keys,
        threshold,
        has_arbiter,
    } = match tables.roles {
        Some(table) => read_roles(table, addresses, check, notes),
        None => RolesTable::default(),
    };
    let plan = tables.plan.map(|table| read_plan(table, notes)).unwrap_or_default();
    let now = check
        .now
        .or_else(|| plan.start.as_ref().map(|start| start.value.saturating_sub(1)));
    let sound = Sound::new(now.unwrap_or_default(), has_arbiter);

    if let Some(start) = plan.start.as_ref() {
        let start_ts = start.value;
        let in_time = sound.accepts(|args| {
            args.start_ts = start_ts;
            args.enrolment_end = start_ts;
        });
        if !in_time {
            let now = crate::text::time::text(sound.now);
            let what = format!(
                "{} is not after now, {now}, or more than five years after it; expected a start in the \
                                future",
                crate::text::time::text(start_ts)
            );
            start.wrong(notes, what);
        }
    }
    if let Some(name) = plan.name.as_ref() {
        let args = CreatePlanArgs {
            name: name.value.to_owned(),
            ..sound.args.clone()
        };
        if let Err(error) = args.packed_name() {
            name.wrong(notes, format!("{:?}: {}", name.value, terms::message(&error)));
        }
    }
    let mut calendar_is_sound = plan.start.is_some() && plan.cadence.is_some() && plan.periods.is_some();
    if let Some((found, cadence)) = plan.cadence.as_ref()
        && !sound.accepts(|args| args.cadence = *cadence)
    {
        calendar_is_sound = false;
        found.wrong(notes, format!("{:?}: {}", found.value, time::cadence_expected()));
    }
    if let Some(periods) = plan.periods.as_ref()
        && !sound.accepts(|args| args.period_count = periods.value)
    {
        calendar_is_sound = false;
        periods.wrong(notes, format!("{}: expected 1 to {MAX_PERIODS} periods", periods.value));
    }
    if let Some(cap) = plan.bonus_cap.as_ref()
        && !sound.accepts(|args| args.bonus_cap_bps = cap.value)
    {
        let what = format!(
            "{}: expected basis points of the tranche, at most {MAX_BONUS_CAP_BPS}",
            cap.value
        );
        cap.wrong(notes, what);
    }
    let windows = tables
        .windows
        .map(|table| read_windows(table, &sound, has_arbiter, notes));
    let windows = windows.unwrap_or_default();
    let limits = tables
        .limits
        .map(|table| read_limits(table, token, &sound, notes))
        .unwrap_or_default();
    if let Some(fee) = token.and_then(|token| token.max_fee_bps.as_ref())
        && !sound.accepts(|args| args.max_fee_bps = fee.value)
    {
        fee.wrong(
            notes,
            format!("{}: expected basis points, at most {FULL_SCORE}", fee.value),
        );
    }
    if let (Some(enrolment), Some(start), Some((_, cadence)), Some(periods)) = (
        limits.enrolment_end.as_ref(),
        plan.start.as_ref(),
        plan.cadence.as_ref(),
        plan.periods.as_ref(),
    ) && calendar_is_sound
    {
        let (enrolment_end, start_ts) = (enrolment.value, start.value);
        // A start that is wrong was noted already and says nothing about the end of enrolment.
        let sound = Sound::new(start_ts.saturating_sub(1).min(sound.now), has_arbiter);
        let with = |enrolment_end: i64| {
            sound.accepts(|args| {
                (args.start_ts, args.cadence, args.period_count) = (start_ts, *cadence, periods.value);
                args.enrolment_end = enrolment_end;
            })
        };
        if with(start_ts) && !with(enrolment_end) {
            let what = format!(
                "{}: expected a time from the start of the calendar to its end at most, and after now",
                crate::text::time::text(enrolment_end)
            );
            enrolment.wrong(notes, what);
        }
    }

    let attest_secs = windows.attest;
    let period_count = plan
        .periods
        .as_ref()
        .map(|found| found.value)
        .filter(|_| calendar_is_sound);
    let allocations = limits.min.as_ref().zip(limits.max.as_ref());
    let allocations = allocations.map(|(min, max)| (min.value, max.value));
    let allocations = allocations.filter(|(min, max)| min <= max);
    let max_grants = limits.max_grants.clone().filter(|found| found.value > 0);
    let section = plan.section.clone();
    let args = assemble(plan, windows, &limits, token, &roles, (oracle_keys, threshold));
    let args = args.filter(|_| notes.len() == before);
    if let (Some(args), Some((at, name))) = (&args, section) {
        // The whole, in the program's own words: nothing that it would refuse gets past this.
        let creator = check
            .authority
            .or_else(|| roles.authority.as_ref().map(Party::stand_in));
        if let Err(what) = judge(&creator.unwrap_or_default(), args, sound.now) {
            notes.add(at, name, what);
        }
    }
    ReadTerms {
        args: args.filter(|_| notes.len() == before),
        roles,
        period_count,
        attest_secs,
        allocations,
        max_grants,
    }
}

fn assemble(
    plan: PlanTable,
    windows: WindowsTable,
    limits: &LimitsTable,
    token: Option<&Token>,
    roles: &Roles,
    (oracles, threshold): (Option<Vec<Pubkey>>, Option<u8>),
) -> Option<CreatePlanArgs> {
    let token = token?;
    Some(CreatePlanArgs {
        plan_id: plan.id?.value,
        name: plan.name?.value.to_owned(),
        unit: String::new(),
        unit_decimals: 0,
        start_ts: plan.start?.value,
        cadence: plan.cadence?.1,
        period_count: plan.periods?.value,
        attest_secs: windows.attest?,
        challenge_secs: windows.challenge?,
        ruling_secs: windows.ruling?,
        notice_secs: windows.notice?,
        combination: plan.combination?,
        unearned_policy: plan.unearned?,
        release: plan.release?,
        bonus_cap_bps: plan.bonus_cap.map_or(0, |cap| cap.value),
        min_allocation: limits.min.as_ref()?.value,
        max_allocation: limits.max.as_ref()?.value,
        max_grants: limits.max_grants.as_ref()?.value,
        enrolment_end: limits.enrolment_end.as_ref()?.value,
        token_flags: token.flags,
        max_fee_bps: token.max_fee_bps.as_ref().map_or(0, |fee| fee.value),
        oracles: oracles?,
        threshold: threshold?,
        arbiter: roles.arbiter.as_ref().map(Party::stand_in),
    })
}

#[derive(Default)]
struct PlanTable<'a> {
    /// Where the table stands, and its name.
    section: Option<(usize, String)>,
    id: Option<Found<u64>>,
    name: Option<Found<&'a str>>,
    start: Option<Found<i64>>,
    cadence: Option<(Found<&'a str>, Cadence)>,
    periods: Option<Found<u16>>,
    combination: Option<Combination>,
    unearned: Option<UnearnedPolicy>,
    bonus_cap: Option<Found<u32>>,
    release: Option<Release>,
}

fn read_plan<'a>(mut table: Section<'a>, notes: &mut Notes) -> PlanTable<'a> {
    let id = table.required("id").and_then(|found| found.number(notes, u64::MAX));
    let name = table.required("name").and_then(|found| found.text(notes));
    let start = table.required("start").and_then(|found| time::time(notes, found));
    let cadence = table.required("cadence").and_then(|found| found.text(notes));
    let cadence = cadence.and_then(|found| match time::cadence(found.value) {
        Some(cadence) => Some((found, cadence)),
        None => {
            found.wrong(notes, format!("{:?}: {}", found.value, time::cadence_expected()));
            None
        }
    });
    let periods = table
        .required("periods")
        .and_then(|found| found.number(notes, u16::MAX));
    let combination = table
        .required("combination")
        .and_then(|found| found.word(notes, &COMBINATIONS));
    let unearned = table
        .required("unearned")
        .and_then(|found| found.word(notes, &UNEARNED));
    let bonus_cap = if unearned == Some(UnearnedPolicy::Redistribute) {
        table.required("bonus_cap")
    } else {
        table.optional("bonus_cap")
    };
    let bonus_cap = bonus_cap.and_then(|found| found.share(notes, u32::MAX));
    let release = table.required("release").and_then(|found| found.word(notes, &RELEASES));
    let section = Some((table.at, table.name.clone()));
    table.finish(notes);
    PlanTable {
        section,
        id,
        name,
        start,
        cadence,
        periods,
        combination,
        unearned,
        bonus_cap,
        release,
    }
}

#[derive(Default)]
struct WindowsTable {
    attest: Option<u32>,
    challenge: Option<u32>,
    ruling: Option<u32>,
    notice: Option<u32>,
}

fn read_windows(mut table: Section, sound: &Sound, has_arbiter: bool, notes: &mut Notes) -> WindowsTable {
    let window = |found, notes: &mut Notes, put: fn(&mut CreatePlanArgs, u32)| -> Option<Found<u32>> {
        let found: Found<&str> = Found::text(found, notes)?;
        match time::window(found.value) {
            Some(length) if sound.accepts(|args| put(args, length)) => Some(found.map(length)),
            _ => {
                found.wrong(notes, format!("{:?}: {}", found.value, time::window_expected()));
                None
            }
        }
    };
    let attest = table.required("attest");
    let attest = attest.and_then(|found| window(found, notes, |args, length| args.attest_secs = length));
    let notice = table.required("notice");
    let notice = notice.and_then(|found| window(found, notes, |args, length| args.notice_secs = length));
    if !has_arbiter {
        let mut none = |key| -> Option<u32> {
            let Some(found) = table.optional(key) else {
                return Some(0);
            };
            let found = found.text(notes)?;
            if time::window(found.value) == Some(0) {
                return Some(0);
            }
            let what = format!(
                "{:?}: without an arbiter there are no disputes; expected an arbiter in [roles], or no `{key}`",
                found.value
            );
            found.wrong(notes, what);
            None
        };
        let (challenge, ruling) = (none("challenge"), none("ruling"));
        table.finish(notes);
        return WindowsTable {
            attest: attest.map(|found| found.value),
            challenge,
            ruling,
            notice: notice.map(|found| found.value),
        };
    }
    // The longer of the two is the ruling window.
    let challenge = table.required("challenge").and_then(|found| {
        window(found, notes, |args, length| {
            (args.challenge_secs, args.ruling_secs) = (length, length)
        })
    });
    let ruling = table.required("ruling");
    let ruling = ruling.and_then(|found| window(found, notes, |args, length| args.ruling_secs = length));
    if let (Some(challenge), Some(ruling)) = (&challenge, &ruling) {
        let pair = (challenge.value, ruling.value);
        if !sound.accepts(|args| (args.challenge_secs, args.ruling_secs) = pair) {
            let what = format!(
                "{}: expected at least as long as challenge",
                crate::text::time::length(ruling.value.into())
            );
            ruling.wrong(notes, what);
        }
    }
    table.finish(notes);
    WindowsTable {
        attest: attest.map(|found| found.value),
        challenge: challenge.map(|found| found.value),
        ruling: ruling.map(|found| found.value),
        notice: notice.map(|found| found.value),
    }
}

#[derive(Default)]
struct LimitsTable {
    min: Option<Found<u64>>,
    max: Option<Found<u64>>,
    max_grants: Option<Found<u32>>,
    enrolment_end: Option<Found<i64>>,
}

fn read_limits(mut table: Section, token: Option<&Token>, sound: &Sound, notes: &mut Notes) -> LimitsTable {
    let min = table.required("min_allocation");
    let min = min.and_then(|found| token?.amount(found, notes));
    let max = table.required("max_allocation");
    let written = max.as_ref().and_then(|found| found.value.as_str());
    let written = written.unwrap_or_default();
    let max = max.and_then(|found| token?.amount(found, notes));
    if let (Some(min), Some(max)) = (&min, &max)
        && !sound.accepts(|args| (args.min_allocation, args.max_allocation) = (min.value, max.value))
    {
        let what = "is below min_allocation; expected at least as much";
        max.wrong(notes, format!("{what}{}", amount::hint(written)));
    }
    let max_grants = table
        .required("max_grants")
        .and_then(|found| found.number(notes, u32::MAX));
    if let Some(max_grants) = &max_grants
        && !sound.accepts(|args| args.max_grants = max_grants.value)
    {
        max_grants.wrong(notes, "0: expected at least one grant");
    }
    let enrolment_end = table
        .required("enrolment_end")
        .and_then(|found| time::time(notes, found));
    table.finish(notes);
    LimitsTable {
        min,
        max,
        max_grants,
        enrolment_end,
    }
}

#[derive(Default)]
struct RolesTable {
    roles: Roles,
    /// Keys of the oracles, if all are known.
    oracle_keys: Option<Vec<Pubkey>>,
    threshold: Option<u8>,
    /// Whether there is an arbiter, known or not.
    has_arbiter: bool,
}

fn read_roles(mut table: Section, addresses: &Addresses, check: &Check, notes: &mut Notes) -> RolesTable {
    let has_arbiter = table.entries().contains_key("arbiter");
    let needs_keys = check.authority.is_some();
    let mut party = |key, is_required: bool, notes: &mut Notes| {
        let found = match is_required {
            true => table.required(key),
            false => table.optional(key),
        };
        found.and_then(|found| addresses.party(notes, found, needs_keys))
    };
    let authority = party("authority", false, notes);
    let arbiter = party("arbiter", false, notes);
    let treasury = party("treasury", needs_keys, notes);
    let list = table.required("oracles");
    let list_place = list.as_ref().map(|found| found.map(()));
    let items = list.and_then(|found| found.list(notes, "oracles"));
    let threshold = table
        .required("threshold")
        .and_then(|found| found.number(notes, u8::MAX));
    table.finish(notes);

    let wanted = items.as_ref().map_or(0, Vec::len);
    let oracles: Vec<Found<Party>> = items
        .into_iter()
        .flatten()
        .filter_map(|found| addresses.party(notes, found, needs_keys))
        .collect();
    let keys: Vec<Pubkey> = oracles.iter().map(|oracle| oracle.value.stand_in()).collect();
    let complete = list_place.is_some() && keys.len() == wanted;
    let sound = Sound::new(0, arbiter.is_some());
    let set = |keys: &[Pubkey], threshold: u8| {
        let mut args = sound.args.clone();
        (args.oracles, args.threshold) = (keys.to_vec(), threshold);
        args.oracle_set().map_err(|error| terms::message(&error))
    };
    let majority = |count: usize| u8::try_from(count).map(quorum::strict_majority).unwrap_or(u8::MAX);
    let most = usize::from(MAX_ORACLES);
    let mut set_is_sound = complete && (1..=most).contains(&keys.len());
    if let Some(place) = list_place.filter(|_| complete && !set_is_sound) {
        place.wrong(notes, format!("there are {wanted} oracles; expected 1 to {most}"));
    }
    for (index, oracle) in oracles.iter().enumerate().take(most) {
        // The first that cannot be added to those before it.
        let so_far = keys.get(..=index).unwrap_or_default();
        if set(so_far, majority(so_far.len())).is_err() {
            set_is_sound = false;
            let what = format!(
                "{:?} is an oracle already, or no key; expected different keys",
                oracle.value.name
            );
            oracle.wrong(notes, what);
            break;
        }
    }
    if let Some(threshold) = threshold.as_ref().filter(|_| set_is_sound)
        && set(&keys, threshold.value).is_err()
    {
        let what = format!(
            "{}: expected more than half of the {} oracles and at most all of them",
            threshold.value,
            keys.len()
        );
        threshold.wrong(notes, what);
    }

    if let (Some(signer), Some(authority)) = (check.authority, &authority)
        && authority.value.stand_in() != signer
    {
        let what = format!(
            "{:?} is not who signs as the authority, {signer}; expected the same key",
            authority.value.name
        );
        authority.wrong(notes, what);
    }
    // Each pair of roles alone: the program only says that some of them are not separate.
    let signer = check
        .authority
        .or_else(|| authority.as_ref().map(|found| found.value.stand_in()));
    let separate = |creator: Pubkey, arbiter: Option<Pubkey>, oracle: Pubkey| {
        let mut args = Sound::new(0, arbiter.is_some()).args;
        (args.arbiter, args.oracles) = (arbiter, vec![oracle]);
        judge(&creator, &args, 0).is_ok()
    };
    let stranger = Party {
        name: "somebody without another role".to_owned(),
        key: None,
    }
    .stand_in();
    if let (Some(signer), Some(arbiter)) = (signer, &arbiter)
        && !separate(signer, Some(arbiter.value.stand_in()), stranger)
    {
        arbiter.wrong(
            notes,
            format!("{:?} is the authority too; expected different keys", arbiter.value.name),
        );
    }
    for oracle in &oracles {
        let key = oracle.value.stand_in();
        if set(&[key], 1).is_err() {
            // No key at all, which was noted above.
            continue;
        }
        if signer.is_some_and(|signer| !separate(signer, None, key)) {
            oracle.wrong(
                notes,
                format!(
                    "the oracle {:?} is the authority too; expected different keys",
                    oracle.value.name
                ),
            );
        }
        if let Some(arbiter) = &arbiter
            && !separate(stranger, Some(arbiter.value.stand_in()), key)
        {
            let what = format!(
                "the oracle {:?} is the arbiter too; expected different keys",
                oracle.value.name
            );
            oracle.wrong(notes, what);
        }
    }
    let roles = Roles {
        authority: authority.map(|found| found.value),
        oracles: oracles.into_iter().map(|found| found.value).collect(),
        arbiter: arbiter.map(|found| found.value),
        treasury: treasury.map(|found| found.value),
    };
    RolesTable {
        roles,
        oracle_keys: complete.then_some(keys),
        threshold: threshold.map(|found| found.value),
        has_arbiter,
    }
}
