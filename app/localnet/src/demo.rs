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
    earnout_sdk::{
        terms::{
            GrantTerms,
            plan_file::{self, Check, NamedGrant, PlanFile, TokenTerms},
        },
        wire::{
            instructions::{self, PlanToken},
            pda,
        },
    },
    serde::Serialize,
    solana_keypair::Keypair,
    solana_program::{instruction::Instruction, program_pack::Pack, pubkey::Pubkey, rent::Rent},
    solana_system_interface::instruction as system,
    std::path::Path,
};

/// The plan of the team: token, calendar, windows, KPIs and the first grants.
const PLAN: &str = include_str!("../../../examples/team/plan.toml");

/// Base units of a token.
const TOKEN: u64 = 1_000_000;

/// More than the five grants can earn, so that there is surplus for others.
const FUNDED: u64 = 50_000_000 * TOKEN;

const HOUR: i64 = 3_600;

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
    name: String,
    address: String,
    /// Name of the beneficiary's key.
    beneficiary: String,
}

/// The plan of the team from `start` on, with these keys. The caps leave room for grants that are made later.
fn plan_file(keys: &DemoKeys, start: Moment) -> Result<PlanFile> {
    let mut file = team()?;
    let terms = &mut file.terms;
    terms.start_ts = start.unix();
    let last = terms.period_count.saturating_sub(1);
    terms.enrolment_end = plan_file::calendar(terms).period_start(last)?;
    terms.min_allocation = 1_000 * TOKEN;
    terms.max_grants = 100;
    terms.oracles = keys.oracles.iter().map(DemoKey::pubkey).collect();
    terms.arbiter = Some(keys.arbiter.pubkey());
    Ok(file)
}

/// The file of the team, with two members more.
fn team() -> Result<PlanFile> {
    let mut file = PlanFile::parse(PLAN, Path::new("examples/team/plan.toml"), &Check::offline())?;
    let periods = file.terms.period_count;
    file.grants.extend([
        member("Designer", 0, 2_000, [5_000, 0, 3_000], periods),
        member("Community Manager", 1, 4_000, [0, 6_000, 0], periods),
    ]);
    Ok(file)
}

/// A member who is paid for several KPIs.
fn member(name: &str, cliff_periods: u16, time_weight: u16, kpi_weights: [u16; 3], periods: u16) -> NamedGrant {
    NamedGrant {
        name: name.to_owned(),
        beneficiary: None,
        terms: GrantTerms {
            allocation: 5_000_000 * TOKEN,
            unit_allocation: 0,
            first_period: 0,
            periods,
            cliff_periods,
            time_weight,
            kpi_weights: kpi_weights.to_vec(),
            revocable: true,
            transferable: false,
        },
    }
}

/// Beginning of the first period: of a month, with time enough to make the grants.
fn start(now: Moment) -> Option<Moment> {
    now.after(HOUR)?.next_month()
}

/// Makes the plan, its token and its grants.
///
/// # Errors
/// If the chain refuses something.
pub async fn set_up(connection: &Connection, keys: &DemoKeys) -> Result<DemoPlan> {
    let now = connection.clock().await?;
    let start = start(now).context("the chain's time leaves no room for a calendar")?;
    let PlanFile {
        terms,
        kpis,
        grants: members,
        token: TokenTerms { decimals, supply, .. },
        ..
    } = plan_file(keys, start)?;
    let [payer, authority, owner] = [&keys.payer, &keys.authority, &keys.treasury_owner].map(DemoKey::pubkey);
    let token = PlanToken {
        plan: pda::plan(&authority, terms.plan_id),
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
        .send(
            &make_token(
                &payer,
                [&authority, &owner],
                &token,
                decimals,
                supply.unwrap_or_default(),
            )?,
            &signers,
        )
        .await?;
    let by_authority = [&keys.authority.pair];
    let create = instructions::create_plan(&payer, &authority, &token.mint, &treasury, &token.token_program, terms);
    sender.send(&[create], &by_authority).await?;
    for kpi in kpis {
        let add = instructions::add_kpi(&authority, &token.plan, kpi);
        sender.send(&[add], &by_authority).await?;
    }
    let activate = instructions::activate_plan(&authority, &token.plan, &token.mint);
    let fund = instructions::fund(&authority, &token, &source, FUNDED);
    sender.send(&[activate, fund], &by_authority).await?;
    let mut grants = Vec::new();
    for ((index, member), beneficiary) in (0u32..).zip(members).zip(&keys.beneficiaries) {
        let args = member.terms.args(index, &beneficiary.pubkey());
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

/// The mint, all its supply with the authority, and the treasury.
fn make_token(
    payer: &Pubkey,
    [authority, treasury_owner]: [&Pubkey; 2],
    token: &PlanToken,
    decimals: u8,
    supply: u64,
) -> Result<Vec<Instruction>> {
    let (mint, program) = (&token.mint, &token.token_program);
    let account = |owner: &Pubkey| create_associated_token_account_idempotent(payer, owner, mint, program);
    let rent = Rent::default().minimum_balance(spl_token::state::Mint::LEN);
    let space = u64::try_from(spl_token::state::Mint::LEN)?;
    let source = pda::associated_token_account(authority, mint, program);
    Ok(vec![
        system::create_account(payer, mint, rent, space, program),
        spl_token::instruction::initialize_mint2(program, mint, authority, None, decimals)?,
        account(authority),
        account(treasury_owner),
        spl_token::instruction::mint_to(program, mint, &source, authority, &[], supply)?,
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
        let start = |now: &str| start(now.parse().unwrap()).unwrap().to_string();
        assert_eq!(start("2026-11-24T12:00:00Z"), "2026-12-01T00:00:00Z");
        // The grants must be made before it begins.
        assert_eq!(start("2026-11-30T23:30:00Z"), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn weights_sum_to_the_whole() {
        for NamedGrant { name, terms, .. } in team().unwrap().grants {
            let sum = terms.time_weight + terms.kpi_weights.iter().sum::<u16>();
            assert_eq!(sum, 10_000, "{name}");
        }
    }
}
