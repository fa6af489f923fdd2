//! The report as tables: for a terminal, or in Markdown for a web page or a repository, with whole keys and hashes.

use {
    super::lines,
    crate::{
        context::{
            document::Beside,
            evidence::Found,
            reference::{kpi_name, plan_name},
            time::Moment,
        },
        shown::{
            grant::{scores_text, status},
            measurement::{by, deciding, evidence, outcome, state, voter, worth},
            names::Names,
            plan::{doubt, findings, kpis_table, scope_text, silence_text, stage_text, totals_facts, vault_facts},
            sheet::{Cell, Sheet},
            text::{markdown, quoted, short},
            units,
        },
    },
    earnout::state::{Kpi, Scope},
    earnout_sdk::{
        report::{
            priced::price_text,
            statement::{EvidenceState, Measurement, PeriodReport, Statement, Vote, Witness},
        },
        text::amount::{count, counted, tokens, total},
    },
    solana_program::pubkey::Pubkey,
    std::io::{self, Write},
};

/// A report that is written as tables.
pub struct View<'a> {
    pub report: &'a Statement,
    pub decimals: u8,
    /// Labels for a terminal; none in Markdown.
    pub names: Option<Names>,
    pub beside: &'a Beside,
    /// The evidence, if it was looked for.
    pub evidence: Option<&'a [Found]>,
}

impl View<'_> {
    /// Writes the whole report for a terminal.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn terminal(&self, out: &mut impl Write) -> io::Result<()> {
        let (report, decimals) = (self.report, self.decimals);
        let sources = &report.sources;
        writeln!(
            out,
            "Statement of plan {} {} on {}",
            sources.address,
            quoted(&plan_name(&sources.plan)),
            Moment(sources.now)
        )?;
        writeln!(out, "in tokens of {}", sources.plan.mint)?;
        if let Some(closing) = &sources.closing {
            let (time, sent) = (Moment(closing.mark.closed_at), self.tokens(closing.amount));
            writeln!(out, "closed on {time}: {sent} went to {}", closing.destination)?;
        }
        writeln!(out, "\nKPIs\n{}", kpis_table(&sources.plan, self.beside))?;
        if let Some(price) = units::price_facts(&sources.plan) {
            writeln!(out, "\nPrice\n{}", price.indented())?;
        }
        for period in self.ended() {
            let times = &period.times;
            writeln!(
                out,
                "\nPeriod {}: {} to {}, {}, {} of {} settled",
                times.period,
                Moment(times.start),
                Moment(times.end),
                stage_text(period.stage),
                count(period.settled),
                counted(period.grants, "grant")
            )?;
            writeln!(out, "{}", self.values(period))?;
            writeln!(out, "\n{}", self.amounts(period))?;
            if let Some(pool) = &period.pool {
                let [all, paid, left] = [pool.pool, pool.paid, pool.left_over].map(|amount| self.tokens(amount));
                writeln!(out, "  pool {all}, bonuses paid {paid}, left over {left}")?;
            }
        }
        writeln!(out, "\nGrants\n{}", self.grants())?;
        writeln!(
            out,
            "\nAll grants\n{}",
            totals_facts(&report.totals, decimals).indented()
        )?;
        writeln!(out, "\nVault\n{}", vault_facts(&report.vault, decimals).indented())?;
        if let Some(evidence) = self.evidence {
            writeln!(out, "\nEvidence: {}", found_text(evidence))?;
            if !evidence.is_empty() {
                writeln!(out, "{}", self.documents(evidence))?;
            }
        }
        let mut end = String::new();
        findings(&mut end, report).map_err(io::Error::other)?;
        writeln!(out, "{end}")
    }

    /// Writes the whole report in Markdown.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn markdown(&self, out: &mut impl Write) -> io::Result<()> {
        let sources = &self.report.sources;
        writeln!(out, "# Statement of plan `{}`\n", sources.address)?;
        writeln!(out, "It calls itself {}.\n", markdown(&plan_name(&sources.plan)))?;
        writeln!(out, "On {}, in tokens of `{}`.", Moment(sources.now), sources.plan.mint)?;
        if let Some(closing) = &sources.closing {
            let (time, to) = (Moment(closing.mark.closed_at), closing.destination);
            let sent = self.tokens(closing.amount);
            writeln!(out, "The plan was closed on {time}; {sent} went to `{to}`.")?;
        }
        write!(out, "\n## KPIs\n\n{}", self.kpis().markdown())?;
        if let Some((_, price)) = sources.plan.price() {
            let default = price_text(price, price.default_price);
            let [low, high] = [price.range_min, price.range_max].map(|end| markdown(&price_text(price, end)));
            writeln!(
                out,
                "\nA token is worth the price of each period, from {low} to {high}; {} if nobody reports one.",
                markdown(&default)
            )?;
        }
        for period in self.ended() {
            let times = &period.times;
            writeln!(out, "\n## Period {}\n", times.period)?;
            writeln!(
                out,
                "{} to {}; {}; {} of {} settled.\n",
                Moment(times.start),
                Moment(times.end),
                stage_text(period.stage),
                count(period.settled),
                counted(period.grants, "grant")
            )?;
            write!(
                out,
                "{}\n{}",
                self.values(period).markdown(),
                self.amounts(period).markdown()
            )?;
            if let Some(pool) = &period.pool {
                let [all, paid, left] = [pool.pool, pool.paid, pool.left_over].map(|amount| self.tokens(amount));
                writeln!(
                    out,
                    "\nThe pool: {all}, of which {paid} were paid as bonuses and {left} were left over."
                )?;
            }
        }
        write!(out, "\n## Grants\n\n{}", self.grants().markdown())?;
        self.sums(out)?;
        if let Some(evidence) = self.evidence {
            writeln!(out, "\n## Evidence\n\n{}.", found_text(evidence))?;
            if !evidence.is_empty() {
                write!(out, "\n{}", self.documents(evidence).markdown())?;
            }
        }
        writeln!(out, "\n## Agreement\n")?;
        if self.report.findings.is_empty() {
            return writeln!(
                out,
                "All recorded amounts agree with the settlements computed again from the attested values."
            );
        }
        let doubt = doubt(self.report);
        if !doubt.is_empty() {
            writeln!(out, "Incomplete{doubt}.\n")?;
        }
        for finding in &self.report.findings {
            writeln!(out, "- {}", markdown(&finding.to_string()))?;
        }
        Ok(())
    }

    fn ended(&self) -> impl Iterator<Item = &PeriodReport> {
        let now = self.report.sources.now;
        self.report.periods.iter().filter(move |period| period.times.end <= now)
    }

    fn tokens(&self, amount: u64) -> String {
        tokens(amount, self.decimals)
    }

    /// A key: whole, or as short as a terminal's table needs it.
    fn key(&self, key: &Pubkey) -> Cell {
        Cell::Keys(vec![match &self.names {
            Some(names) => names.short(key),
            None => key.to_string(),
        }])
    }

    /// A beneficiary as [`View::key`] has keys, and what the document calls the grant.
    fn beneficiary(&self, grant: u32, key: &Pubkey) -> Cell {
        match (&self.names, self.beside.labels.of(grant, key)) {
            (Some(names), _) => Cell::Own(names.short_beneficiary(grant, key)),
            (None, None) => self.key(key),
            (None, Some(label)) => Cell::Own(format!("`{key}` {}", markdown(&quoted(label)))),
        }
    }

    fn voter(&self, vote: &Vote) -> String {
        match (&self.names, &vote.oracle) {
            (None, _) => voter(vote, &Names::default()),
            (Some(names), Some(oracle)) => names.short(oracle),
            (Some(_), None) => format!("#{}", vote.position),
        }
    }

    /// A hash: whole, or as short as a terminal's table needs it.
    fn hash(&self, hash: &[u8; 32]) -> String {
        let hash = hex::encode(hash);
        match self.names {
            Some(_) => short(hash),
            None => hash,
        }
    }

    /// What became of the evidence.
    fn documents(&self, evidence: &[Found]) -> Sheet {
        let mut sheet = Sheet::new([
            ">period",
            "KPI",
            ">page",
            "named by",
            "SHA-256",
            "state",
            "where, or why not",
        ]);
        let kpis = self.report.sources.plan.kpis();
        for one in evidence {
            let named = &one.named;
            let witness = match (&self.names, named.witness) {
                (Some(names), Witness::Oracle(oracle)) => Cell::Own(names.short(&oracle)),
                (None, Witness::Oracle(oracle)) => self.key(&oracle),
                _ => Cell::Own(one.witness_text(&Names::default())),
            };
            sheet.row([
                Cell::Own(named.period.to_string()),
                kpis.get(usize::from(named.kpi))
                    .map(kpi_name)
                    .unwrap_or_default()
                    .into(),
                Cell::Own(named.page.map_or_else(|| "-".to_owned(), |page| page.to_string())),
                witness,
                Cell::Keys(vec![self.hash(&named.hash)]),
                Cell::Own(one.state.to_string()),
                Cell::Text(match &one.place {
                    Ok(file) => file.display().to_string(),
                    Err(why) => why.clone(),
                }),
            ]);
        }
        sheet
    }

    fn kpis(&self) -> Sheet {
        let mut sheet = Sheet::new([
            ">#",
            "name",
            "scope",
            ">if nobody reports",
            "rubric SHA-256",
            "its text",
        ]);
        for (number, kpi) in self.report.sources.plan.kpis().iter().enumerate() {
            sheet.row([
                number.to_string().into(),
                kpi_name(kpi).into(),
                scope_text(kpi).into(),
                silence_text(kpi).into(),
                Cell::Keys(vec![hex::encode(kpi.rubric_hash)]),
                Cell::Own(self.beside.rubric(number).to_string()),
            ]);
        }
        sheet
    }

    /// The values of a period: shared ones once, individual ones for each grant.
    fn values(&self, period: &PeriodReport) -> Sheet {
        let evidence = match self.names {
            Some(_) => "evidence",
            None => "evidence SHA-256",
        };
        let worth = match self.report.sources.plan.has_unit() {
            true => ">score or price",
            false => ">score",
        };
        let mut sheet = Sheet::new(["KPI", "grant", ">value", worth, "by", "attested by", evidence, "state"]);
        let report = self.report;
        for (number, kpi) in (0u8..).zip(report.sources.plan.kpis()) {
            let weighted = lines(report, period).map(|(grant, _)| grant);
            let weighted = weighted.filter(|grant| grant.state.is_paid_by(&report.sources.plan, number));
            let shared = kpi.scope == Scope::Shared.to_byte();
            for grant in weighted.take(if shared { 1 } else { usize::MAX }) {
                let index = grant.state.index;
                if let Ok(measurement) = report.measurement(number, period.times.period, index) {
                    let whose = if shared { "all".to_owned() } else { index.to_string() };
                    sheet.row(self.value(kpi, whose, &measurement));
                }
            }
        }
        sheet
    }

    fn value(&self, kpi: &Kpi, whose: String, measurement: &Measurement) -> [Cell; 8] {
        [
            kpi_name(kpi).into(),
            Cell::Own(whose),
            outcome(kpi, measurement).into(),
            worth(kpi, measurement).into(),
            Cell::Own(by(measurement)),
            Cell::Keys(deciding(measurement).map(|vote| self.voter(vote)).collect()),
            Cell::Keys(evidence(measurement).map(|hash| self.hash(hash)).collect()),
            Cell::Own(state(measurement)),
        ]
    }

    fn amounts(&self, period: &PeriodReport) -> Sheet {
        let in_units = lines(self.report, period).any(|(_, line)| line.priced.is_some());
        let mut headings = vec![">grant", "beneficiary"];
        if in_units {
            headings.extend([">units", ">price", ">cut off"]);
        }
        headings.extend([">tranche", ">scores", ">earned", ">bonus", ">returned", ">claimed"]);
        let mut sheet = Sheet::new(headings);
        for (grant, line) in lines(self.report, period) {
            let or = |amount: Option<u64>, none: &str| amount.map_or(none.to_owned(), |amount| self.tokens(amount));
            let amounts = [
                self.tokens(line.tranche),
                scores_text(grant, line),
                or(line.settlement.map(|settled| settled.earned), "not settled"),
                or(line.bonus, "-"),
                self.tokens(line.returned),
                self.tokens(line.claimed),
            ];
            let mut row = vec![
                Cell::Own(grant.state.index.to_string()),
                self.beneficiary(grant.state.index, &grant.state.beneficiary),
            ];
            if in_units {
                let cells = units::cells(&self.report.sources.plan, line.priced.as_ref(), self.decimals);
                row.extend(cells.map(Cell::Text));
            }
            row.extend(amounts.map(Cell::Own));
            sheet.row(row);
        }
        sheet
    }

    fn grants(&self) -> Sheet {
        let headings = [
            ">#",
            "address",
            "beneficiary",
            "status",
            ">value",
            ">cap reaches",
            ">cut off",
            ">unused",
            ">allocated",
            ">cancelled",
            ">earned",
            ">bonus",
            ">returned",
            ">forfeited",
            ">claimed",
            ">claimable",
        ];
        let plan = &self.report.sources.plan;
        let headings = headings
            .into_iter()
            .filter(|name| plan.has_unit() || ![">value", ">cap reaches", ">cut off", ">unused"].contains(name));
        // A terminal has no room for two keys in a line.
        let has_address = self.names.is_none();
        let mut sheet = Sheet::new(headings.filter(|name| has_address || *name != "address"));
        for (number, grant) in &self.report.grants {
            let state = &grant.state;
            let amounts = [
                state.allocation,
                grant.cancelled,
                state.earned,
                state.bonus,
                grant.returned,
                grant.forfeited,
                state.claimed,
                grant.claimable,
            ];
            let beneficiary = match &self.names {
                Some(names) => Cell::Own(names.beneficiary(*number, &state.beneficiary)),
                None => self.beneficiary(*number, &state.beneficiary),
            };
            let mut row = vec![Cell::Own(number.to_string())];
            row.extend(has_address.then(|| self.key(&grant.address)));
            row.extend([beneficiary, Cell::Own(status(grant))]);
            if plan.has_unit() {
                let none = || "-".to_owned();
                let (cut, unused) = match state.is_in_units() {
                    true => (
                        units::cut_off_sum(grant.cut_off(), self.decimals),
                        self.tokens(grant.unused),
                    ),
                    false => (none(), none()),
                };
                let value = units::value(plan, state).unwrap_or_else(none);
                let reach = units::reach(plan, state).unwrap_or_else(none);
                row.extend([value, reach, cut, unused].map(Cell::Text));
            }
            row.extend(amounts.map(|amount| Cell::Own(self.tokens(amount))));
            sheet.row(row);
        }
        sheet
    }

    /// The sums over all grants and the vault, in Markdown.
    fn sums(&self, out: &mut impl Write) -> io::Result<()> {
        let totals = &self.report.totals;
        let all = [
            ("allocated", totals.allocated),
            ("cancelled", totals.cancelled),
            ("earned", totals.earned),
            ("bonus", totals.bonus),
            ("returned", totals.returned),
            ("left over in pools", totals.left_over),
            ("left of caps by prices", totals.unused),
            ("forfeited", totals.forfeited),
            ("claimed", totals.claimed),
            ("claimable", totals.claimable),
        ];
        let mut sheet = Sheet::new(["", ">tokens"]);
        for (name, amount) in all {
            sheet.row([name.into(), Cell::Own(total(amount, self.decimals))]);
        }
        write!(out, "\n## All grants\n\n{}", sheet.markdown())?;
        let vault = &self.report.vault;
        let all = [
            ("balance", i128::from(vault.balance)),
            ("reserved for what can still be earned", vault.reserved.into()),
            ("owed: earned and not yet claimed", vault.owed.into()),
            ("pooled: bonuses not yet collected", vault.pooled.into()),
            ("surplus that no grant can ever claim", vault.surplus),
            ("funded", vault.funded.into()),
            ("claimed", vault.claimed.into()),
            ("withdrawn to the treasury", vault.withdrawn.into()),
            ("came in otherwise", vault.donated),
        ];
        let mut sheet = Sheet::new(["", ">tokens"]);
        for (name, amount) in all {
            let sign = if amount < 0 { "-" } else { "" };
            let amount = total(amount.unsigned_abs(), self.decimals);
            sheet.row([name.into(), Cell::Own(format!("{sign}{amount}"))]);
        }
        write!(out, "\n## Vault\n\n{}", sheet.markdown())
    }
}

/// How much of the evidence is here.
fn found_text(evidence: &[Found]) -> String {
    let count_of = |wanted: fn(EvidenceState) -> bool| count(evidence.iter().filter(|one| wanted(one.state)).count());
    format!(
        "{} found, {} missing, {} differ",
        count_of(|state| state == EvidenceState::Found),
        count_of(|state| state == EvidenceState::Missing),
        count_of(|state| matches!(state, EvidenceState::Differs(_)))
    )
}
