//! What must hold after every step: the guarantees, and that the accounts are what the model says.

use {
    super::{
        actions::Act,
        chain::{Accounts, Stage},
        model::{
            Account as ModelAccount, Address, Amount, Evaluation as Expected, Model, PAGE, Place, Settled, Status,
        },
    },
    earnout::state::{Disputer, Standing},
    earnout_core::quorum::Ruling,
    earnout_sdk::wire::Evaluation,
    earnout_tests::*,
    std::collections::BTreeMap,
};

/// What was seen so far.
#[derive(Default)]
pub struct Seen {
    /// Vested and claimed of each grant.
    payments: BTreeMap<usize, (u64, u64)>,
    /// G3: what each grant earned in each period, read from its account when it was settled.
    settled: BTreeMap<usize, Vec<(u64, u64, u64)>>,
}

/// Returns from the function with a description unless both are equal.
macro_rules! same {
    ($chain:expr, $model:expr, $($what:tt)+) => {
        let (chain, model) = (&$chain, &$model);
        if chain != model {
            return Err(format!("{}: the program has {chain:?}, the model {model:?}", format_args!($($what)+)));
        }
    };
}

/// Returns from the function with a description unless it holds.
macro_rules! holds {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!($($what)+));
        }
    };
}

/// Whether nothing is there but lamports.
fn vacant(stage: &Stage, address: &Pubkey) -> bool {
    let account = stage.chain.account(address);
    account.is_none_or(|account| account.owner == system_program::ID && account.data.is_empty())
}

fn amount(value: u64) -> Amount {
    value.into()
}

/// Lamports that moved between the account, its payer and the treasury when an account was made or closed.
pub fn rent(stage: &Stage, before: &Accounts, action: &dyn Act, old: &Model) -> Result<(), String> {
    let lamports = |accounts: &Accounts, address: &Pubkey| {
        let account = accounts.get(address).and_then(Option::as_ref);
        account.map_or(0, |account| i128::from(account.lamports))
    };
    let change = |address: Pubkey| {
        let now = stage
            .chain
            .account(&address)
            .map_or(0, |account| i128::from(account.lamports));
        now - lamports(before, &address)
    };
    let Some((address, payer, treasury, paid)) = action.closed(stage, before, old) else {
        return Ok(());
    };
    let held = lamports(before, &address);
    same!(change(stage.key(payer)), i128::from(paid), "rent returned");
    same!(
        change(stage.place(treasury)),
        held - i128::from(paid),
        "lamports to the treasury"
    );
    same!(stage.chain.account(&address), None, "a closed account");
    Ok(())
}

/// Compares everything.
pub fn all(stage: &Stage, model: &Model, seen: &mut Seen) -> Result<(), String> {
    for (place, balance) in &model.balances {
        if model.status != Status::Nothing || *place != Place::Vault {
            same!(
                amount(stage.chain.balance(&stage.place(*place))),
                *balance,
                "balance of {place:?}"
            );
        }
    }
    if let Some(fees) = &model.fees {
        for place in model.balances.keys() {
            let exists = *place != Place::Vault || matches!(model.status, Status::Draft | Status::Active);
            if exists && !matches!(place, Place::Foreign(_)) {
                let expected = fees.withheld.get(place).copied().unwrap_or(0);
                same!(amount(stage.withheld(*place)), expected, "withheld in {place:?}");
            }
        }
        same!(amount(stage.harvested()), fees.harvested, "withheld in the mint");
    }
    let now = stage.chain.now();
    let plan = stage.chain.plan(&stage.plan());
    match model.status {
        Status::Nothing => {
            same!(plan.is_none(), true, "no plan");
            return Ok(());
        }
        Status::Closed => {
            let left = stage.chain.account(&stage.plan()).ok_or("no mark of the closed plan")?;
            same!(left.owner, earnout::ID, "owner of the mark");
            same!(plan.is_none(), true, "closed plan");
            same!(vacant(stage, &stage.place(Place::Vault)), true, "closed vault");
            return Ok(());
        }
        Status::Draft | Status::Active => {}
    }
    let plan = plan.ok_or("the plan is missing")?;
    same!(plan.status, if model.status == Status::Draft { 0 } else { 1 }, "status");
    let (reserved, owed, pooled) = (amount(plan.reserved), amount(plan.owed), amount(plan.pooled));
    let vault = amount(stage.chain.balance(&plan.vault));
    holds!(
        vault >= reserved + owed + pooled,
        "G1: vault {vault} < {reserved} + {owed} + {pooled}"
    );
    same!(
        (reserved, owed, pooled),
        (model.reserved(), model.owed(), model.pooled()),
        "reserved, owed, pooled"
    );
    same!(vault - reserved - owed - pooled, model.surplus(), "surplus");
    same!(plan.authority, stage.key(model.authority), "authority");
    let pending = model.pending_authority.map_or(Pubkey::default(), |who| stage.key(who));
    same!(plan.pending_authority, pending, "pending authority");
    same!(plan.rent_payer, stage.key(model.payer), "payer of the plan");
    same!(usize::from(plan.kpi_count), model.kpis.len(), "KPIs");
    same!(plan.grant_counter as usize, model.grants.len(), "grants made");
    same!(
        plan.open_grants as usize,
        model.grants.iter().filter(|grant| grant.open).count(),
        "open grants"
    );
    let open = |pages: bool| model.accounts.keys().filter(|key| key.2.is_some() == pages).count();
    same!(plan.open_attestations as usize, open(false), "open attestations");
    same!(plan.open_pages as usize, open(true), "open pages");
    same!(plan.open_periods as usize, model.pools.len(), "open periods");
    same!(plan.event_sequence, model.events, "events");
    same!(
        plan.uri.iter().take_while(|byte| **byte > 0).count(),
        model.uri.len(),
        "documents"
    );
    same!(amount(plan.funded_total), model.funded, "funded");
    same!(amount(plan.withdrawn_total), model.withdrawn, "withdrawn");
    same!(
        amount(plan.claimed_total),
        model.grants.iter().map(|grant| grant.claimed).sum::<Amount>(),
        "claimed"
    );
    let treasury = if plan.pending_treasury_at != 0 && now >= plan.pending_treasury_at {
        plan.pending_treasury
    } else {
        plan.treasury
    };
    same!(treasury, stage.place(model.treasury(now)), "treasury");
    for period in 0..model.periods() {
        let unsettled = plan.unsettled_grants[usize::from(period)] as usize;
        same!(
            unsettled,
            model.unsettled(period),
            "unsettled grants of period {period}"
        );
        // Who voted on periods that are past all deadlines is in their attestations.
        if model.status == Status::Active && now < model.deadline(period) {
            let next = &plan.next_oracles;
            let chosen = next.count > 0 && period >= next.first_period;
            let set = if chosen { next } else { &plan.oracles };
            let expected = model.set(period);
            let keys: Vec<Pubkey> = expected.keys.iter().map(|who| stage.key(*who)).collect();
            same!(
                set.keys[..usize::from(set.count)],
                keys[..],
                "oracles of period {period}"
            );
            same!(set.threshold, expected.threshold, "threshold of period {period}");
        }
    }
    for number in 0..model.grants.len() {
        grant(stage, model, seen, &plan, number).map_err(|error| format!("grant {number}: {error}"))?;
    }
    for (key, expected) in &model.accounts {
        evaluation(stage, model, *key, expected).map_err(|error| format!("{key:?}: {error}"))?;
    }
    for (period, expected) in &model.pools {
        let state = stage.chain.period(&stage.period(*period)).ok_or("a pool is missing")?;
        let counts = [state.expected, state.settled, state.collected].map(|count| count as usize);
        same!(
            counts,
            [expected.expected, expected.settled, expected.collected],
            "counts of pool {period}"
        );
        let amounts = [state.kpi_total, state.pool, state.paid].map(amount);
        same!(
            amounts,
            [expected.kpi_total, expected.pool, expected.paid],
            "amounts of pool {period}"
        );
        holds!(
            state.paid <= state.pool,
            "G2: bonuses of period {period} exceed its pool"
        );
    }
    Ok(())
}

/// Whether an attestation or page is what the model says.
fn evaluation(stage: &Stage, model: &Model, key: Address, expected: &ModelAccount) -> Result<(), String> {
    let (kpi, period, page) = key;
    let address = stage.evaluation(kpi, period, page.map(|page| page * PAGE));
    let account = stage.chain.account(&address).ok_or("missing")?;
    let state = Evaluation::at(&address, &account.data).map_err(|error| error.to_string())?;
    let set = model.set(period);
    let evidence: Vec<[u8; 32]> = set
        .keys
        .iter()
        .map(|who| [expected.evidence.get(who).copied().unwrap_or(0); 32])
        .collect();
    let found = |grant: Option<usize>| {
        let found = model.evaluations.get(&(kpi, period, grant)).cloned();
        found.unwrap_or_default()
    };
    let votes =
        |found: &Expected| -> Vec<Option<i64>> { set.keys.iter().map(|who| found.votes.get(who).copied()).collect() };
    let standing = |found: &Expected| Standing {
        resolved_at: found.resolved.map(|(_, at)| at),
        disputed_at: found.disputed.map(|(at, ..)| at),
        ruling: found.ruled.map(|value| value.map_or(Ruling::Uphold, Ruling::Value)),
    };
    match state {
        Evaluation::Attestation(state) => {
            let expected = found(None);
            let tally = state.tally().map_err(|error| error.to_string())?;
            same!(tally.votes[..set.keys.len()], votes(&expected)[..], "votes");
            same!(tally.standing, standing(&expected), "standing");
            let observed = expected.observed.map(|seen| (seen.value, seen.at, seen.previous));
            let found_observed = state
                .observation()
                .map(|seen| (seen.value, seen.published.at, seen.published.previous));
            same!(found_observed, observed, "observation");
            same!(tally.agreed, expected.resolved.map(|(value, _)| value), "agreed value");
            same!(state.evidence[..set.keys.len()], evidence[..], "evidence");
            let disputed = expected.disputed.map_or_else(Default::default, |(_, by, grant)| {
                (
                    stage.key(by),
                    grant.map_or(Pubkey::default(), |grant| stage.grant(grant)),
                )
            });
            same!((state.disputer, state.disputer_grant), disputed, "dispute");
        }
        Evaluation::Page(state) => {
            let view = state.view();
            same!(Some(usize::from(state.head().capacity)), expected.capacity, "capacity");
            let ballots: Vec<_> = view.ballots().collect();
            let found_evidence: Vec<[u8; 32]> = ballots.iter().map(|ballot| ballot.head.evidence).collect();
            same!(found_evidence, evidence, "evidence");
            let keys: Vec<Pubkey> = ballots.iter().map(|ballot| ballot.head.oracle).collect();
            let expected_keys: Vec<Pubkey> = set.keys.iter().map(|who| stage.key(*who)).collect();
            same!(keys, expected_keys, "oracles");
            for slot in 0..state.head().capacity {
                let grant = page.unwrap_or(0) * PAGE + usize::from(slot);
                let expected = found(Some(grant));
                let found_votes: Vec<Option<i64>> = ballots.iter().map(|ballot| ballot.vote(slot)).collect();
                same!(found_votes, votes(&expected), "votes of grant {grant}");
                let late: Vec<bool> = ballots.iter().map(|ballot| ballot.head.late >> slot & 1 == 1).collect();
                let expected_late: Vec<bool> = set.keys.iter().map(|who| expected.late.contains(who)).collect();
                same!(late, expected_late, "late votes of grant {grant}");
                let found_standing = view.standing(slot).map_err(|error| error.to_string())?;
                same!(found_standing, standing(&expected), "standing of grant {grant}");
                let disputer = match expected.disputed {
                    None => Disputer::None,
                    Some((_, _, None)) => Disputer::Authority,
                    Some((_, _, Some(_))) => Disputer::Beneficiary,
                };
                let found = view.disputer(slot).map_err(|error| error.to_string())?;
                same!(found, disputer, "disputer of grant {grant}");
            }
        }
    }
    same!(account.owner, earnout::ID, "owner");
    Ok(())
}

fn grant(stage: &Stage, model: &Model, seen: &mut Seen, plan: &Plan, number: usize) -> Result<(), String> {
    let expected = &model.grants[number];
    let state = stage.chain.grant(&stage.grant(number));
    if !expected.open {
        same!(state.is_none(), true, "closed");
        return Ok(());
    }
    let state = state.ok_or("missing")?;
    let now = stage.chain.now();
    same!(state.beneficiary, stage.key(expected.beneficiary), "beneficiary");
    let pending = expected.pending.map_or(Pubkey::default(), |who| stage.key(who));
    same!(state.pending_beneficiary, pending, "pending beneficiary");
    let flags = [
        expected.terms.revocable,
        expected.terms.transferable,
        expected.locked,
        expected.forfeited,
        expected.barred,
    ];
    let bits = [0, 1, 2, 3, 4].map(|bit| state.flags >> bit & 1 == 1);
    same!(bits, flags, "revocable, transferable, locked, forfeited, barred");
    same!(
        (state.undecided_disputes, state.disputes_until),
        (expected.undecided, expected.disputes_until),
        "disputes"
    );
    same!(state.termination, expected.termination, "termination");
    same!(state.hand_overs, expected.hand_overs, "hand-overs");
    same!(
        (state.allocation, state.unit_allocation),
        (expected.terms.allocation, expected.terms.units),
        "allocation"
    );
    if let Some(cut) = expected.cut {
        same!(
            [state.cut_cap, state.cut_units].map(amount),
            [cut.0, cut.1],
            "cut parts"
        );
    }
    same!(
        (state.next_period, state.end_period),
        (expected.next(), expected.end),
        "next and end"
    );
    same!(amount(state.earned), expected.earned(), "earned");
    same!(amount(state.carry), expected.carry(), "carry");
    same!(amount(state.bonus), expected.bonus(), "bonus");
    same!(amount(state.claimed), expected.claimed, "claimed");
    same!(amount(state.reserved), model.grant_reserve(expected), "reserved");
    if model.redistributes() {
        let collected = expected.terms.first as usize + expected.bonuses.len();
        same!(usize::from(state.collected_through), collected, "collected through");
    }
    let last = expected.settled.last().map_or(
        [0; 3],
        |Settled {
             tranche, earned, kpi, ..
         }| [*tranche, *earned, *kpi],
    );
    same!(
        [state.last_tranche, state.last_earned, state.last_kpi_amount].map(amount),
        last,
        "last settlement"
    );
    let vested = state.vested(plan, now).map_err(|error| error.to_string())?;
    same!(amount(vested), model.vested(expected, now), "vested");

    holds!(
        state.claimed <= vested && vested <= state.earned + state.bonus,
        "G2: claimed ≤ vested ≤ earned + bonuses"
    );
    holds!(
        amount(state.earned) <= model.max_payout(expected),
        "G2: earned more than the largest payout"
    );
    let before = seen
        .payments
        .insert(number, (vested, state.claimed))
        .unwrap_or_default();
    holds!(
        before.0 <= vested && before.1 <= state.claimed,
        "G2: vested or claimed fell"
    );

    let settled = seen.settled.entry(number).or_default();
    let count = usize::from(state.next_period - state.first_period);
    if settled.len() + 1 == count {
        settled.push((state.last_earned, state.last_tranche, state.last_kpi_amount));
    }
    holds!(
        settled.len() == count,
        "G3: {} periods were settled, now {count}",
        settled.len()
    );
    let sum: u64 = settled.iter().map(|settled| settled.0).sum();
    holds!(sum == state.earned, "G3: settled amounts changed");
    let last = (state.last_earned, state.last_tranche, state.last_kpi_amount);
    holds!(
        settled.last().is_none_or(|settled| *settled == last),
        "G3: the last settlement changed"
    );
    Ok(())
}
