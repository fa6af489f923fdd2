//! `earnout attestation show`.

use {
    crate::{
        commands::attest::{for_each_grant, once_for_all},
        context::{
            app::App,
            document::Beside,
            evidence::{EvidenceArgs, EvidenceFinder, Found, require_found},
            reference::{GrantBeside, GrantRef, KpiRef, PlanRef, kpi_name, plan_name},
            time::Moment,
        },
        fault::Fault,
        shown::{
            fields::Fields,
            measurement::{self, basis, outcome, state, voter},
            names::Names,
            plan::{merge, require_complete},
            sheet::{Cell, Sheet},
            text::{either, quoted},
        },
    },
    bytemuck::Zeroable,
    clap::Args,
    earnout::{
        constants::PAGE_GRANTS,
        state::{Grant, Kpi, OracleSet, Plan, Scope, place},
    },
    earnout_core::quorum::Finality,
    earnout_sdk::{
        client::{Client, History},
        report::{
            books::EvaluationRecord,
            projection::{PeriodTimes, period_times},
            statement::{Evidence, Measurement, Sources, ValueKey, as_settled},
        },
        text::amount,
        wire::{Manifest, pda},
    },
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        fmt,
    },
};

/// Show what the oracles reported about a KPI for a period, whether it was disputed, and what counts
///
/// Of an individual KPI this is the value of one grant (--grant), or a table with all grants of a page (--page), which
/// has the 64 grants from number 64 * PAGE on, and below it the manifests of the oracles. JSON has the votes on each
/// grant.
///
/// --evidence looks for what the votes, or the price feed, name as evidence, in a folder; with a plan document it
/// fetches what is not there, and keeps only what has its hash. Of a page that is the manifest of each oracle, and with
/// --grant also what it names for the grant.
///
/// What was closed is shown from its events. What of the plan's events the endpoint leaves out, repeats or cannot give
/// is said, and makes the exit code 2.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attestation show PLAN revenue 0
  $ earnout attestation show PLAN revenue 0 --document uri --evidence evidence
  $ earnout attestation show PLAN tasks 0 --page 0
  $ earnout attestation show PLAN tasks 0 --grant 3 --output json")]
pub struct Show {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    /// The grant that is measured, for an individual KPI: its number, its address, or PLAN/INDEX
    #[arg(long, conflicts_with = "page")]
    grant: Option<GrantBeside>,
    /// A page of an individual KPI, counted from 0
    #[arg(long)]
    page: Option<u32>,
    #[command(flatten)]
    beside: EvidenceArgs,
}

/// A KPI of a plan in a period.
struct Scene {
    plan: Plan,
    plan_address: Pubkey,
    number: u8,
    kpi: Kpi,
    times: PeriodTimes,
    names: Names,
    beside: Beside,
    /// Where evidence is looked for, if it is wanted.
    finder: Option<EvidenceFinder>,
}

impl Show {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let client = app.client()?;
        let plan_address = self.plan.address();
        // The accounts of a closed plan are closed too: all of it is told by events.
        let told = match client.is_closed_plan(&plan_address).await? {
            true => Some(client.statement_sources(&plan_address).await?),
            false => None,
        };
        let plan = match &told {
            Some(sources) => sources.plan,
            None => client.plan(&plan_address).await?,
        };
        let number = self.kpi.number(&plan)?;
        let kpi = *plan.kpi(number)?;
        let times = period_times(&plan, self.period).map_err(|_| {
            let last = plan.period_count.saturating_sub(1);
            Fault::new(format!("the plan has no period {}", self.period)).why(format!("its periods are 0 to {last}"))
        })?;
        let (beside, finder) = self.beside.load(app, &plan_address, &plan).await?;
        let scene = Scene {
            plan,
            plan_address,
            number,
            kpi,
            times,
            names: Names::of(app).with(beside.labels.clone()),
            beside,
            finder,
        };
        match (kpi.scope()?, &self.grant, self.page) {
            (Scope::Shared, None, None) => scene.shared(app, client, told).await,
            (Scope::Shared, Some(_), _) => Err(once_for_all(&kpi).advice("leave out --grant")),
            (Scope::Shared, None, Some(_)) => Err(once_for_all(&kpi).advice("leave out --page")),
            (Scope::Individual, None, None) => {
                Err(for_each_grant(&kpi).advice("name the grant with --grant, or the page with --page"))
            }
            (Scope::Individual, Some(grant), _) => scene.of_grant(app, client, told, &grant.of(&plan_address)).await,
            (Scope::Individual, None, Some(page)) => scene.page(app, client, told, page).await,
        }
    }
}

impl Scene {
    fn key(&self, grant: Option<u32>) -> ValueKey {
        ValueKey {
            period: self.times.period,
            kpi: self.number,
            grant,
        }
    }

    /// What is known about a value, or its silence.
    fn measured(&self, sources: &Sources, grant: Option<u32>) -> Result<Measurement, Fault> {
        match sources.measurements.get(&self.key(grant)) {
            Some(measurement) => Ok(measurement.clone()),
            None => Ok(Measurement::silent(
                &self.plan,
                self.number,
                self.times.period,
                sources.now,
            )?),
        }
    }

    /// The value of a shared KPI.
    async fn shared(mut self, app: &App, client: &Client, told: Option<Sources>) -> Result<(), Fault> {
        let mut complaints = Vec::new();
        let measurement = match told {
            Some(sources) => {
                complaints.clone_from(&sources.missing);
                self.measured(&sources, None)?
            }
            None => self.read(client, &mut complaints).await?,
        };
        let address = pda::attestation(&self.plan_address, self.number, self.times.period);
        let evidence = self.evidence(app, &[(None, &measurement)], None).await?;
        app.output().show(&View {
            evidence: &evidence,
            scene: &self,
            address,
            grant: None,
            measurement,
            complaints: &complaints,
        })?;
        require_complete(&complaints)?;
        require_found(&evidence)?;
        self.beside.require_agreement()
    }

    /// The value of an individual KPI for a grant.
    async fn of_grant(
        mut self,
        app: &App,
        client: &Client,
        told: Option<Sources>,
        grant: &GrantRef,
    ) -> Result<(), Fault> {
        let of_told = |address: Pubkey| {
            let sources = told.iter().flat_map(|sources| sources.grants.values());
            let mut found = sources.filter(|source| source.address == address);
            found.next().map(|source| source.state.index)
        };
        let number = match *grant {
            GrantRef::OfPlan(_, number) => number,
            GrantRef::Address(address) => match of_told(address) {
                Some(number) => number,
                None => client.grant(&address).await?.index,
            },
        };
        let sources = match told {
            Some(sources) => sources,
            None => client.grant_sources(&self.plan_address, number).await?,
        };
        let source = sources
            .grants
            .get(&number)
            .filter(|source| source.address == grant.address());
        let Some(source) = source else {
            require_complete(&sources.missing)?;
            return Err(
                Fault::new(format!("plan {} has no grant {}", self.plan_address, grant.address()))
                    .advice("`earnout grant list` shows its grants"),
            );
        };
        let mut complaints = sources.missing.clone();
        let address = pda::evaluation(&self.plan_address, self.number, self.times.period, Some(number));
        let mut measurement = self.measured(&sources, Some(number))?;
        // Who disputed and why is not in a page.
        if measurement
            .dispute
            .as_ref()
            .is_some_and(|dispute| dispute.reason_hash.is_none())
        {
            let history = client.history(&self.plan_address).await?;
            complaints.extend(
                history
                    .complaints()
                    .into_iter()
                    .filter(|it| !sources.missing.contains(it)),
            );
            if let Some(record) = self.record(&history, &address)? {
                let grant = as_settled(&source.state, &source.earlier, self.times.period);
                measurement = measurement.with_reasons(&grant, &record.reasons);
            }
        }
        let evidence = self
            .evidence(app, &[(Some(number), &measurement)], Some(number))
            .await?;
        app.output().show(&View {
            evidence: &evidence,
            scene: &self,
            address,
            grant: Some((number, source.address)),
            measurement,
            complaints: &complaints,
        })?;
        require_complete(&complaints)?;
        require_found(&evidence)?;
        self.beside.require_agreement()
    }

    /// The values of an individual KPI for the grants of a page.
    async fn page(mut self, app: &App, client: &Client, told: Option<Sources>, page: u32) -> Result<(), Fault> {
        let sources = match told {
            Some(sources) => sources,
            None => client.page_sources(&self.plan_address, page).await?,
        };
        let pages = self.plan.grant_counter.div_ceil(PAGE_GRANTS.into());
        if page >= pages {
            return Err(Fault::new(format!("the plan has no page {page}")).why(format!(
                "it has made {}, and a page has {PAGE_GRANTS}: its pages are counted from 0, and there {} {pages}",
                amount::counted(self.plan.grant_counter, "grant"),
                either(pages, "is", "are")
            )));
        }
        let mut grants = Vec::new();
        for (number, source) in &sources.grants {
            let state = &source.state;
            if place(*number).0 == page && state.covers(self.times.period) && state.has_weight(self.number) {
                grants.push((*number, self.measured(&sources, Some(*number))?));
            }
        }
        let values: Vec<_> = grants.iter().map(|(grant, value)| (Some(*grant), value)).collect();
        let evidence = self.evidence(app, &values, None).await?;
        app.output().show(&PageView {
            evidence: &evidence,
            address: pda::page(&self.plan_address, self.number, self.times.period, page),
            page,
            grants,
            complaints: &sources.missing,
            scene: &self,
        })?;
        require_complete(&sources.missing)?;
        require_found(&evidence)?;
        self.beside.require_agreement()
    }

    /// The evidence of the values, each once, if it is wanted: of these grants, or of all at once. Of one grant alone
    /// also what the manifests name for it.
    async fn evidence(
        &mut self,
        app: &App,
        values: &[(Option<u32>, &Measurement)],
        alone: Option<u32>,
    ) -> Result<Vec<Found>, Fault> {
        let Some(finder) = &mut self.finder else {
            return Ok(Vec::new());
        };
        let (number, period) = (self.number, self.times.period);
        let named = values
            .iter()
            .flat_map(|(grant, value)| value.evidence(number, period, *grant));
        let mut all = Vec::new();
        for named in named.collect::<BTreeSet<_>>() {
            let (one, bytes) = finder.find(app, &self.plan, named).await?;
            all.push(one);
            let manifest = bytes.and_then(|bytes| Manifest::read(&bytes).ok());
            let listed = alone.and_then(|grant| manifest?.votes.get(&grant)?.evidence);
            if let Some(hash) = listed {
                all.push(finder.find(app, &self.plan, Evidence { hash, ..named }).await?.0);
            }
        }
        Ok(all)
    }

    /// The attestation of a shared KPI from its account, or if it was closed from its events. What of them the endpoint
    /// leaves out is added to the complaints.
    async fn read(&self, client: &Client, complaints: &mut Vec<String>) -> Result<Measurement, Fault> {
        let (plan, number, period) = (&self.plan, self.number, self.times.period);
        let address = pda::attestation(&self.plan_address, number, period);
        // Of a shared KPI every grant has the same value.
        let grant = Grant::zeroed();
        let now = client.now().await?;
        let attestation = client.evaluations(&[address]).await?.pop().flatten();
        let known = self.known_set();
        match (&attestation, known) {
            (Some(attestation), Some(set)) => {
                return Ok(Measurement::of(plan, attestation, &grant, Some(&set), false, now)?);
            }
            // Nobody can have voted yet.
            (None, _) if now < self.times.end => return Ok(Measurement::silent(plan, number, period, now)?),
            _ => {}
        }
        let history = client.history(&self.plan_address).await?;
        complaints.extend(history.complaints());
        if let Some(attestation) = attestation {
            let set = self.set(&history)?;
            return Ok(Measurement::of(plan, &attestation, &grant, set.as_ref(), false, now)?);
        }
        let Some(record) = self.record(&history, &address)? else {
            return Ok(Measurement::silent(plan, number, period, now)?);
        };
        if !record.closed {
            complaints.push(format!(
                "{} has no account of attestation {address}, which was not closed",
                client.endpoint()
            ));
        }
        Ok(record.measurement(plan, &grant, now)?.1)
    }

    /// The oracles that vote on the period; none if the plan has forgotten them.
    fn known_set(&self) -> Option<OracleSet> {
        let period = self.times.period;
        (period >= self.plan.oracles.first_period).then(|| *self.plan.oracle_set(period))
    }

    /// The oracles that vote on the period. The plan forgets those before the ones in force; events do not.
    fn set(&self, history: &History) -> Result<Option<OracleSet>, Fault> {
        match self.known_set() {
            Some(set) => Ok(Some(set)),
            None => Ok(history.oracle_sets(&self.plan)?.at(self.times.period).copied()),
        }
    }

    /// What events say of an attestation or page.
    fn record(&self, history: &History, address: &Pubkey) -> Result<Option<EvaluationRecord>, Fault> {
        let Some(set) = self.set(history)? else {
            return Ok(None);
        };
        let events = history.events().map(|recorded| &recorded.event);
        // An event that does not follow from those before it shows that one is missing, which was said.
        Ok(EvaluationRecord::of(address, &self.plan, &set, events).ok().flatten())
    }
}

/// What became of the evidence, if any was wanted.
fn evidence_text(out: &mut fmt::Formatter<'_>, evidence: &[Found], names: &Names) -> fmt::Result {
    if evidence.is_empty() {
        return Ok(());
    }
    write!(out, "\n\nEvidence")?;
    for one in evidence {
        let (hash, witness) = (hex::encode(one.named.hash), one.witness_text(names));
        write!(out, "\n  {hash} of {witness}\n    {}", one.place_text())?;
    }
    Ok(())
}

/// One value.
struct View<'a> {
    scene: &'a Scene,
    /// Of the attestation or page.
    address: Pubkey,
    /// Number and address, for an individual KPI.
    grant: Option<(u32, Pubkey)>,
    measurement: Measurement,
    evidence: &'a [Found],
    complaints: &'a [String],
}

impl View<'_> {
    /// From when and until when it can be disputed.
    fn challenge(&self) -> Option<(i64, i64)> {
        let since = self.measurement.agreed_at.unwrap_or(self.scene.times.attest_deadline);
        let length = i64::from(self.scene.plan.challenge_secs);
        (length > 0).then(|| (since, since.saturating_add(length)))
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scene {
            number,
            kpi,
            times,
            names,
            ..
        } = self.scene;
        let measurement = &self.measurement;
        let mut facts = Fields::default();
        facts.say("plan", self.scene.plan_text());
        facts.say("KPI", format!("{number} {}", kpi_name(kpi)));
        facts.say("period", times.period);
        facts.say("rubric", self.scene.rubric_text());
        if let Some((number, address)) = self.grant {
            facts.say("grant", format!("{number} ({address})"));
        }
        facts.say(
            "votes",
            format!("{} to {}", Moment(times.end), Moment(times.attest_deadline)),
        );
        if let Some((from, to)) = self.challenge() {
            facts.say("disputes", format!("{} to {}", Moment(from), Moment(to)));
        }
        facts.say("value", outcome(kpi, measurement));
        facts.say("by", measurement::by(measurement));
        let worth = if kpi.is_price() { "price" } else { "score" };
        facts.say(worth, measurement::worth(kpi, measurement));
        facts.say("state", state(measurement));
        if measurement.closed {
            facts.say("account", "closed; this is from its events");
        }
        let what = if self.grant.is_some() { "Page" } else { "Attestation" };
        write!(out, "{what} {}\n{}", self.address, facts.indented())?;
        if let Some(dispute) = &measurement.dispute {
            let mut facts = Fields::default();
            if let Some(disputer) = &dispute.disputer {
                facts.say("by", names.full(disputer));
            }
            if let Some(grant) = dispute.grant {
                facts.say("for grant", grant);
            }
            if let Some(hash) = dispute.reason_hash {
                facts.say("reason SHA-256", hex::encode(hash));
            }
            if let Some(ruling) = dispute.ruling {
                let value = ruling
                    .value
                    .map_or("stands".to_owned(), |value| measurement::value(kpi, value));
                facts.say("ruling", value);
                if let Some(hash) = ruling.reason_hash {
                    facts.say("its SHA-256", hex::encode(hash));
                }
            }
            write!(out, "\n\nDispute\n{}", facts.indented())?;
        }
        if kpi.has_feed() {
            write!(out, "\n\nFeed\n{}", feed_facts(kpi, times, measurement).indented())?;
        }
        // Of a page an oracle reports the hash of a manifest, which names the evidence of each value.
        let evidence = match self.grant {
            Some(_) => "manifest SHA-256",
            None => "evidence SHA-256",
        };
        let mut sheet = Sheet::new(["oracle", ">value", evidence]);
        for vote in &measurement.votes {
            sheet.row([
                voter(vote, names),
                match vote.counts {
                    true => measurement::value(kpi, vote.value),
                    false => format!("{}, its own grant: does not count", measurement::value(kpi, vote.value)),
                },
                hex::encode(vote.evidence),
            ]);
        }
        let count = measurement.votes.len();
        let (of, needed) = (measurement.oracle_count, measurement.threshold);
        let (of, have) = (amount::counted(of, "oracle"), either(count, "has", "have"));
        match kpi.has_feed() {
            false => write!(out, "\n\n{count} of {of} {have} voted, {needed} must agree")?,
            true => write!(
                out,
                "\n\n{count} of {of} {have} voted; beside a feed votes resolve nothing early, and count only if \
                 nobody shows an update"
            )?,
        }
        if !measurement.votes.is_empty() {
            write!(out, "\n{sheet}")?;
        }
        let stays = measurement::basis(measurement) == "agreement";
        if stays && measurement::deciding(measurement).count() < usize::from(needed) {
            write!(
                out,
                "\nvotes were changed after enough oracles had agreed, which changes nothing"
            )?;
        }
        evidence_text(out, self.evidence, names)
    }
}

/// What the feed of a KPI said about a period.
fn feed_facts(kpi: &Kpi, times: &PeriodTimes, measurement: &Measurement) -> Fields {
    let mut facts = Fields::default();
    let Some(observation) = &measurement.observation else {
        facts.say("shown", "no update");
        return facts;
    };
    let published = observation.published;
    facts.say("value", measurement::value(kpi, observation.value));
    facts.say("confidence", measurement::confidence(observation));
    facts.say("published", Moment(published.at));
    facts.say("the one before", Moment(published.previous));
    let order = match published.is_first(times.end) {
        true => "the first after the end of the period: no other one replaces it",
        false => "not the first after the end of the period: while votes are accepted an earlier one replaces it",
    };
    facts.say("order", order);
    let state = match (basis(measurement), measurement.reading.finality) {
        ("ruling", _) => "does not count: the arbiter set another value".to_owned(),
        (_, Finality::Final(_)) => "counts".to_owned(),
        (_, Finality::NotBefore(_)) => format!("counts from {} on", Moment(times.attest_deadline)),
    };
    facts.say("state", state);
    facts.say("evidence SHA-256", hex::encode(observation.evidence));
    facts
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = measurement::json(self.scene.number, &self.scene.kpi, &self.measurement);
        merge(&mut value, self.scene.json());
        merge(
            &mut value,
            json!({
                (if self.grant.is_some() { "page" } else { "attestation" }): self.address.to_string(),
                "grant": self.grant.map(|(number, _)| number),
                "disputesFrom": self.challenge().map(|(from, _)| from),
                "disputesUntil": self.challenge().map(|(_, to)| to),
                "observationCountsFrom": self.measurement.observation.as_ref().map(|_| self.scene.times.attest_deadline),
                "evidence": self.scene.evidence_json(self.evidence),
                "complaints": self.complaints,
            }),
        );
        value.serialize(serializer)
    }
}

impl Scene {
    /// The plan's address and what it calls itself.
    fn plan_text(&self) -> String {
        format!("{} {}", self.plan_address, quoted(&plan_name(&self.plan)))
    }

    /// The hash of how the KPI is measured, and whether the document has the text.
    fn rubric_text(&self) -> String {
        let state = self.beside.rubric(self.number.into());
        format!("SHA-256 {}, its text: {state}", hex::encode(self.kpi.rubric_hash))
    }

    fn evidence_json(&self, evidence: &[Found]) -> Vec<Value> {
        evidence.iter().map(|one| one.json(&self.plan)).collect()
    }

    fn json(&self) -> Value {
        json!({
            "plan": self.plan_address.to_string(),
            "planName": plan_name(&self.plan),
            "kpi": self.number,
            "name": kpi_name(&self.kpi),
            "rubricHash": hex::encode(self.kpi.rubric_hash),
            "rubric": self.beside.rubric(self.number.into()).to_string(),
            "decimals": self.kpi.decimals,
            "period": self.times.period,
            "votesFrom": self.times.end,
            "votesUntil": self.times.attest_deadline,
        })
    }
}

/// The values of a page.
struct PageView<'a> {
    scene: &'a Scene,
    address: Pubkey,
    page: u32,
    /// Those that the KPI measures in the period, by number.
    grants: Vec<(u32, Measurement)>,
    evidence: &'a [Found],
    complaints: &'a [String],
}

impl fmt::Display for PageView<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scene { number, kpi, times, .. } = self.scene;
        let mut facts = Fields::default();
        facts.say("plan", self.scene.plan_text());
        facts.say("KPI", format!("{number} {}", kpi_name(kpi)));
        facts.say("period", times.period);
        facts.say(
            "votes",
            format!("{} to {}", Moment(times.end), Moment(times.attest_deadline)),
        );
        write!(out, "Page {} ({})\n{}", self.page, self.address, facts.indented())?;
        if self.grants.is_empty() {
            return write!(out, "\n\nno grant of this page is measured by the KPI in the period");
        }
        let mut sheet = Sheet::new([">grant", ">value", ">score", "by", ">votes", "state"]);
        for (grant, measurement) in &self.grants {
            let votes = measurement.votes.iter().filter(|vote| vote.counts).count();
            sheet.row([
                Cell::Own(grant.to_string()),
                outcome(kpi, measurement).into(),
                Cell::Own(amount::count(measurement.reading.score)),
                Cell::Own(measurement::by(measurement)),
                Cell::Own(format!("{votes}/{}", measurement.oracle_count)),
                Cell::Own(state(measurement)),
            ]);
        }
        write!(out, "\n\n{sheet}")?;
        let manifests = self.manifests();
        if !manifests.is_empty() {
            let mut sheet = Sheet::new(["oracle", ">values", "manifest SHA-256"]);
            for ((oracle, evidence), values) in manifests {
                sheet.row([
                    Cell::Own(oracle),
                    Cell::Own(amount::count(values)),
                    Cell::Own(hex::encode(evidence)),
                ]);
            }
            write!(out, "\n\n{sheet}")?;
        }
        evidence_text(out, self.evidence, &self.scene.names)
    }
}

impl PageView<'_> {
    /// How many values each oracle reported, by the manifest that stands for them.
    fn manifests(&self) -> BTreeMap<(String, [u8; 32]), usize> {
        let mut manifests: BTreeMap<_, usize> = BTreeMap::new();
        for vote in self.grants.iter().flat_map(|(_, measurement)| &measurement.votes) {
            let values = manifests
                .entry((voter(vote, &self.scene.names), vote.evidence))
                .or_default();
            *values = values.saturating_add(1);
        }
        manifests
    }
}

impl Serialize for PageView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let grants = self.grants.iter().map(|(grant, measurement)| {
            let mut value = measurement::json(self.scene.number, &self.scene.kpi, measurement);
            merge(&mut value, json!({ "grant": grant }));
            value
        });
        let mut value = self.scene.json();
        merge(
            &mut value,
            json!({
                "page": self.address.to_string(),
                "number": self.page,
                "grants": grants.collect::<Vec<_>>(),
                "evidence": self.scene.evidence_json(self.evidence),
                "complaints": self.complaints,
            }),
        );
        value.serialize(serializer)
    }
}
