//! `earnout observe`.

use {
    crate::{
        context::{
            app::App,
            reference::{KpiRef, PlanRef, kpi_name, period_times},
            time::Moment,
        },
        fault::Fault,
        send::{Action, SendArgs},
        shown::{measurement, text::safe},
    },
    anchor_lang::error::Error as ProgramError,
    clap::Args,
    earnout::{
        instructions::ObserveArgs,
        price_update::{self, LEN, PriceUpdate},
        state::{Feed, Kpi, Observation, Plan},
    },
    earnout_core::feed::Quote,
    earnout_sdk::{
        client::Documents,
        report::projection::PeriodTimes,
        text::amount::{count, fixed},
        todo::observing::{self, Observed, UpdateAccount},
        wire::{Evaluation, instructions, pda},
    },
    solana_program::{hash::hash, pubkey::Pubkey},
    std::{
        path::{Path, PathBuf},
        str::FromStr,
    },
};

/// Read the value of a KPI from its price feed. Anybody may, while votes are accepted
///
/// Of all updates that are shown the first one after the end of the period counts, so nobody gains by choosing a
/// moment. Without --account the update is read from where a sponsor publishes the feed. Another account can be named,
/// for example one into which an update of the right moment was posted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout observe PLAN
  $ earnout observe PLAN --kpi price --period 3
  $ earnout observe PLAN --kpi price --period 3 --account ADDRESS --dry-run")]
pub struct Observe {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number [default: the only one that has a feed]
    #[arg(long)]
    kpi: Option<KpiRef>,
    /// The period, counted from 0 [default: the only one on which votes are accepted]
    #[arg(long)]
    period: Option<u16>,
    /// The account with the update [default: where a sponsor publishes the feed]
    #[arg(long, value_name = "ADDRESS", value_parser = Pubkey::from_str)]
    account: Option<Pubkey>,
    /// Keep what the feed's publishers signed in this folder, by its hash: it is the evidence of the value. Publish it
    #[arg(long, value_name = "FOLDER")]
    evidence_dir: Option<PathBuf>,
    /// Who pays the rent if nobody voted [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Observe {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let now = outgoing.now().await?;
        let number = self.kpi(&plan)?;
        let period = self.period(&plan, now)?;
        let kpi = plan.kpi(number)?;
        let times = period_times(&plan, period)?;
        let Some(feed) = kpi.feed()? else {
            let error = ProgramError::from(earnout::error::EarnoutError::NoFeed);
            return Err(Fault::from(error).why(format!("{}; nothing was sent", kpi_name(kpi))));
        };
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        let place = match self.account {
            Some(account) => account,
            None => pda::price_feed(feed.receiver, &feed.feed_id, 0),
        };
        let attestation = outgoing
            .evaluation_if_any(&pda::attestation(&address, number, period))
            .await?;
        let standing = attestation.as_ref().and_then(Evaluation::attestation);
        let Some(account) = outgoing.account(&place).await? else {
            return Err(self.nothing_at(&place, &feed));
        };
        let account = UpdateAccount::new(place, account);
        let scene = Scene {
            kpi,
            feed,
            times,
            account: &account,
            now,
            standing: standing.and_then(|standing| standing.observation()),
        };
        let observed = Observed::of(&plan, number, period, standing, &account, now);
        let observed = observed.map_err(|error| scene.refusal(error))?;
        let args = ObserveArgs { kpi: number, period };
        let step = instructions::observe(&payer.pubkey(), &address, &place, args);
        let action = Action::new("Read a value from a price feed", vec![step])
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", period)
            .address(app, "account", place)
            .fact("feed", hex::encode(scene.feed.feed_id));
        let action = match &self.evidence_dir {
            Some(folder) => {
                let file = self.keep(folder, &account)?.display().to_string();
                action.fact("evidence", file)
            }
            None => action,
        };
        let action = scene.facts(action, &observed).signed_by(payer);
        outgoing.execute(action).await
    }

    /// Writes the message of an update through to the disk, unless this is a forecast. Returns where.
    fn keep(&self, folder: &Path, account: &UpdateAccount) -> Result<PathBuf, Fault> {
        let kept = Documents::at(folder.to_owned());
        let message = price_update::message(&account.data)?;
        if !self.send.dry_run {
            kept.put(message).map_err(|error| {
                Fault::new("the evidence cannot be kept")
                    .why(format!("{error}; nothing was sent"))
                    .advice("name another folder with --evidence-dir")
            })?;
        }
        Ok(kept.file(&hash(message).to_bytes()))
    }

    /// Number of the KPI that is meant.
    fn kpi(&self, plan: &Plan) -> Result<u8, Fault> {
        if let Some(kpi) = &self.kpi {
            return kpi.number(plan);
        }
        match observing::sponsored(plan)?.as_slice() {
            [(number, _)] => Ok(*number),
            [] => Err(Fault::new("no KPI of the plan is read from a feed")
                .why("its oracles report all values; nothing was sent")
                .advice("`earnout attest` reports one")),
            several => {
                let names = several
                    .iter()
                    .map(|(number, _)| plan.kpi(*number).map(kpi_name))
                    .collect::<Result<Vec<_>, _>>()?;
                Err(Fault::new("several KPIs of the plan are read from feeds")
                    .why(format!("they are {}; nothing was sent", names.join(", ")))
                    .advice("say which one with --kpi"))
            }
        }
    }

    /// The period that is meant at `now`, Unix seconds.
    fn period(&self, plan: &Plan, now: i64) -> Result<u16, Fault> {
        if let Some(period) = self.period {
            return Ok(period);
        }
        let open: Vec<_> = observing::periods(plan, now).collect();
        match open.as_slice() {
            [period] => Ok(*period),
            [] => Err(Fault::new("votes are accepted on no period now")
                .why(format!(
                    "a feed is read between the end of a period and the end of voting, and the chain's time is {}; nothing \
                     was sent",
                    Moment(now)
                ))
                .advice("`earnout plan show PLAN` shows the calendar")),
            several => {
                let numbers: Vec<_> = several.iter().map(ToString::to_string).collect();
                Err(Fault::new("votes are accepted on several periods now")
                    .why(format!("they are {}; nothing was sent", numbers.join(", ")))
                    .advice("say which one with --period"))
            }
        }
    }

    fn nothing_at(&self, place: &Pubkey, feed: &Feed) -> Fault {
        let fault = Fault::new(format!("there is no price update at {place}"));
        match self.account {
            Some(_) => fault
                .why("there is no account; nothing was sent")
                .advice("check the address and the cluster (-u)"),
            None => fault
                .why(format!(
                    "no sponsor publishes the feed {} there; nothing was sent",
                    hex::encode(feed.feed_id)
                ))
                .advice(
                    "post an update of the feed and name its account: --account ADDRESS; else the oracles' votes count",
                ),
        }
    }
}

/// An account, and the KPI and period for which it is looked at.
struct Scene<'a> {
    kpi: &'a Kpi,
    feed: Feed,
    times: PeriodTimes,
    account: &'a UpdateAccount,
    /// Unix seconds.
    now: i64,
    standing: Option<Observation>,
}

impl Scene<'_> {
    /// What the update says and does.
    fn facts(&self, action: Action, observed: &Observed) -> Action {
        let Observed {
            update,
            observation,
            is_first,
            standing,
        } = observed;
        let quote = self.quote(update);
        let (kpi, published) = (self.kpi, observation.published);
        let kind = if self.feed.average { "moving average" } else { "price" };
        let action = action
            .shown(
                "price",
                format!("{} ({kind})", quote_text(quote)),
                serde_json::json!({
                    "price": quote.price.to_string(),
                    "confidence": quote.confidence.to_string(),
                    "exponent": quote.exponent,
                    "average": self.feed.average,
                }),
            )
            .shown(
                "published",
                format!(
                    "{}, {} s after the end of the period",
                    Moment(published.at),
                    count(published.at.saturating_sub(self.times.end))
                ),
                published.at,
            )
            .shown("the one before", Moment(published.previous), published.previous)
            .shown(
                "value",
                measurement::value(kpi, observation.value),
                serde_json::json!({
                    "value": observation.value.to_string(),
                    "uiValue": fixed(observation.value, kpi.decimals).replace(',', ""),
                }),
            )
            .shown(
                "first",
                match is_first {
                    true => "yes: it is the first after the end of the period, and no other one replaces it",
                    false => "no: while votes are accepted an earlier one replaces it",
                },
                is_first,
            )
            .shown(
                "evidence SHA-256",
                hex::encode(observation.evidence),
                hex::encode(observation.evidence),
            )
            .shown(
                "counts from",
                Moment(self.times.attest_deadline),
                self.times.attest_deadline,
            );
        match standing {
            None => action,
            Some(standing) => action.shown(
                "replaces",
                self.standing_text(standing),
                serde_json::json!({
                    "value": standing.value.to_string(),
                    "publishedAt": standing.published.at,
                }),
            ),
        }
    }

    fn quote<'u>(&self, update: &'u PriceUpdate) -> &'u Quote {
        match self.feed.average {
            true => &update.average,
            false => &update.spot,
        }
    }

    fn standing_text(&self, standing: &Observation) -> String {
        format!(
            "{}, published {}",
            measurement::value(self.kpi, standing.value),
            Moment(standing.published.at)
        )
    }

    /// The program's error, with what it is about here. Nothing was sent.
    fn refusal(&self, error: ProgramError) -> Fault {
        let name = match &error {
            ProgramError::AnchorError(error) => error.error_name.clone(),
            ProgramError::ProgramError(_) => String::new(),
        };
        let why = match name.as_str() {
            "VotingNotOpen" => Some(format!(
                "period {} ends {}, and the chain's time is {}",
                self.times.period,
                Moment(self.times.end),
                Moment(self.now)
            )),
            "VotingClosed" => Some(format!(
                "voting ended {}, and the chain's time is {}",
                Moment(self.times.attest_deadline),
                Moment(self.now)
            )),
            "NothingToEvaluate" => Some(format!("no open grant depends on period {}", self.times.period)),
            "WrongPriceUpdate" => Some(self.wrong_account()),
            _ => PriceUpdate::of(&self.account.data)
                .ok()
                .and_then(|update| self.wrong_update(&name, &update)),
        };
        let fault = Fault::from(error);
        match why {
            Some(why) => fault.why(format!("{why}; nothing was sent")),
            None => fault.why("nothing was sent"),
        }
    }

    fn wrong_account(&self) -> String {
        let (address, owner, receiver) = (self.account.address, self.account.owner, self.feed.receiver.program());
        if owner != receiver {
            return format!("{address} belongs to {owner}, and the KPI reads the receiver {receiver}");
        }
        match self.account.data.len() {
            LEN => format!("{address} is another account of the receiver {receiver}"),
            length => format!("{address} has {} bytes, a price update has {LEN}", count(length)),
        }
    }

    /// Why `update` is refused with the error `name`.
    fn wrong_update(&self, name: &str, update: &PriceUpdate) -> Option<String> {
        let (published, quote) = (update.published, self.quote(update));
        let latest = self.times.end.saturating_add(self.feed.max_delay_secs.into());
        Some(match name {
            "WrongFeed" => format!(
                "it is of the feed {}, and the KPI reads {}",
                hex::encode(update.feed_id),
                hex::encode(self.feed.feed_id)
            ),
            "UnusablePrice" => format!("the price is {} with the exponent {}", quote.price, quote.exponent),
            "PriceUncertain" => format!(
                "the price is {}, and the KPI takes {} % at the most",
                quote_text(quote),
                fixed(self.feed.max_confidence_bps.into(), 2)
            ),
            "PriceTooEarly" => format!(
                "it was published {}, and the period ended {}",
                Moment(published.at),
                Moment(self.times.end)
            ),
            "PriceTooLate" if published.at > self.now => format!(
                "it is dated {}, and the chain's time is {}",
                Moment(published.at),
                Moment(self.now)
            ),
            "PriceTooLate" => format!(
                "it was published {}, and the KPI takes what is published until {}",
                Moment(published.at),
                Moment(latest)
            ),
            "EarlierPriceStands" => {
                let standing = self.standing?;
                let place = match standing.published.is_first(self.times.end) {
                    true => ", the first after the end of the period,",
                    false => "",
                };
                format!(
                    "{}{place} stands, and this one was published {}",
                    self.standing_text(&standing),
                    Moment(published.at)
                )
            }
            _ => return None,
        })
    }
}

/// A price and how certain it is, as exact as the feed states them.
fn quote_text(quote: &Quote) -> String {
    let decimals = u8::try_from(quote.exponent.unsigned_abs())
        .ok()
        .filter(|_| quote.exponent <= 0);
    let confidence = i64::try_from(quote.confidence).ok();
    match decimals.zip(confidence).filter(|(decimals, _)| *decimals <= 18) {
        Some((decimals, confidence)) => {
            format!("{} ± {}", fixed(quote.price, decimals), fixed(confidence, decimals))
        }
        None => safe(&format!(
            "{} ± {} · 10^{}",
            quote.price, quote.confidence, quote.exponent
        )),
    }
}
