//! A plan: its terms, its people, its vault, its periods, and what is due.

use {
    super::{
        fields::Fields,
        measurement::{self, unit_text},
        names::Names,
        sheet::Sheet,
        task,
        text::{quoted, safe, short},
        units::{feed_json, feed_text, price_facts},
    },
    crate::{
        context::{
            document::Beside,
            reference::{kpi_name, plan_name, plan_uri},
            time::Moment,
        },
        fault::{Exit, Fault},
    },
    earnout::state::{
        ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, Cadence, Combination, Kpi, OracleSet, Plan,
        PlanStatus, Release, UnearnedPolicy,
    },
    earnout_sdk::{
        report::{
            priced::price_text,
            statement::{Finding, PeriodReport, Stage, Statement, Totals, VaultReport, Verdict},
        },
        terms::plan_file::{COMBINATIONS, INTERPOLATIONS, RELEASES, SCOPES, UNEARNED, word},
        text::{
            amount::{self, fixed},
            time::{cadence, span},
        },
        todo::agenda::{Task, agenda},
        wire::accounts::padded_text,
    },
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Everything there is to know about a plan.
#[derive(Debug)]
pub struct PlanView {
    statement: Statement,
    decimals: u8,
    names: Names,
    due: Vec<Task>,
    status: PlanStatus,
    last_deadline: i64,
    cadence: Cadence,
    policy: UnearnedPolicy,
    beside: Beside,
}

impl PlanView {
    /// `decimals` are the token's, `beside` is what else was looked at.
    ///
    /// # Errors
    /// If the plan holds what the program never writes.
    pub fn new(statement: Statement, decimals: u8, names: Names, beside: Beside) -> Result<Self, Fault> {
        let plan = &statement.sources.plan;
        Ok(Self {
            due: agenda(&statement)?,
            status: plan.status()?,
            last_deadline: plan.last_deadline()?,
            cadence: Cadence::from_stored(plan.cadence_kind, plan.cadence_length)
                .map_err(anchor_lang::error::Error::from)?,
            policy: plan.unearned_policy()?,
            statement,
            decimals,
            names: names.with(beside.labels.clone()),
            beside,
        })
    }

    /// What is shown beside the plan.
    pub fn beside(&self) -> &Beside {
        &self.beside
    }

    /// The report behind it.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    fn plan(&self) -> &Plan {
        &self.statement.sources.plan
    }

    fn tokens(&self, amount: impl Into<u128>) -> String {
        amount::total(amount.into(), self.decimals)
    }

    fn facts(&self) -> Fields {
        let plan = self.plan();
        let now = self.statement.sources.now;
        let mut facts = Fields::default();
        facts.say("name", quoted(&plan_name(plan)));
        facts.say("status", self.status_text());
        facts.say("time", Moment(now));
        facts.say(
            "number",
            format!("{} of {}", plan.plan_id, self.names.full(&plan.creator)),
        );
        facts.say("authority", self.names.full(&plan.authority));
        if plan.pending_authority != Pubkey::default() {
            facts.say("offered to", self.names.full(&plan.pending_authority));
        }
        facts.say(
            "arbiter",
            optional(&plan.arbiter).map_or("none".to_owned(), |key| self.names.full(key)),
        );
        facts.say("oracles", oracles_text(&plan.oracles, &self.names));
        if plan.next_oracles.count > 0 {
            let from = plan.next_oracles.first_period;
            facts.say(
                "",
                format!("from period {from}: {}", oracles_text(&plan.next_oracles, &self.names)),
            );
        }
        facts.say(
            "token",
            format!(
                "{}, {}, of program {}",
                plan.mint,
                amount::counted(self.decimals, "decimal"),
                plan.token_program
            ),
        );
        if plan.token_flags != 0 {
            facts.say("token accepts", token_flags(plan.token_flags).join(", "));
        }
        facts.say("vault", plan.vault);
        let (treasury, owner) = plan.treasury_at(now);
        facts.say("treasury", format!("{treasury}, owned by {}", self.names.full(&owner)));
        if plan.pending_treasury_at > now {
            let (next, from) = (plan.pending_treasury, Moment(plan.pending_treasury_at));
            facts.say(
                "",
                format!("from {from}: {next}, owned by {}", plan.pending_treasury_owner),
            );
        }
        let last = self
            .statement
            .periods
            .last()
            .map_or(plan.start_ts, |period| period.times.end);
        facts.say(
            "calendar",
            format!(
                "{} of {}, {} to {}",
                amount::counted(plan.period_count, "period"),
                match self.cadence {
                    Cadence::Seconds(seconds) => span(seconds),
                    months => cadence(months),
                },
                Moment(plan.start_ts),
                Moment(last)
            ),
        );
        let windows = [
            plan.attest_secs,
            plan.challenge_secs,
            plan.ruling_secs,
            plan.notice_secs,
        ]
        .map(span);
        let [attest, challenge, ruling, notice] = windows;
        facts.say(
            "windows",
            format!("votes {attest}, disputes {challenge}, rulings {ruling}, notice {notice}"),
        );
        facts.say("last deadline", Moment(self.last_deadline));
        let documents = match plan_uri(plan) {
            uri if uri.is_empty() => "nowhere".to_owned(),
            uri => quoted(&uri),
        };
        facts.say("documents", documents);
        facts.say("scores combine", combination_text(plan));
        facts.say("unearned", self.policy_text());
        facts.say("release", release_text(plan));
        let caps = [plan.min_allocation, plan.max_allocation].map(|amount| self.tokens(amount));
        let [least, most] = caps;
        facts.say(
            "grants",
            format!(
                "{} open of {} made, {} at most, until {}; each {least} to {most}",
                amount::count(plan.open_grants),
                amount::count(plan.grant_counter),
                amount::count(plan.max_grants),
                Moment(plan.enrolment_end)
            ),
        );
        facts.say(
            "open accounts",
            format!(
                "{}, {}, {}",
                amount::counted(plan.open_attestations, "attestation"),
                amount::counted(plan.open_pages, "page"),
                amount::counted(plan.open_periods, "pool")
            ),
        );
        facts.say("events", amount::count(plan.event_sequence));
        facts
    }

    fn status_text(&self) -> String {
        let plan = self.plan();
        match self.status {
            PlanStatus::Draft => "draft: terms can still change".to_owned(),
            PlanStatus::Active => format!("active since {}", Moment(plan.activated_at)),
            PlanStatus::Closed => match &self.statement.sources.closing {
                Some(closing) => format!("closed on {}", Moment(closing.mark.closed_at)),
                None => "closed".to_owned(),
            },
        }
    }

    fn policy_text(&self) -> String {
        let cap = fixed(i64::from(self.plan().bonus_cap_bps), 2);
        match self.policy {
            UnearnedPolicy::Return => "returns to surplus".to_owned(),
            UnearnedPolicy::CarryOver => "can be earned in the next period".to_owned(),
            UnearnedPolicy::Redistribute => {
                format!("is shared among the grants of the period, at most {cap} % of a tranche")
            }
        }
    }

    fn periods(&self) -> Sheet {
        let mut headings = vec![
            ">#",
            "begins",
            "ends",
            "stage",
            "votes until",
            "settles by",
            ">settled",
            ">earned",
            ">returned",
        ];
        let pools = self.policy == UnearnedPolicy::Redistribute;
        if pools {
            headings.extend([">pool", ">bonus"]);
        }
        let mut sheet = Sheet::new(headings);
        for period in &self.statement.periods {
            let times = &period.times;
            let mut row = vec![
                times.period.to_string(),
                Moment(times.start).to_string(),
                Moment(times.end).to_string(),
                stage_text(period.stage).to_owned(),
                Moment(times.attest_deadline).to_string(),
                Moment(times.settle_deadline).to_string(),
                format!("{}/{}", period.settled, period.grants),
                self.tokens(period.earned),
                self.tokens(period.returned),
            ];
            if pools {
                row.push(self.tokens(period.pool.map_or(0, |pool| pool.pool)));
                row.push(self.tokens(period.bonus));
            }
            sheet.row(row);
        }
        sheet
    }
}

impl fmt::Display for PlanView {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Plan {}", self.statement.sources.address)?;
        writeln!(out, "{}", self.facts().indented())?;
        writeln!(out, "\nKPIs\n{}", kpis_table(self.plan(), &self.beside))?;
        if let Some(price) = price_facts(self.plan()) {
            writeln!(out, "\nPrice\n{}", price.indented())?;
        }
        let others = self
            .plan()
            .kpis()
            .iter()
            .filter(|kpi| kpi.has_feed() && !kpi.is_price());
        for kpi in others {
            writeln!(out, "\nFeed of {}: {}", safe(&kpi_name(kpi)), feed_text(kpi))?;
        }
        let vault = vault_facts(&self.statement.vault, self.decimals);
        writeln!(out, "\nVault\n{}", vault.indented())?;
        let totals = totals_facts(&self.statement.totals, self.decimals);
        writeln!(out, "\nGrants\n{}", totals.indented())?;
        writeln!(out, "\nPeriods\n{}", self.periods())?;
        writeln!(out, "\nDue now")?;
        for due in &self.due {
            writeln!(out, "  {}", task::line(due, self.plan(), &self.names, self.decimals))?;
        }
        if self.due.is_empty() {
            writeln!(out, "  nothing")?;
        }
        findings(out, &self.statement)
    }
}

impl Serialize for PlanView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.plan();
        let sources = &self.statement.sources;
        let mut value = terms_json(plan, sources.address, self.decimals);
        let (treasury, owner) = plan.treasury_at(sources.now);
        let pending = (plan.pending_treasury_at > sources.now).then(|| {
            json!({
                "account": plan.pending_treasury.to_string(),
                "owner": plan.pending_treasury_owner.to_string(),
                "from": plan.pending_treasury_at,
            })
        });
        let rest = json!({
            "time": sources.now,
            "uri": Some(plan_uri(plan)).filter(|uri| !uri.is_empty()),
            "status": match self.status {
                PlanStatus::Draft => "draft",
                PlanStatus::Active => "active",
                PlanStatus::Closed => "closed",
            },
            "activatedAt": Some(plan.activated_at).filter(|time| *time != 0),
            "closedAt": sources.closing.map(|closing| closing.mark.closed_at),
            "authority": plan.authority.to_string(),
            "pendingAuthority": optional(&plan.pending_authority).map(|key| key.to_string()),
            "treasury": { "account": treasury.to_string(), "owner": owner.to_string(), "pending": pending },
            "oracles": oracles_json(&plan.oracles),
            "nextOracles": (plan.next_oracles.count > 0).then(|| oracles_json(&plan.next_oracles)),
            "lastDeadline": self.last_deadline,
            "grantsMade": plan.grant_counter,
            "openGrants": plan.open_grants,
            "openAttestations": plan.open_attestations,
            "openPages": plan.open_pages,
            "openPeriods": plan.open_periods,
            "eventSequence": plan.event_sequence,
            "vault": vault_json(plan, &self.statement.vault),
            "totals": totals_json(&self.statement.totals),
            "periods": self.statement.periods.iter().map(period_json).collect::<Vec<_>>(),
            "due": self.due.iter().map(task::json).collect::<Vec<_>>(),
            "verdict": verdict_json(&self.statement),
            "findings": findings_json(&self.statement),
        });
        merge(&mut value, rest);
        self.beside.add_rubrics(&mut value);
        value.serialize(serializer)
    }
}

/// What is frozen when a plan is activated, and who it belongs to.
pub fn terms_json(plan: &Plan, address: Pubkey, decimals: u8) -> Value {
    let cadence = match Cadence::from_stored(plan.cadence_kind, plan.cadence_length) {
        Ok(Cadence::Seconds(seconds)) => json!({ "seconds": seconds }),
        Ok(Cadence::Months(months)) => json!({ "months": months }),
        Err(_) => Value::Null,
    };
    json!({
        "plan": address.to_string(),
        "name": plan_name(plan),
        "creator": plan.creator.to_string(),
        "planId": plan.plan_id.to_string(),
        "mint": plan.mint.to_string(),
        "tokenProgram": plan.token_program.to_string(),
        "decimals": decimals,
        "tokenFlags": token_flags(plan.token_flags),
        "arbiter": optional(&plan.arbiter).map(|key| key.to_string()),
        "start": plan.start_ts,
        "cadence": cadence,
        "periodCount": plan.period_count,
        "attestSecs": plan.attest_secs,
        "challengeSecs": plan.challenge_secs,
        "rulingSecs": plan.ruling_secs,
        "noticeSecs": plan.notice_secs,
        "combination": plan.combination().map(|it| word(&COMBINATIONS, |choice| choice == it)).ok(),
        "unearned": plan.unearned_policy().map(|it| word(&UNEARNED, |choice| choice == it)).ok(),
        "release": plan.release().map(|it| word(&RELEASES, |choice| choice == it)).ok(),
        "bonusCapBps": plan.bonus_cap_bps,
        "maxFeeBps": plan.max_fee_bps,
        "minAllocation": plan.min_allocation.to_string(),
        "maxAllocation": plan.max_allocation.to_string(),
        "maxGrants": plan.max_grants,
        "enrolmentEnd": plan.enrolment_end,
        "unit": plan.has_unit().then(|| padded_text(&plan.unit)),
        "unitDecimals": plan.has_unit().then_some(plan.unit_decimals),
        "priceKpi": plan.price().map(|(number, _)| number),
        "unitExponent": plan.has_unit().then_some(plan.unit_exponent),
        "kpis": (0u8..).zip(plan.kpis()).map(|(number, kpi)| kpi_json(number, kpi)).collect::<Vec<_>>(),
    })
}

fn kpi_json(number: u8, kpi: &Kpi) -> Value {
    let points = kpi.curve_values.iter().zip(kpi.curve_scores);
    let points = points.take(kpi.point_count.into());
    let points: Vec<_> = points
        .map(|(value, score)| json!({ "value": value.to_string(), "score": score }))
        .collect();
    json!({
        "kpi": number,
        "name": kpi_name(kpi),
        "unit": unit_text(kpi),
        "decimals": kpi.decimals,
        "scope": scope_text(kpi),
        "rangeMin": kpi.range_min.to_string(),
        "rangeMax": kpi.range_max.to_string(),
        "interpolation": interpolation_text(kpi),
        "points": points,
        "defaultScore": (!kpi.is_price()).then_some(kpi.default_score),
        "defaultPrice": kpi.is_price().then(|| kpi.default_price.to_string()),
        "feed": kpi.feed().ok().flatten().as_ref().map(feed_json),
        "rubricHash": hex::encode(kpi.rubric_hash),
    })
}

/// One period with its sums.
pub fn period_json(period: &PeriodReport) -> Value {
    let times = &period.times;
    json!({
        "period": times.period,
        "start": times.start,
        "end": times.end,
        "attestDeadline": times.attest_deadline,
        "settleDeadline": times.settle_deadline,
        "stage": stage_text(period.stage),
        "grants": period.grants,
        "settled": period.settled,
        "earned": period.earned.to_string(),
        "bonus": period.bonus.to_string(),
        "returned": period.returned.to_string(),
        "pool": period.pool.map(|pool| json!({
            "pool": pool.pool.to_string(),
            "kpiTotal": pool.kpi_total.to_string(),
            "paid": pool.paid.to_string(),
            "collected": pool.collected,
            "leftOver": pool.left_over.to_string(),
        })),
    })
}

/// The vault with what it owes.
pub fn vault_json(plan: &Plan, vault: &VaultReport) -> Value {
    json!({
        "account": plan.vault.to_string(),
        "balance": vault.balance.to_string(),
        "reserved": vault.reserved.to_string(),
        "owed": vault.owed.to_string(),
        "pooled": vault.pooled.to_string(),
        "surplus": vault.surplus.to_string(),
        "funded": vault.funded.to_string(),
        "claimed": vault.claimed.to_string(),
        "withdrawn": vault.withdrawn.to_string(),
        "donated": vault.donated.to_string(),
        "solvent": vault.surplus >= 0,
    })
}

/// The sums over all grants.
pub fn totals_json(totals: &Totals) -> Value {
    json!({
        "allocated": totals.allocated.to_string(),
        "cancelled": totals.cancelled.to_string(),
        "earned": totals.earned.to_string(),
        "bonus": totals.bonus.to_string(),
        "returned": totals.returned.to_string(),
        "leftOver": totals.left_over.to_string(),
        "unused": totals.unused.to_string(),
        "forfeited": totals.forfeited.to_string(),
        "vested": totals.vested.to_string(),
        "claimed": totals.claimed.to_string(),
        "claimable": totals.claimable.to_string(),
        "reserved": totals.reserved.to_string(),
        "owed": totals.owed.to_string(),
    })
}

/// What the findings come to: `agrees`, `incomplete` or `mismatch`.
pub fn verdict_json(statement: &Statement) -> Value {
    judgement(statement).to_lowercase().into()
}

/// What does not agree, in words.
pub fn findings_json(statement: &Statement) -> Value {
    statement.findings.iter().map(ToString::to_string).collect()
}

/// The vault for people.
pub fn vault_facts(vault: &VaultReport, decimals: u8) -> Fields {
    let mut facts = Fields::default();
    let tokens = |amount: u64| amount::tokens(amount, decimals);
    facts.say("balance", tokens(vault.balance));
    facts.say(
        "reserved",
        format!("{} for what can still be earned", tokens(vault.reserved)),
    );
    facts.say("owed", format!("{} earned and not yet claimed", tokens(vault.owed)));
    facts.say(
        "pooled",
        format!("{} of bonuses not yet collected", tokens(vault.pooled)),
    );
    let surplus = amount::total(vault.surplus.unsigned_abs(), decimals);
    match vault.surplus < 0 {
        true => facts.say("missing", format!("{surplus}: the vault does not hold what it owes")),
        false => facts.say("surplus", format!("{surplus} that no grant can ever claim")),
    }
    facts.say("funded", tokens(vault.funded));
    facts.say("claimed", tokens(vault.claimed));
    facts.say("withdrawn", format!("{} to the treasury", tokens(vault.withdrawn)));
    if vault.donated > 0 {
        let donated = amount::total(vault.donated.unsigned_abs(), decimals);
        facts.say("donated", format!("{donated} that came in otherwise"));
    }
    facts
}

/// The sums over all grants for people.
pub fn totals_facts(totals: &Totals, decimals: u8) -> Fields {
    let mut facts = Fields::default();
    let lines = [
        ("allocated", totals.allocated),
        ("cancelled", totals.cancelled),
        ("earned", totals.earned),
        ("bonus", totals.bonus),
        ("returned", totals.returned),
        ("left over", totals.left_over),
        ("forfeited", totals.forfeited),
        ("vested", totals.vested),
        ("claimed", totals.claimed),
        ("claimable", totals.claimable),
    ];
    for (name, amount) in lines {
        facts.say(name, amount::total(amount, decimals));
    }
    if totals.unused > 0 {
        let unused = amount::total(totals.unused, decimals);
        facts.say("unused", format!("{unused} that prices left of the caps"));
    }
    facts
}

/// Says whether all figures agree.
pub fn findings(out: &mut impl fmt::Write, statement: &Statement) -> fmt::Result {
    let settled: u64 = statement.periods.iter().map(|period| u64::from(period.settled)).sum();
    let again = match settled {
        0 => "nothing is settled yet".to_owned(),
        some => format!(
            "{} computed again from the attested values",
            amount::counted(some, "settlement")
        ),
    };
    if statement.findings.is_empty() {
        return write!(out, "\nAll recorded amounts agree: {again}.");
    }
    write!(out, "\n{}: {again}{}", judgement(statement), doubt(statement))?;
    for finding in &statement.findings {
        write!(out, "\n  {}", safe(&finding.to_string()))?;
    }
    Ok(())
}

/// What the findings come to, in a word.
fn judgement(statement: &Statement) -> &'static str {
    match statement.verdict() {
        Verdict::Agrees => "AGREES",
        Verdict::Incomplete => "INCOMPLETE",
        Verdict::Mismatch => "MISMATCH",
    }
}

/// What to think of differences beside something that is missing; nothing where there are none, or they are proven.
pub fn doubt(statement: &Statement) -> &'static str {
    let differs = |finding: &Finding| !matches!(finding, Finding::Missing(_));
    match statement.verdict() == Verdict::Incomplete && statement.findings.iter().any(differs) {
        true => "; what differs may follow from what is missing",
        false => "",
    }
}

/// The error with which a command ends that has shown a statement with findings.
///
/// # Errors
/// If there are findings.
pub fn require_agreement(statement: &Statement) -> Result<(), Fault> {
    let count = statement.findings.len();
    let Some(first) = statement.findings.first() else {
        return Ok(());
    };
    let findings = amount::counted(count, "finding");
    Err(Fault::new(format!(
        "{}: the statement has {findings}{}",
        judgement(statement),
        doubt(statement)
    ))
    .why(first)
    .advice(
        "see the end of the report, or `findings` in its JSON; where something is missing, ask another endpoint (-u)",
    )
    .exit(Exit::Partly)
    .after_result())
}

/// The error with which a command ends that has shown what it learnt from an incomplete history.
///
/// # Errors
/// If there are complaints.
pub fn require_complete(complaints: &[String]) -> Result<(), Fault> {
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(Fault::new(format!("INCOMPLETE: {}", complaints.join("; ")))
            .advice("ask another endpoint (-u), which keeps the whole history")
            .exit(Exit::Partly)
            .after_result()),
    }
}

/// The KPIs for people.
pub fn kpis_table(plan: &Plan, beside: &Beside) -> Sheet {
    let mut sheet = Sheet::new([
        ">#",
        "name",
        "scope",
        "accepted",
        "curve",
        ">if nobody reports",
        "rubric SHA-256",
        "its text",
    ]);
    for (number, kpi) in plan.kpis().iter().enumerate() {
        let points = kpi
            .curve_values
            .iter()
            .zip(kpi.curve_scores)
            .take(kpi.point_count.into());
        let points: Vec<_> = points
            .map(|(value, score)| format!("{} → {}", fixed(*value, kpi.decimals), amount::count(score)))
            .collect();
        sheet.row([
            number.to_string(),
            kpi_name(kpi),
            scope_text(kpi).to_owned(),
            format!(
                "{} to {}",
                fixed(kpi.range_min, kpi.decimals),
                measurement::value(kpi, kpi.range_max)
            ),
            match kpi.is_price() {
                true => "none: the price".to_owned(),
                false => format!("{}: {}", interpolation_text(kpi), points.join(", ")),
            },
            silence_text(kpi),
            short(hex::encode(kpi.rubric_hash)),
            beside.rubric(number).to_string(),
        ]);
    }
    sheet
}

/// What counts if nobody reports: a score, or a price.
pub fn silence_text(kpi: &Kpi) -> String {
    match kpi.is_price() {
        true => price_text(kpi, kpi.default_price),
        false => amount::count(kpi.default_score),
    }
}

/// Where a period stands, in one word.
pub fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Ahead => "ahead",
        Stage::Running => "running",
        Stage::Voting => "voting",
        Stage::Deciding => "deciding",
        Stage::Over => "over",
    }
}

/// Whose value a KPI measures, in one word.
pub fn scope_text(kpi: &Kpi) -> &'static str {
    word(&SCOPES, |choice| choice.to_byte() == kpi.scope)
}

fn interpolation_text(kpi: &Kpi) -> &'static str {
    word(&INTERPOLATIONS, |choice| choice.to_byte() == kpi.interpolation)
}

fn combination_text(plan: &Plan) -> &'static str {
    match plan.combination() {
        Ok(Combination::WeightedSum) => "by their weights",
        Ok(Combination::Weakest) => "to the lowest of them",
        Err(_) => "unknown",
    }
}

fn release_text(plan: &Plan) -> &'static str {
    match plan.release() {
        Ok(Release::AtSettlement) => "all of it when the period is settled",
        Ok(Release::Linear) => "by the second during the following period",
        Err(_) => "unknown",
    }
}

/// The names of the flags as the plan file has them.
fn token_flags(flags: u8) -> Vec<&'static str> {
    let all = [
        (ALLOW_FREEZE_AUTHORITY, "freeze authority"),
        (ALLOW_TRANSFER_FEE, "transfer fee"),
        (ALLOW_TRANSFER_HOOK, "transfer hook"),
    ];
    let set = all.into_iter().filter(|(flag, _)| flags & flag != 0);
    set.map(|(_, name)| name).collect()
}

fn oracles_text(set: &OracleSet, names: &Names) -> String {
    let keys: Vec<_> = set.oracles().iter().map(|oracle| names.full(oracle)).collect();
    format!("{} of {} must agree: {}", set.threshold, set.count, keys.join(", "))
}

fn oracles_json(set: &OracleSet) -> Value {
    json!({
        "keys": set.oracles().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "threshold": set.threshold,
        "firstPeriod": set.first_period,
    })
}

fn optional(key: &Pubkey) -> Option<&Pubkey> {
    Some(key).filter(|key| **key != Pubkey::default())
}

/// Adds the fields of an object to another one.
pub fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
