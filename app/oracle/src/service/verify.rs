//! Whether votes follow from the evidence that the chain names for them: one's own, or anybody's.

use {
    crate::{
        measure::{Document, Earlier, Evidence, FeedError, Hash, kpi_name, value},
        service::{DaemonError, Library},
        vote::{Endpoints, Journal, Place, Target, own_votes},
    },
    earnout::{
        constants::{NO_VALUE, PAGE_GRANTS},
        state::{Plan, Scope},
    },
    earnout_sdk::{
        report::projection::{self, PeriodTimes},
        text::names::harmless,
        wire::{Evaluation, Manifest, events::Event, pda},
    },
    futures_util::{StreamExt, stream},
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        thread,
        time::Duration,
    },
    tokio::{sync::oneshot, time::timeout},
};

/// Documents that are fetched at the same time: each may be as large as the memory for all of them allows.
const AT_ONCE: usize = 4;

/// How long computing one value again may take: what is computed is a stranger's word too.
const LONGEST: Duration = Duration::from_secs(20);

/// Accounts that are asked for together.
const TOGETHER: usize = 1_000;

/// Most pages of a KPI that are looked for, which have a million grants. A plan's number of grants is the endpoint's
/// word.
const MOST_PAGES: u32 = 1 << 14;

/// What became of one vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence gives the value that the chain has.
    Proved,
    /// The evidence is not there any more, or was changed.
    Unproved { reason: String },
    /// The journal or another account says that there is a vote, and the endpoint does not have it.
    Missing { reason: String },
    /// The evidence gives another value, or is about something else.
    Wrong { reason: String },
}

/// One vote, recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whose vote it is.
    #[serde(with = "crate::measure::text")]
    pub oracle: Pubkey,
    pub kpi: String,
    /// Index of the grant, for an individual KPI.
    pub grant: Option<u32>,
    /// The value on chain, decimal.
    pub value: String,
    /// The evidence hash on chain: of the document, or of the page's manifest. Of what is missing there the one that
    /// the journal has, if it has one.
    pub evidence: Option<String>,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The votes of one period, recomputed, and how much of them the endpoints tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Each vote, by oracle, KPI and grant.
    pub votes: Vec<Verified>,
    /// What the endpoints leave out, tell twice or cannot be read of, and which one it is.
    pub complaints: Vec<String>,
    /// Whether the endpoints tell everything that happened to the plan.
    pub is_whole: bool,
}

/// Whose votes are looked at.
pub enum Whose<'a> {
    /// Those of the operator of this daemon. The journal knows more of them than the chain shows.
    Own(Pubkey, &'a Journal),
    /// Those of these oracles.
    These(BTreeSet<Pubkey>),
    /// Those of every oracle that voted.
    All,
}

impl Whose<'_> {
    fn take(&self, oracle: &Pubkey) -> bool {
        match self {
            Self::Own(own, _) => own == oracle,
            Self::These(these) => these.contains(oracle),
            Self::All => true,
        }
    }
}

/// A period of a plan, whose votes are compared with evidence.
struct Case {
    address: Pubkey,
    plan: Plan,
    times: PeriodTimes,
    /// Who ever was the beneficiary of a grant, by the grant; nobody of one whose making is not told.
    beneficiaries: BTreeMap<Pubkey, BTreeSet<Pubkey>>,
}

/// A vote that the chain has, or ought to have.
struct Cast {
    oracle: Pubkey,
    target: Target,
    value: i64,
    /// What the chain names, else what the journal has.
    evidence: Option<Hash>,
    on_chain: bool,
}

/// Recomputes votes on `period` of the plan at `address` from the evidence in `library`: those that the plan's history
/// or, where that is not whole, the accounts know, and the journal if the votes are the own ones.
///
/// # Errors
/// If no endpoint has the plan, it has no such period, or the journal cannot be read.
pub async fn verify(
    endpoints: &Endpoints,
    library: &Library,
    whose: &Whose<'_>,
    address: Pubkey,
    period: u16,
) -> Result<Verification, DaemonError> {
    let plan = endpoints.plan(address, false).await?.plan;
    let times = projection::period_times(&plan, period).map_err(FeedError::from)?;
    let mut case = Case {
        address,
        plan,
        times,
        beneficiaries: BTreeMap::new(),
    };
    let mut verification = Verification::default();
    let told = case.told(endpoints, whose, &mut verification).await;
    // What happened says whose vote it was. Only where something of that is missing the accounts have to do: the plan
    // keeps two oracle sets, so after more changes a position is another oracle's.
    let mut shown = Votes::new();
    if !verification.is_whole {
        case.shown(endpoints, whose, &mut shown, &mut verification).await?;
    }
    let mut votes = shown.clone();
    for (key, vote) in &told {
        votes.entry(*key).or_insert(*vote);
    }
    let mut cast: BTreeMap<(Pubkey, Target), Cast> = BTreeMap::new();
    for ((oracle, target), (value, evidence)) in votes {
        let vote = Cast {
            oracle,
            target,
            value,
            evidence: Some(evidence),
            on_chain: true,
        };
        cast.insert((oracle, target), vote);
    }
    if let Whose::Own(oracle, journal) = whose {
        for target in journal.voted(&address, period)? {
            if let Some(known) = journal.vote(&target)? {
                cast.entry((*oracle, target)).or_insert(Cast {
                    oracle: *oracle,
                    target,
                    value: known.value,
                    evidence: known.evidence,
                    on_chain: false,
                });
            }
        }
    }
    let cast: Vec<Cast> = cast.into_values().collect();
    let manifests = manifests(library, &cast).await;
    let verdicts = stream::iter(cast.iter().map(|cast| case.verdict(library, &manifests, cast)));
    let verdicts: Vec<Verdict> = verdicts.buffered(AT_ONCE).collect().await;
    let with_verdicts = cast.iter().zip(verdicts);
    verification.votes = with_verdicts
        .map(|(cast, verdict)| case.verified(cast, verdict))
        .collect();
    Ok(verification)
}

/// Recomputes these votes of one oracle on the plan at `address`, each with the evidence hash that the chain has.
///
/// # Errors
/// If the plan has no such period.
pub async fn recomputed(
    address: Pubkey,
    plan: &Plan,
    oracle: &Pubkey,
    votes: &[(Target, i64, Hash)],
    library: &Library,
) -> Result<Vec<Verdict>, DaemonError> {
    let cast: Vec<Cast> = votes
        .iter()
        .map(|(target, value, evidence)| Cast {
            oracle: *oracle,
            target: *target,
            value: *value,
            evidence: Some(*evidence),
            on_chain: true,
        })
        .collect();
    let manifests = manifests(library, &cast).await;
    let mut verdicts = Vec::with_capacity(cast.len());
    for cast in &cast {
        let times = projection::period_times(plan, cast.target.period).map_err(FeedError::from)?;
        let case = Case {
            address,
            plan: *plan,
            times,
            beneficiaries: BTreeMap::new(),
        };
        verdicts.push(case.verdict(library, &manifests, cast).await);
    }
    Ok(verdicts)
}

/// Value and evidence hash on chain of each vote, by oracle.
type Votes = BTreeMap<(Pubkey, Target), (i64, Hash)>;

type Manifests = BTreeMap<Hash, Result<Manifest, String>>;

/// What the pages' evidence hashes stand for, each fetched once.
async fn manifests(library: &Library, cast: &[Cast]) -> Manifests {
    let of_pages = cast.iter().filter(|cast| cast.on_chain && cast.target.grant.is_some());
    let hashes: BTreeSet<Hash> = of_pages.filter_map(|cast| cast.evidence).collect();
    let fetched = stream::iter(hashes.into_iter().map(async |hash| {
        let manifest = library.get(&hash).await;
        (hash, manifest.and_then(|bytes| Manifest::of_bytes(&bytes)))
    }));
    fetched.buffered(AT_ONCE).collect().await
}

impl Case {
    /// The last vote of each oracle on each thing in the period, by what happened to the plan.
    async fn told(&mut self, endpoints: &Endpoints, whose: &Whose<'_>, verification: &mut Verification) -> Votes {
        let history = match endpoints.history(&self.address).await {
            Ok(history) => history,
            Err(error) => {
                let complaint = format!("what happened to the plan cannot be read: {error}");
                verification.complaints.push(complaint);
                return Votes::new();
            }
        };
        verification.is_whole = history.is_complete();
        verification.complaints.extend(history.complaints());
        let events = || history.events().map(|recorded| &recorded.event);
        for event in events() {
            let (grant, beneficiary) = match event {
                Event::GrantCreated(made) => (made.grant, made.terms.beneficiary),
                Event::BeneficiaryAccepted(accepted) => (accepted.grant, accepted.new),
                _ => continue,
            };
            self.beneficiaries.entry(grant).or_default().insert(beneficiary);
        }
        let events = events();
        replayed(self.address, self.times.period, whose, events)
    }

    /// What the accounts show.
    async fn shown(
        &self,
        endpoints: &Endpoints,
        whose: &Whose<'_>,
        shown: &mut Votes,
        verification: &mut Verification,
    ) -> Result<(), DaemonError> {
        let (pages, complaint) = self.pages();
        verification.complaints.extend(complaint);
        let mut places = self.places(pages)?;
        loop {
            let addresses: Vec<Pubkey> = places.by_ref().take(TOGETHER).map(|place| place.address()).collect();
            if addresses.is_empty() {
                return Ok(());
            }
            let found = endpoints
                .ask(async |client| client.evaluations(&addresses).await)
                .await?;
            for evaluation in found.iter().flatten() {
                for oracle in self.voters(evaluation).into_iter().filter(|oracle| whose.take(oracle)) {
                    let votes = own_votes(evaluation, &self.plan, &oracle).into_iter();
                    shown.extend(votes.map(|(target, value, hash)| ((oracle, target), (value, hash))));
                }
            }
        }
    }

    /// How many pages of a KPI are looked for, and what is left out by that.
    fn pages(&self) -> (u32, Option<String>) {
        let claimed = self.plan.grant_counter;
        let pages = claimed.div_ceil(u32::from(PAGE_GRANTS));
        let most = MOST_PAGES.saturating_mul(u32::from(PAGE_GRANTS));
        let complaint = (pages > MOST_PAGES).then(|| {
            format!(
                "the endpoint says that the plan has {claimed} grants: in accounts only votes on the first {most} are \
                 looked for"
            )
        });
        (pages.min(MOST_PAGES), complaint)
    }

    /// Wherever a vote can be, one after the other.
    fn places(&self, pages: u32) -> Result<impl Iterator<Item = Place>, DaemonError> {
        let mut kpis = Vec::new();
        for (kpi, terms) in (0u8..).zip(self.plan.kpis()) {
            let scope = terms.scope().map_err(|error| FeedError::Corrupt(error.to_string()))?;
            kpis.push((kpi, scope));
        }
        let (plan, period) = (self.address, self.times.period);
        Ok(kpis.into_iter().flat_map(move |(kpi, scope)| {
            let pages = match scope {
                Scope::Shared => 0,
                Scope::Individual => pages,
            };
            let shared = (scope == Scope::Shared).then_some(None);
            shared.into_iter().chain((0..pages).map(Some)).map(move |page| Place {
                plan,
                kpi,
                period,
                page,
            })
        }))
    }

    /// Who may have voted there.
    fn voters(&self, evaluation: &Evaluation) -> BTreeSet<Pubkey> {
        match evaluation {
            Evaluation::Attestation(state) => self.plan.oracle_set(state.period).oracles().iter().copied().collect(),
            Evaluation::Page(state) => state.view().ballots().map(|ballot| ballot.head.oracle).collect(),
        }
    }

    async fn verdict(&self, library: &Library, manifests: &Manifests, cast: &Cast) -> Verdict {
        let (true, Some(evidence)) = (cast.on_chain, cast.evidence) else {
            return Verdict::Missing {
                reason: format!(
                    "the journal has this vote, the endpoints show neither it nor its transaction (account {})",
                    cast.target.place().address()
                ),
            };
        };
        let document = match cast.target.grant {
            None => Ok(evidence),
            Some(grant) => listed(cast, grant, manifests.get(&evidence)),
        };
        let document = match document {
            Ok(document) => document,
            Err(verdict) => return verdict,
        };
        match library.get(&document).await {
            Ok(bytes) => self.judged(cast, computed(bytes).await),
            Err(reason) => Verdict::Unproved {
                reason: harmless(&reason),
            },
        }
    }

    /// What the evidence proves of a vote: it has to be about the same thing, in the units of the chain.
    fn judged(&self, cast: &Cast, computed: Result<Computed, String>) -> Verdict {
        let wrong = |reason: &str| Verdict::Wrong {
            reason: harmless(reason),
        };
        let Computed { evidence, value } = match computed {
            Ok(computed) => computed,
            Err(reason) => {
                return Verdict::Unproved {
                    reason: harmless(&reason),
                };
            }
        };
        let about = Target {
            plan: evidence.plan,
            kpi: evidence.kpi,
            period: evidence.scope.period,
            grant: evidence.scope.grant.as_ref().map(|grant| grant.index),
        };
        if about != cast.target {
            return wrong("the evidence is about something else");
        }
        if (evidence.scope.start, evidence.scope.end) != (self.times.start, self.times.end) {
            return wrong("the evidence is of another time than the period");
        }
        let grant = evidence.scope.grant.as_ref();
        if grant.is_some_and(|grant| grant.address != pda::grant(&self.address, grant.index)) {
            return wrong("the evidence is about the grant of another plan");
        }
        let strangers = grant.is_some_and(|grant| {
            let known = self.beneficiaries.get(&grant.address);
            known.is_some_and(|known| !known.contains(&grant.beneficiary))
        });
        if strangers {
            return wrong("the evidence is about somebody to whom the grant never belonged");
        }
        if let Err(reason) = evidence.fits() {
            return wrong(&reason);
        }
        if evidence.scope.earlier != self.earlier() {
            return wrong(
                "the evidence is about another period before, or another year ago, than the plan's calendar has",
            );
        }
        let decimals = self.decimals(cast.target.kpi);
        if decimals != Some(evidence.decimals) {
            return wrong("the evidence has other decimals than the KPI");
        }
        match value {
            Ok(found) if found == cast.value => Verdict::Proved,
            Ok(found) => wrong(&format!(
                "the evidence gives {}, the chain has {}",
                value::from_fixed(found, evidence.decimals),
                value::from_fixed(cast.value, evidence.decimals)
            )),
            Err(error) => wrong(&format!("the evidence gives no value: {error}")),
        }
    }

    /// What the period can be compared with.
    fn earlier(&self) -> Earlier {
        let calendar = self.plan.calendar();
        let earlier = calendar.map(|calendar| Earlier::of(&calendar, self.times.period, self.times.start));
        earlier.unwrap_or_default()
    }

    fn decimals(&self, kpi: u8) -> Option<u8> {
        self.plan.kpis().get(usize::from(kpi)).map(|terms| terms.decimals)
    }

    fn verified(&self, cast: &Cast, verdict: Verdict) -> Verified {
        let kpi = cast.target.kpi;
        let terms = self.plan.kpis().get(usize::from(kpi));
        Verified {
            oracle: cast.oracle,
            kpi: terms.map_or_else(|| kpi.to_string(), kpi_name),
            grant: cast.target.grant,
            value: value::from_fixed(cast.value, self.decimals(kpi).unwrap_or_default()).to_string(),
            evidence: cast.evidence.map(hex::encode),
            verdict,
        }
    }
}

fn replayed<'a>(plan: Pubkey, period: u16, whose: &Whose<'_>, events: impl Iterator<Item = &'a Event>) -> Votes {
    let mut votes = Votes::new();
    // The evidence of a page is that of its last upload, for all that was reported there.
    let mut manifests = BTreeMap::new();
    for event in events {
        let on = |kpi, grant| Target {
            plan,
            kpi,
            period,
            grant,
        };
        match event {
            Event::ValueAttested(vote) if whose.take(&vote.oracle) && vote.period == period => {
                votes.insert((vote.oracle, on(vote.kpi, None)), (vote.value, vote.evidence));
            }
            Event::PageAttested(upload) if whose.take(&upload.oracle) && upload.period == period => {
                let place = on(upload.kpi, Some(upload.first)).place();
                manifests.insert((upload.oracle, place), upload.evidence);
                let numbered = (0u32..).zip(&upload.values);
                for (number, value) in numbered.filter(|(_, value)| **value != NO_VALUE) {
                    let target = on(upload.kpi, Some(upload.first.saturating_add(number)));
                    votes.insert((upload.oracle, target), (*value, upload.evidence));
                }
            }
            _ => (),
        }
    }
    for ((oracle, target), (_, evidence)) in &mut votes {
        if let Some(last) = manifests.get(&(*oracle, target.place())) {
            *evidence = *last;
        }
    }
    votes
}

/// The hash of the document that a manifest names for a vote.
fn listed(cast: &Cast, grant: u32, manifest: Option<&Result<Manifest, String>>) -> Result<Hash, Verdict> {
    let manifest = manifest.map_or(Err("it was not asked for"), |manifest| {
        manifest.as_ref().map_err(String::as_str)
    });
    let manifest = manifest.map_err(|error| Verdict::Unproved {
        reason: format!("the manifest of the page: {}", harmless(error)),
    })?;
    let wrong = |reason: &str| Verdict::Wrong {
        reason: reason.to_owned(),
    };
    if !cast.target.place().is_of(manifest) {
        return Err(wrong("the manifest is about another page"));
    }
    if manifest.oracle != cast.oracle {
        return Err(wrong("the manifest is another oracle's"));
    }
    let listed = manifest
        .votes
        .get(&grant)
        .ok_or_else(|| wrong("the manifest does not list the grant"))?;
    if listed.value != cast.value {
        return Err(wrong("the manifest lists another value"));
    }
    listed.evidence.ok_or_else(|| Verdict::Unproved {
        reason: "the manifest names no document for this value, so nothing here proves it".to_owned(),
    })
}

/// A document, and the value that follows from it or why none does.
pub struct Computed {
    pub evidence: Evidence,
    pub value: Result<i64, String>,
}

/// Reads a document and computes its value, away from everything else: a stranger may have written one that takes a
/// day.
///
/// # Errors
/// If it is no evidence, or takes too long.
pub async fn computed(bytes: Vec<u8>) -> Result<Computed, String> {
    computed_within(LONGEST, move || {
        let evidence =
            Evidence::of_bytes(&bytes).map_err(|error| format!("it is not a document of the daemon: {error}"))?;
        let value = evidence.value().map_err(|error| error.to_string());
        Ok(Computed { evidence, value })
    })
    .await
}

async fn computed_within<T: Send + 'static>(
    patience: Duration,
    compute: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (done, result) = oneshot::channel();
    // Not one of the runtime's threads, for whose end the process would wait.
    let begun = thread::Builder::new().spawn(move || {
        let _ = done.send(compute());
    });
    begun.map_err(|error| format!("it cannot be computed: {error}"))?;
    match timeout(patience, result).await {
        Ok(Ok(computed)) => computed,
        Ok(Err(_)) => Err("it cannot be computed".to_owned()),
        Err(_) => Err(format!(
            "computing its value takes longer than {} s",
            patience.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        bytemuck::Zeroable,
        earnout::{
            events::{PageAttested, ValueAttested},
            state::Cadence,
        },
        earnout_sdk::wire::Listed,
    };

    const PLAN: Pubkey = Pubkey::new_from_array([1; 32]);
    const ORACLE: Pubkey = Pubkey::new_from_array([2; 32]);

    fn on(kpi: u8, grant: Option<u32>) -> Target {
        Target {
            plan: PLAN,
            kpi,
            period: 2,
            grant,
        }
    }

    fn upload(first: u32, values: &[i64], evidence: u8) -> PageAttested {
        PageAttested {
            plan: PLAN,
            time: 0,
            sequence: 0,
            kpi: 1,
            period: 2,
            first,
            oracle: ORACLE,
            values: values.to_vec(),
            evidence: [evidence; 32],
            late: 0,
            resolved: 0,
            rent: None,
        }
    }

    #[test]
    fn what_happened_says_the_last_vote_and_the_last_manifest() {
        let shared = ValueAttested {
            plan: PLAN,
            time: 0,
            sequence: 0,
            kpi: 0,
            period: 2,
            oracle: ORACLE,
            value: 5,
            evidence: [5; 32],
            rent: None,
            resolved: false,
        };
        let others = PageAttested {
            oracle: PLAN,
            ..upload(0, &[9; 64], 9)
        };
        let earlier = PageAttested {
            period: 1,
            ..upload(0, &[9; 64], 9)
        };
        let uploads = [
            upload(62, &[1, 2], 1),
            upload(64, &[3], 2),
            upload(60, &[4, NO_VALUE, 6, 7], 3),
            others,
            earlier,
        ];
        let mut events = vec![Event::ValueAttested(Box::new(shared))];
        events.extend(uploads.map(|upload| Event::PageAttested(Box::new(upload))));
        let votes = |whose| replayed(PLAN, 2, &whose, events.iter());
        let expected = [
            (on(0, None), (5, [5; 32])),
            (on(1, Some(60)), (4, [3; 32])),
            (on(1, Some(62)), (6, [3; 32])),
            (on(1, Some(63)), (7, [3; 32])),
            (on(1, Some(64)), (3, [2; 32])),
        ];
        let expected = expected.map(|(target, vote)| ((ORACLE, target), vote));
        assert_eq!(votes(Whose::These([ORACLE].into())), Votes::from(expected));
        // Another one's uploads on the same page have a manifest of their own.
        let all = votes(Whose::All);
        assert_eq!(all.len(), expected.len() + 64);
        assert_eq!(all.get(&(PLAN, on(1, Some(62)))), Some(&(9, [9; 32])));
        assert_eq!(all.get(&(ORACLE, on(1, Some(62)))), Some(&(6, [3; 32])));
    }

    #[test]
    fn a_manifest_proves_only_what_it_lists() {
        let mut manifest = Manifest::new(PLAN, ORACLE, 1, 2, 1);
        for (grant, value, evidence) in [(64, 5, Some([6; 32])), (65, 7, None)] {
            manifest.votes.insert(grant, Listed { value, evidence });
        }
        let cast = |oracle, target, value| Cast {
            oracle,
            target,
            value,
            evidence: Some([1; 32]),
            on_chain: true,
        };
        let read = Ok(manifest.clone());
        let of = |oracle: Pubkey, target: Target, value| {
            listed(&cast(oracle, target, value), target.grant.unwrap(), Some(&read))
        };
        let found = |target: Target, value| of(ORACLE, target, value);
        assert_eq!(found(on(1, Some(64)), 5), Ok([6; 32]));
        for (target, value, part) in [
            (on(1, Some(64)), 6, "another value"),
            (on(1, Some(66)), 5, "does not list"),
            (on(2, Some(64)), 5, "another page"),
            (on(1, Some(63)), 5, "another page"),
            (on(1, Some(65)), 7, "names no document"),
        ] {
            let verdict = format!("{:?}", found(target, value).unwrap_err());
            assert!(verdict.contains(part), "{verdict}");
        }
        assert!(format!("{:?}", of(PLAN, on(1, Some(64)), 5)).contains("another oracle's"));
        for gone in [None, Some(&Err("gone".to_owned()))] {
            let verdict = listed(&cast(ORACLE, on(1, Some(64)), 5), 64, gone).unwrap_err();
            assert!(matches!(verdict, Verdict::Unproved { .. }), "{verdict:?}");
        }
        assert_eq!(on(1, Some(64)).place().address(), pda::page(&PLAN, 1, 2, 1));
    }

    /// A plan whose first KPI is shared and has one decimal, in its period 2.
    fn case() -> Case {
        let mut plan = Plan::zeroed();
        plan.kpi_count = 2;
        plan.kpis[0].decimals = 1;
        plan.grant_counter = u32::MAX;
        // Periods of 100 s from -100 on.
        (plan.start_ts, plan.period_count) = (-100, 4);
        (plan.cadence_kind, plan.cadence_length) = Cadence::Seconds(100).to_stored();
        let times = PeriodTimes {
            period: 2,
            start: 100,
            end: 200,
            attest_deadline: 300,
            settle_deadline: 400,
        };
        Case {
            address: PLAN,
            plan,
            times,
            beneficiaries: BTreeMap::new(),
        }
    }

    #[test]
    fn evidence_proves_a_value_only_in_the_units_and_the_time_of_the_chain() {
        let document = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut document = serde_json::json!({
                "format": "earnout-evidence/1", "version": "0", "feed": "a", "plan": PLAN.to_string(), "kpi": 0,
                "kpi_name": "a", "decimals": 1, "rounding": "exact",
                "scope": { "period": 2, "start": 100, "end": 200, "earlier": case().earlier(), "grant": null },
                "measurements": [],
            });
            change(&mut document);
            serde_json::from_value::<Evidence>(document).unwrap()
        };
        let cast = Cast {
            oracle: ORACLE,
            target: on(0, None),
            value: 760,
            evidence: Some([1; 32]),
            on_chain: true,
        };
        let judged = |evidence, value| case().judged(&cast, Ok(Computed { evidence, value }));
        assert_eq!(judged(document(&|_| ()), Ok(760)), Verdict::Proved);
        for (change, value, part) in [
            (
                &(|_: &mut serde_json::Value| ()) as &dyn Fn(&mut serde_json::Value),
                Ok(76),
                "gives 7.6",
            ),
            (&|_| (), Err("a\u{1b}[2J".to_owned()), "\\u{1b}[2J"),
            // 760 without a decimal is not 76.0.
            (&|document| document["decimals"] = 0.into(), Ok(760), "other decimals"),
            (
                &|document| document["scope"]["start"] = 99.into(),
                Ok(760),
                "another time",
            ),
            (
                &|document| document["scope"]["end"] = 201.into(),
                Ok(760),
                "another time",
            ),
            (
                &|document| document["scope"]["earlier"]["before"]["start"] = 1.into(),
                Ok(760),
                "another period before",
            ),
            (
                &|document| document["scope"]["period"] = 1.into(),
                Ok(760),
                "something else",
            ),
            (
                &|document| document["plan"] = ORACLE.to_string().into(),
                Ok(760),
                "something else",
            ),
        ] {
            let Verdict::Wrong { reason } = judged(document(change), value) else {
                panic!("it proves nothing");
            };
            assert!(reason.contains(part), "{reason}");
        }
        let unread = case().judged(&cast, Err("it is not a document of the daemon".to_owned()));
        assert!(matches!(unread, Verdict::Unproved { .. }));
    }

    #[test]
    fn pages_are_named_one_after_the_other() {
        let mut case = case();
        case.plan.kpis[1].scope = Scope::Individual as u8;
        let mut places = case.places(u32::MAX).unwrap();
        let first: Vec<Option<u32>> = places.by_ref().take(4).map(|place| place.page).collect();
        assert_eq!(first, [None, Some(0), Some(1), Some(2)]);
        drop(places);
        let (pages, complaint) = case.pages();
        assert_eq!(pages, 16_384);
        assert!(complaint.unwrap().contains("4294967295 grants"));
        case.plan.grant_counter = 65;
        assert_eq!(case.pages(), (2, None));
    }

    #[tokio::test]
    async fn what_takes_for_ever_is_left() {
        let slow = || {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        };
        let error = computed_within(Duration::from_millis(50), slow).await.unwrap_err();
        assert!(error.contains("longer"), "{error}");
        assert!(computed(b"{}".to_vec()).await.is_err());
    }
}
