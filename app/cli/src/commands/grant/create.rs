//! `earnout grant create`.

use {
    super::{existing, price},
    crate::{
        context::{
            app::App,
            reference::{KpiRef, PlanRef, kpi_name, period_times},
            time::Moment,
            token::Token,
        },
        fault::Fault,
        send::{Action, Outgoing, SendArgs},
        shown::units,
    },
    clap::Args,
    earnout::{
        instructions::CreateGrantArgs,
        state::{Grant, Plan},
    },
    earnout_core::{FULL_SCORE, tranche},
    earnout_sdk::{
        report::{priced::units_text, projection},
        terms,
        text::amount::{self, AmountArg},
        wire::{instructions, pda},
    },
    solana_program::pubkey::Pubkey,
    std::{cell::Cell, str::FromStr},
};

/// Make a grant, funded in full from its first second
///
/// Weights are basis points or percent; what they leave of 10,000 is the weight of time, unless --time-weight says it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant create PLAN BENEFICIARY 120_000 --weight revenue=60% --weight tasks=2000
  $ earnout grant create PLAN BENEFICIARY 120_000 --weight 0=10000 --first-period 2 --periods 4 --cliff 1 --revocable
  $ earnout grant create PLAN BENEFICIARY 20_000 --time-weight 100% --again
  $ earnout grant create PLAN BENEFICIARY 1_500_000 --value 30_000 --weight revenue=60%")]
pub struct Create {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Who is paid
    beneficiary: Pubkey,
    /// Tokens for full scores in every period, exact: `1_250.5`; with --value the most that they pay
    allocation: AmountArg,
    /// What full scores in every period are worth in the plan's unit of account, exact: `30_000`. Each period pays its
    /// part in tokens at the price of that period; full scores pay at most its part of the allocation
    #[arg(long, value_name = "AMOUNT")]
    value: Option<String>,
    /// Weight of a KPI: its name or number, and basis points or percent
    #[arg(long, value_name = "KPI=WEIGHT")]
    weight: Vec<Weight>,
    /// Weight of time [default: what the KPIs leave]
    #[arg(long, value_name = "WEIGHT", value_parser = basis_points)]
    time_weight: Option<u16>,
    /// First period [default: the next that has not begun]
    #[arg(long, value_name = "PERIOD")]
    first_period: Option<u16>,
    /// Number of periods [default: all from the first on]
    #[arg(long, value_name = "COUNT")]
    periods: Option<u16>,
    /// Nothing vests before the end of this many periods
    #[arg(long, value_name = "PERIODS", default_value_t = 0)]
    cliff: u16,
    /// The authority may terminate the grant
    #[arg(long)]
    revocable: bool,
    /// The beneficiary may hand the grant to another key
    #[arg(long)]
    transferable: bool,
    /// Accept a beneficiary that no key can sign for, such as the vault of a multisig
    #[arg(long)]
    allow_off_curve: bool,
    /// Make a grant although the beneficiary has one in this plan already
    #[arg(long)]
    again: bool,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    /// Who pays the rent and gets it back when the grant is closed [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

/// `KPI=WEIGHT` on the command line.
#[derive(Clone, Debug)]
struct Weight {
    kpi: KpiRef,
    basis_points: u16,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kpi, weight) = text.rsplit_once('=').ok_or("expected KPI=WEIGHT")?;
        Ok(Self {
            kpi: kpi.parse()?,
            basis_points: basis_points(weight)?,
        })
    }
}

/// `6000`, or `60%`.
fn basis_points(text: &str) -> Result<u16, String> {
    let points = amount::basis_points(text)
        .ok()
        .and_then(|points| u16::try_from(points).ok());
    let points = points.filter(|points| *points <= FULL_SCORE);
    points.ok_or_else(|| format!("`{text}` is not a weight: expected 0 to 10000 basis points, or 0% to 100%"))
}

impl Create {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let token = outgoing.token_of(&plan).await?;
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        outgoing.require("authority", &address, &plan.authority, authority.as_ref())?;
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        if !self.allow_off_curve && !self.beneficiary.is_on_curve() {
            return Err(
                Fault::new(format!("no key can sign for the beneficiary {}", self.beneficiary))
                    .why("it is the address of a program's account, not of a wallet; nothing was sent")
                    .advice("if it is the vault of a multisig that can claim, add --allow-off-curve"),
            );
        }
        self.check_existing(app, &outgoing, &plan, &token).await?;
        let allocation = token.base_units(&self.allocation)?;
        let allocation = allocation.ok_or_else(|| Fault::new("a grant needs an amount, not ALL"))?;
        if !(plan.min_allocation..=plan.max_allocation).contains(&allocation) {
            let [least, most] = [plan.min_allocation, plan.max_allocation].map(|limit| token.amount(limit));
            return Err(
                Fault::new(format!("the plan allows from {least} to {most} for a grant")).why(format!(
                    "AllocationOutOfLimits: the allocation is {}{}; nothing was sent",
                    token.amount(allocation),
                    amount::hint(&self.allocation.to_string())
                )),
            );
        }
        let (time_weight, kpi_weights) = self.weights(&plan)?;
        let first_period = match self.first_period {
            Some(period) => period,
            None => next_period(&plan, outgoing.now().await?)?,
        };
        let unit_allocation = match &self.value {
            Some(text) => price::units(&plan, text).map_err(|what| {
                Fault::new(format!("--value: {what}"))
                    .why("nothing was sent")
                    .advice("`earnout plan show` says what the plan's unit of account is")
            })?,
            None => 0,
        };
        let args = CreateGrantArgs {
            grant_index: plan.grant_counter,
            beneficiary: self.beneficiary,
            allocation,
            unit_allocation,
            first_period,
            periods: self.periods.unwrap_or(plan.period_count.saturating_sub(first_period)),
            cliff_periods: self.cliff,
            time_weight,
            kpi_weights,
            revocable: self.revocable,
            transferable: self.transferable,
        };
        let mut all_weights = [0; earnout_core::MAX_KPIS];
        all_weights
            .iter_mut()
            .zip(&args.kpi_weights)
            .for_each(|(all, weight)| *all = *weight);
        let most = most(&plan, allocation, time_weight, &all_weights)?;
        let begins = period_times(&plan, first_period)?.start;
        let create =
            instructions::create_grant(&payer.pubkey(), &authority.pubkey(), &address, &plan.mint, args.clone());
        let mut action = Action::new("Make the grant", vec![create])
            .address(app, "plan", address)
            .fact("index", args.grant_index)
            .address(app, "grant", pda::grant(&address, args.grant_index))
            .address(app, "beneficiary", self.beneficiary);
        if unit_allocation > 0 {
            let grant = self.in_units(app, &outgoing, &plan, &args).await?;
            let reach = units::reach(&plan, &grant).unwrap_or_default();
            action = action
                .shown("value", units_text(&plan, unit_allocation), unit_allocation.to_string())
                .shown(
                    "cap reaches",
                    format!("down to {reach}"),
                    units::lowest_json(&plan, &grant),
                );
        }
        let mut action = action
            .fact("allocation", token.amount(allocation))
            .fact("reserved", token.amount(most))
            .fact("first period", first_period)
            .fact("begins", Moment(begins))
            .fact("periods", args.periods)
            .fact("cliff periods", args.cliff_periods)
            .fact("time weight", time_weight);
        if !args.kpi_weights.is_empty() {
            let weighted = plan
                .kpis()
                .iter()
                .zip(&args.kpi_weights)
                .filter(|(_, weight)| **weight > 0);
            let names: Vec<_> = weighted
                .map(|(kpi, weight)| format!("{} {weight}", kpi_name(kpi)))
                .collect();
            action = action.shown("KPI weights", names.join(", "), &args.kpi_weights);
        }
        let action = action
            .fact("revocable", args.revocable)
            .fact("transferable", args.transferable)
            .address(app, "rent payer", payer.pubkey())
            .address(app, "authority", authority.pubkey())
            .signed_by(authority)
            .signed_by(payer)
            .asking();
        outgoing.execute(action).await
    }

    /// The grant as it would be, in another unit. What is unwise about it is said.
    async fn in_units(
        &self,
        app: &App,
        outgoing: &Outgoing<'_>,
        plan: &Plan,
        args: &CreateGrantArgs,
    ) -> Result<Grant, Fault> {
        let now = outgoing.now().await?;
        let grant = terms::grant(plan, args, now).map_err(|error| {
            Fault::new("the plan refuses the grant").why(format!("{}; nothing was sent", terms::message(&error)))
        })?;
        // Where it cannot be looked up, the price that counts if nobody reports says enough for a caution.
        let missed = Cell::new(false);
        let look = async |address| {
            let found = outgoing.evaluation_if_any(&address).await;
            missed.set(missed.get() || found.is_err());
            found.ok().flatten()
        };
        let today = price::today(&self.plan.address(), plan, now, look).await?;
        if missed.get() {
            app.output()
                .note("The newest price could not be read: the cap is not compared with it");
        }
        if let Some(caution) = price::caution(plan, &grant, today)? {
            app.output().note(format!("careful: {caution}"));
        }
        Ok(grant)
    }

    /// That the beneficiary has no grant in the plan yet, or is meant to have another one.
    async fn check_existing(
        &self,
        app: &App,
        outgoing: &Outgoing<'_>,
        plan: &Plan,
        token: &Token,
    ) -> Result<(), Fault> {
        if self.again {
            return Ok(());
        }
        let address = self.plan.address();
        let grants = match self.send.sign_only || self.send.save_accounts.is_some() {
            true => existing::known(outgoing, &address, plan).await?,
            false => existing::all(app.client()?, &address, plan).await?,
        };
        let theirs = grants.iter().filter(|(_, grant)| grant.beneficiary == self.beneficiary);
        let theirs: Vec<_> = theirs
            .map(|(_, grant)| existing::sentence(plan, grant, token))
            .collect();
        if theirs.is_empty() {
            return Ok(());
        }
        Err(Fault::new(format!(
            "{} has a grant of this plan already; nothing was sent",
            self.beneficiary
        ))
        .why(theirs.join("; "))
        .advice("if another grant is meant, add --again"))
    }

    /// Weight of time, and of the plan's KPIs up to the last that has one.
    fn weights(&self, plan: &Plan) -> Result<(u16, Vec<u16>), Fault> {
        let mut weights = Vec::new();
        for Weight { kpi, basis_points } in &self.weight {
            let number = kpi.number(plan)?;
            if plan.kpi(number)?.is_price() {
                return Err(
                    Fault::new(format!("{kpi} is the price, which has no score; nothing was sent"))
                        .advice("give the weight to another KPI, or to time; the price pays whoever has a --value"),
                );
            }
            let number = usize::from(number);
            if weights.len() <= number {
                weights.resize(number + 1, None);
            }
            if weights[number].replace(*basis_points).is_some() {
                return Err(Fault::new(format!("the KPI {kpi} has two weights")).advice("give it one --weight"));
            }
        }
        let weights: Vec<u16> = weights.into_iter().map(Option::unwrap_or_default).collect();
        let sum: u32 = weights.iter().copied().map(u32::from).sum();
        let full = u32::from(FULL_SCORE);
        let left = full.checked_sub(sum).and_then(|left| u16::try_from(left).ok());
        let time = self.time_weight.or(left).unwrap_or_default();
        if sum + u32::from(time) != full {
            return Err(Fault::new("the weights do not sum to 10,000")
                .why(format!("the KPIs have {sum} and time has {time}; nothing was sent"))
                .advice("change --weight or --time-weight; without --time-weight time has what the KPIs leave"));
        }
        Ok((time, weights))
    }
}

/// The most that the grant can be paid, base units: what is reserved for it.
fn most(plan: &Plan, allocation: u64, time_weight: u16, kpi_weights: &earnout_core::ByKpi<u16>) -> Result<u64, Fault> {
    let max_credit = Grant::max_credit(plan, time_weight, kpi_weights)?;
    tranche::reserve(allocation, max_credit, 0).map_err(|_| {
        Fault::new("ReserveTooLarge: the grant's largest payout exceeds what a token amount can express")
            .advice("make the allocation smaller")
    })
}

/// The first period that begins after `now`.
fn next_period(plan: &Plan, now: i64) -> Result<u16, Fault> {
    let schedule = projection::schedule(plan)?;
    let next = schedule.iter().find(|times| times.start > now);
    next.map(|times| times.period).ok_or_else(|| {
        Fault::new("the plan's last period has begun, so no grant can begin any more")
            .why(format!("the chain's time is {}", Moment(now)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_in_basis_points_or_percent() {
        assert_eq!(basis_points("6000"), Ok(6_000));
        assert_eq!(basis_points("60%"), Ok(6_000));
        assert_eq!(basis_points("33.33 %"), Ok(3_333));
        assert_eq!(basis_points("100%"), Ok(10_000));
        for wrong in ["", "%", "10001", "100.01%", "0.5", "-1", "33.333%"] {
            assert!(basis_points(wrong).is_err(), "{wrong}");
        }
        let weight: Weight = "a=b=50%".parse().expect("a weight");
        assert_eq!((weight.kpi.to_string().as_str(), weight.basis_points), ("a=b", 5_000));
        assert!("revenue".parse::<Weight>().is_err());
        assert!("=50%".parse::<Weight>().is_err());
    }
}
