//! A plan to look at: the team of `examples/team` with two members more, on a calendar that begins next month.

use {
    crate::{
        connection::Connection,
        keys::{DemoKey, DemoKeys},
        when::Moment,
    },
    anchor_spl::{
        associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent,
        compat::spl_token_interface as spl_token,
    },
    anyhow::{Context, Result},
    earnout::{
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Cadence, Combination, CurvePoint, Interpolation, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_sdk::{
        instructions::{self, PlanToken},
        pda,
    },
    serde::Serialize,
    sha2::{Digest, Sha256},
    solana_keypair::Keypair,
    solana_program::{instruction::Instruction, program_pack::Pack, pubkey::Pubkey, rent::Rent},
    solana_system_interface::instruction as system,
};

const PLAN_ID: u64 = 1;

/// Base units of a token.
const TOKEN: u64 = 1_000_000;
const DECIMALS: u8 = 6;

const SUPPLY: u64 = 100_000_000 * TOKEN;
/// More than the five grants can earn, so that there is surplus for others.
const FUNDED: u64 = 50_000_000 * TOKEN;

const HOUR: i64 = 3_600;
const DAY: u32 = 86_400;

const PERIODS: u16 = 4;
const MONTHS: u16 = 3;

const FULL: u16 = 10_000;

/// The demo plan's addresses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPlan {
    plan: String,
    vault: String,
    mint: String,
    token_program: String,
    /// Token account of the treasury's owner.
    treasury: String,
    /// Token account of the authority, with what is left of the supply.
    source: String,
    /// Beginning of the first period, Unix seconds.
    start: i64,
    grants: Vec<DemoGrant>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoGrant {
    name: &'static str,
    address: String,
    /// Name of the beneficiary's key.
    beneficiary: String,
}

/// Terms of a grant.
struct Member {
    name: &'static str,
    /// Tokens.
    allocation: u64,
    cliff: u16,
    time_weight: u16,
    kpi_weights: [u16; 3],
}

const TEAM: [Member; 5] = [
    Member {
        name: "Developer",
        allocation: 10_000_000,
        cliff: 2,
        time_weight: 0,
        kpi_weights: [FULL, 0, 0],
    },
    Member {
        name: "Marketing Specialist",
        allocation: 5_000_000,
        cliff: 0,
        time_weight: 0,
        kpi_weights: [0, FULL, 0],
    },
    Member {
        name: "Project Manager",
        allocation: 8_000_000,
        cliff: 0,
        time_weight: 0,
        kpi_weights: [0, 0, FULL],
    },
    Member {
        name: "Designer",
        allocation: 5_000_000,
        cliff: 0,
        time_weight: 2_000,
        kpi_weights: [5_000, 0, 3_000],
    },
    Member {
        name: "Community Manager",
        allocation: 5_000_000,
        cliff: 1,
        time_weight: 4_000,
        kpi_weights: [0, 6_000, 0],
    },
];

/// The KPIs of `examples/team/plan.toml`.
fn kpis() -> [KpiArgs; 3] {
    let kpi = |name: &str, rubric: &str, range, points: &[(i64, u16)], default_score| {
        let (range_min, range_max) = range;
        let point = |&(value, score): &(i64, u16)| CurvePoint { value, score };
        KpiArgs {
            name: name.to_owned(),
            unit: "%".to_owned(),
            rubric_hash: Sha256::digest(rubric).into(),
            decimals: 1,
            scope: Scope::Shared,
            range_min,
            range_max,
            interpolation: Interpolation::Linear,
            points: points.iter().map(point).collect(),
            default_score,
        }
    };
    [
        kpi(
            "development milestones completed",
            "Milestones of the public roadmap due in the quarter whose acceptance tests passed, divided by those due.",
            (0, 1_000),
            &[(0, 0), (800, FULL), (1_000, 12_500)],
            0,
        ),
        kpi(
            "increase in user acquisition",
            "New accounts with a completed first session in the quarter, compared with the same quarter a year earlier.",
            (-1_000, 10_000),
            &[(0, 0), (500, FULL), (1_000, 15_000)],
            0,
        ),
        kpi(
            "team satisfaction",
            "Anonymous survey of the whole team in the last week of the quarter: share of answers of 4 or 5 out of 5.",
            (0, 1_000),
            &[(500, 0), (900, FULL), (1_000, 11_000)],
            5_000,
        ),
    ]
}

/// Quarters from `start` on. The caps leave room for grants that are made later.
fn terms(keys: &DemoKeys, start: Moment, calendar: &[Moment]) -> Result<CreatePlanArgs> {
    let last = calendar.last().context("the calendar is empty")?;
    Ok(CreatePlanArgs {
        plan_id: PLAN_ID,
        start_ts: start.unix(),
        cadence: Cadence::Months(MONTHS),
        period_count: PERIODS,
        attest_secs: 14 * DAY,
        challenge_secs: 7 * DAY,
        ruling_secs: 7 * DAY,
        notice_secs: 14 * DAY,
        combination: Combination::WeightedSum,
        unearned_policy: UnearnedPolicy::Return,
        release: Release::AtSettlement,
        bonus_cap_bps: FULL.into(),
        min_allocation: 1_000 * TOKEN,
        max_allocation: SUPPLY / 10,
        max_grants: 100,
        enrolment_end: last.unix(),
        token_flags: 0,
        max_fee_bps: 0,
        oracles: keys.oracles.iter().map(DemoKey::pubkey).collect(),
        threshold: 2,
        arbiter: Some(keys.arbiter.pubkey()),
    })
}

/// Beginnings of the periods: the first days of months, with time enough to make the grants.
fn calendar(now: Moment) -> Option<Vec<Moment>> {
    let mut start = now.after(HOUR)?.next_month()?;
    let mut starts = Vec::new();
    for _ in 0..PERIODS {
        starts.push(start);
        for _ in 0..MONTHS {
            start = start.next_month()?;
        }
    }
    Some(starts)
}

/// Makes the plan, its token and its grants.
///
/// # Errors
/// If the chain refuses something.
pub async fn set_up(connection: &Connection, keys: &DemoKeys) -> Result<DemoPlan> {
    let now = connection.clock().await?;
    let calendar = calendar(now).context("the chain's time leaves no room for a calendar")?;
    let start = *calendar.first().context("the calendar is empty")?;
    let terms = terms(keys, start, &calendar)?;
    let [payer, authority, owner] = [&keys.payer, &keys.authority, &keys.treasury_owner].map(DemoKey::pubkey);
    let token = PlanToken {
        plan: pda::plan(&authority, PLAN_ID),
        mint: keys.mint.pubkey(),
        token_program: spl_token::ID,
    };
    let account = |owner: &Pubkey| pda::associated_token_account(owner, &token.mint, &token.token_program);
    let (source, treasury) = (account(&authority), account(&owner));

    let sender = Sender {
        connection,
        payer: &keys.payer.pair,
    };
    let signers = [&keys.authority.pair, &keys.mint.pair];
    sender
        .send(&make_token(&payer, &authority, &owner, &token)?, &signers)
        .await?;
    let by_authority = [&keys.authority.pair];
    let create = instructions::create_plan(&payer, &authority, &token.mint, &treasury, &token.token_program, terms);
    sender.send(&[create], &by_authority).await?;
    for kpi in kpis() {
        let add = instructions::add_kpi(&authority, &token.plan, kpi);
        sender.send(&[add], &by_authority).await?;
    }
    let activate = instructions::activate_plan(&authority, &token.plan, &token.mint);
    let fund = instructions::fund(&authority, &token, &source, FUNDED);
    sender.send(&[activate, fund], &by_authority).await?;
    let mut grants = Vec::new();
    for ((index, member), beneficiary) in (0u32..).zip(&TEAM).zip(&keys.beneficiaries) {
        let args = member.args(index, &beneficiary.pubkey());
        let create = instructions::create_grant(&payer, &authority, &token.plan, &token.mint, args);
        sender.send(&[create], &by_authority).await?;
        grants.push(DemoGrant {
            name: member.name,
            address: pda::grant(&token.plan, index).to_string(),
            beneficiary: beneficiary.name.clone(),
        });
    }

    Ok(DemoPlan {
        plan: token.plan.to_string(),
        vault: pda::vault(&token.plan).to_string(),
        mint: token.mint.to_string(),
        token_program: token.token_program.to_string(),
        treasury: treasury.to_string(),
        source: source.to_string(),
        start: start.unix(),
        grants,
    })
}

impl Member {
    fn args(&self, index: u32, beneficiary: &Pubkey) -> CreateGrantArgs {
        CreateGrantArgs {
            grant_index: index,
            beneficiary: *beneficiary,
            allocation: self.allocation * TOKEN,
            first_period: 0,
            periods: PERIODS,
            cliff_periods: self.cliff,
            time_weight: self.time_weight,
            kpi_weights: self.kpi_weights.to_vec(),
            revocable: true,
            transferable: false,
        }
    }
}

/// The mint, all its supply with the authority, and the treasury.
fn make_token(
    payer: &Pubkey,
    authority: &Pubkey,
    treasury_owner: &Pubkey,
    token: &PlanToken,
) -> Result<Vec<Instruction>> {
    let (mint, program) = (&token.mint, &token.token_program);
    let account = |owner: &Pubkey| create_associated_token_account_idempotent(payer, owner, mint, program);
    let rent = Rent::default().minimum_balance(spl_token::state::Mint::LEN);
    let space = u64::try_from(spl_token::state::Mint::LEN)?;
    let source = pda::associated_token_account(authority, mint, program);
    Ok(vec![
        system::create_account(payer, mint, rent, space, program),
        spl_token::instruction::initialize_mint2(program, mint, authority, None, DECIMALS)?,
        account(authority),
        account(treasury_owner),
        spl_token::instruction::mint_to(program, mint, &source, authority, &[], SUPPLY)?,
    ])
}

/// Sends transactions one after the other.
struct Sender<'a> {
    connection: &'a Connection,
    payer: &'a Keypair,
}

impl Sender<'_> {
    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<()> {
        let sent = self.connection.execute(instructions, self.payer, signers).await;
        sent.map(drop).context("cannot make the demo plan")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_begins_next_month() {
        let starts = |now: &str| -> Vec<String> {
            let calendar = calendar(now.parse().unwrap()).unwrap();
            calendar.iter().map(Moment::to_string).collect()
        };
        assert_eq!(
            starts("2026-11-24T12:00:00Z"),
            [
                "2026-12-01T00:00:00Z",
                "2027-03-01T00:00:00Z",
                "2027-06-01T00:00:00Z",
                "2027-09-01T00:00:00Z"
            ]
        );
        // The grants must be made before it begins.
        assert_eq!(starts("2026-11-30T23:30:00Z").first().unwrap(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn weights_sum_to_the_whole() {
        for member in &TEAM {
            let sum = member.time_weight + member.kpi_weights.iter().sum::<u16>();
            assert_eq!(sum, FULL, "{}", member.name);
        }
    }
}
