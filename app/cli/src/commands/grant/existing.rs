//! Which grants of a plan a beneficiary has already: what is made twice is paid twice, and most grants cannot be taken
//! back.

use {
    crate::{context::token::Token, fault::Fault, send::Outgoing, shown::units},
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        client::{Client, ClientError},
        text::amount::counted,
        wire::{accounts, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// All open grants of a plan, as the endpoint shows them.
///
/// # Errors
/// If the endpoint does not answer, or does not show all of them.
pub async fn all(client: &Client, address: &Pubkey, plan: &Plan) -> Result<Vec<(Pubkey, Grant)>, Fault> {
    let grants = client.grants_of_plan(address, plan).await;
    complete(grants.map_err(unseen)?, plan)
}

/// All open grants of a plan as a transaction in the making knows them: by what its file of accounts holds if there is
/// no connection, and so that they get into that file.
///
/// # Errors
/// If they are not known, or not all of them.
pub async fn known(outgoing: &Outgoing<'_>, address: &Pubkey, plan: &Plan) -> Result<Vec<(Pubkey, Grant)>, Fault> {
    let mut grants = Vec::new();
    for index in 0..plan.grant_counter {
        let address = pda::grant(address, index);
        let account = outgoing.account(&address).await.map_err(unseen)?;
        if let Some(account) = account.filter(|account| account.owner == earnout_sdk::ID) {
            let state = accounts::grant(&account.data).map_err(|source| ClientError::Decode { address, source })?;
            grants.push((address, state));
        }
    }
    complete(grants, plan)
}

fn unseen(error: impl Into<Fault>) -> Fault {
    let fault = error
        .into()
        .during("cannot see who has a grant of this plan already; nothing was sent");
    fault.or_advice("name another endpoint (-u); --again leaves this check out")
}

fn complete(grants: Vec<(Pubkey, Grant)>, plan: &Plan) -> Result<Vec<(Pubkey, Grant)>, Fault> {
    match u32::try_from(grants.len()) {
        Ok(shown) if shown == plan.open_grants => Ok(grants),
        _ => Err(Fault::new(format!(
            "the endpoint shows {} of the plan's {} open grants; nothing was sent",
            grants.len(),
            plan.open_grants
        ))
        .why("so nobody can see who has a grant already")
        .advice("run the command again, or name another endpoint (-u); --again leaves this check out")),
    }
}

/// A grant in a sentence: its number and its terms.
pub fn sentence(plan: &Plan, grant: &Grant, token: &Token) -> String {
    let weights: Vec<_> = grant.kpi_weights.iter().map(u16::to_string).collect();
    let last = weights
        .iter()
        .rposition(|weight| weight != "0")
        .map_or(0, |last| last + 1);
    let kpis = match weights.get(..last) {
        Some(weights) if !weights.is_empty() => format!(", weights of the KPIs {}", weights.join(" ")),
        _ => String::new(),
    };
    let value = match units::value(plan, grant) {
        Some(value) => format!("{value}, at most "),
        None => String::new(),
    };
    format!(
        "grant {}: {value}{} tokens, first period {}, {}, cliff {}, weight of time {}{kpis}",
        grant.index,
        token.amount(grant.allocation),
        grant.first_period,
        counted(grant.periods, "period"),
        grant.cliff_periods,
        grant.time_weight
    )
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn a_grant_that_is_not_shown_is_not_taken_for_none() {
        let mut plan = Plan::zeroed();
        plan.open_grants = 2;
        let grant = || (Pubkey::new_unique(), Grant::zeroed());
        assert!(complete(vec![grant(), grant()], &plan).is_ok());
        let said = complete(vec![grant()], &plan).expect_err("one is missing").to_string();
        assert!(said.contains("shows 1 of the plan's 2 open grants"), "{said}");
    }

    #[test]
    fn a_grant_is_named_with_its_terms() {
        let mut grant = Grant::zeroed();
        (grant.index, grant.allocation, grant.first_period, grant.periods) = (3, 1_250_500_000, 1, 8);
        (grant.cliff_periods, grant.time_weight) = (2, 4_000);
        grant.kpi_weights[1] = 6_000;
        let token = Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
            decimals: 6,
        };
        assert_eq!(
            sentence(&Plan::zeroed(), &grant, &token),
            "grant 3: 1,250.5 tokens, first period 1, 8 periods, cliff 2, weight of time 4000, weights of the KPIs 0 6000"
        );
        let mut plan = Plan::zeroed();
        plan.unit[..3].copy_from_slice(b"USD");
        (plan.unit_decimals, grant.unit_allocation) = (2, 3_000_000);
        assert!(sentence(&plan, &grant, &token).starts_with("grant 3: 30,000.00 USD, at most 1,250.5 tokens, first"));
    }
}
