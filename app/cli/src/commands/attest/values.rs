//! `earnout attest --values`: the values of many grants, page by page.

use {
    super::{
        measures,
        table::{self, Row, wrong},
    },
    crate::{
        context::{app::App, reference::kpi_name},
        fault::{Exit, Fault},
        send::many::{Sending, interrupted, signatures, unfinished},
        shown::{mistakes::refused, progress::Progress, text::ranges},
    },
    earnout::{
        constants::{NO_VALUE, PAGE_GRANTS},
        instructions::AttestPageArgs,
        state::{Kpi, Plan, slots_of},
    },
    earnout_sdk::{
        client::{
            Client,
            bulk::{self, Bulk, Journal, Task, TaskReport},
        },
        send::cost,
        terms::plan_file::{Mistakes, read_text},
        text::amount::count,
        wire::{Evaluation, PageState, instructions, pda, uploads},
    },
    serde::{Deserialize, Serialize},
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        collections::{BTreeMap, BTreeSet},
        fmt,
        path::PathBuf,
        rc::Rc,
    },
};

/// The values of a file on their way.
pub struct Upload<'a> {
    pub app: &'a App,
    /// Address of the plan.
    pub plan: Pubkey,
    pub state: &'a Plan,
    /// An individual KPI.
    pub kpi: u8,
    pub period: u16,
    pub file: PathBuf,
    /// None if the file itself is the evidence.
    pub evidence: Option<[u8; 32]>,
    pub oracle: &'a dyn Signer,
    /// Who pays the rent.
    pub payer: Rc<dyn Signer>,
    pub sending: Sending,
}

/// The values of one page: the first grant, and how many are reported.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Part {
    first: u32,
    last: u32,
    values: usize,
}

/// What was reported, or would be.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    plan: String,
    kpi: u8,
    period: u16,
    evidence: String,
    /// Values that were reported.
    reported: usize,
    /// Values that the chain has already.
    unchanged: usize,
    /// Grants whose values would change after enough oracles agreed on another one.
    agreed: Vec<u32>,
    /// Grants of the oracle itself, on which its votes do not count.
    own: Vec<u32>,
    refused: Vec<Refused>,
    #[serde(skip)]
    unknown: Vec<Signature>,
    /// Values for which the network took no transaction.
    left: usize,
    transactions: usize,
    failed_transactions: usize,
    #[serde(skip)]
    is_forecast: bool,
}

#[derive(Serialize)]
struct Refused {
    grants: String,
    why: String,
}

impl Upload<'_> {
    /// Reports what the chain does not have yet.
    ///
    /// # Errors
    /// Whatever is wrong with the file, or keeps some of it from being reported.
    pub async fn run(&self) -> Result<(), Fault> {
        let client = self.app.client()?;
        let kpi = self.state.kpi(self.kpi)?;
        let output = self.app.output();
        let text = read_text(&self.file).map_err(|mistakes| refused(output, mistakes))?;
        let wrong = |mistakes| {
            let file = self.file.clone();
            refused(output, Mistakes { file, mistakes })
        };
        let rows = table::read(&text, kpi).map_err(wrong)?;
        let beneficiaries = self.check_grants(client, kpi, &rows).await?;
        let evidence = self.evidence.unwrap_or_else(|| Sha256::digest(&text).into());
        let mut report = Report {
            plan: self.plan.to_string(),
            kpi: self.kpi,
            period: self.period,
            evidence: hex::encode(evidence),
            own: beneficiaries
                .iter()
                .filter(|(_, key)| **key == self.oracle.pubkey())
                .map(|(number, _)| *number)
                .collect(),
            ..Report::default()
        };
        let open = self.open(client, &rows, &beneficiaries, &evidence, &mut report).await?;
        let tasks: Vec<_> = uploads(&open)
            .into_iter()
            .map(|upload| self.task(upload, evidence))
            .collect();
        if self.sending.dry_run {
            output.note("nothing was sent");
            report.reported = open.len();
            report.is_forecast = true;
            return output.show(&report);
        }
        if !tasks.is_empty() {
            output.note(format!(
                "Report values\n  plan      {}\n  KPI       {}\n  period    {}\n  values    {}\n  evidence  {}\n  oracle    \
                 {}\n  cluster   {}",
                self.plan,
                kpi_name(kpi),
                self.period,
                count(open.len()),
                report.evidence,
                self.app.named(&self.oracle.pubkey()),
                self.app.cluster().unwrap_or_default()
            ));
        }
        self.send(client, tasks, &mut report).await?;
        report.finish(self.app)
    }

    /// Whether the grants are there and are measured by the KPI. Returns whose they are; the oracle's own among them.
    async fn check_grants(
        &self,
        client: &Client,
        kpi: &Kpi,
        rows: &BTreeMap<u32, Row>,
    ) -> Result<BTreeMap<u32, Pubkey>, Fault> {
        let addresses: Vec<_> = rows.keys().map(|number| pda::grant(&self.plan, *number)).collect();
        let grants = client.grants(&addresses).await?;
        let (mut mistakes, mut beneficiaries) = (Vec::new(), BTreeMap::new());
        for ((number, row), grant) in rows.iter().zip(grants) {
            let what = match grant {
                None if *number < self.state.grant_counter => {
                    "was closed: nothing is settled for it any more".to_owned()
                }
                None => format!("does not exist: the plan has made {}", self.state.grant_counter),
                Some(grant) => {
                    beneficiaries.insert(*number, grant.beneficiary);
                    if grant.beneficiary == self.oracle.pubkey() {
                        continue;
                    }
                    match measures(kpi, self.kpi, self.period, &self.oracle.pubkey(), &grant) {
                        Ok(()) => continue,
                        Err(what) => what,
                    }
                }
            };
            mistakes.push(wrong(row.line, "", format!("grant {number} {what}")));
        }
        if mistakes.is_empty() {
            return Ok(beneficiaries);
        }
        mistakes.sort_by_key(|mistake| mistake.line);
        let file = self.file.clone();
        Err(refused(self.app.output(), Mistakes { file, mistakes }))
    }

    /// Those of the values that are to be reported, by what the pages hold.
    async fn open(
        &self,
        client: &Client,
        rows: &BTreeMap<u32, Row>,
        beneficiaries: &BTreeMap<u32, Pubkey>,
        evidence: &[u8; 32],
        report: &mut Report,
    ) -> Result<BTreeMap<u32, i64>, Fault> {
        let mut values: BTreeMap<u32, i64> = rows.iter().map(|(grant, row)| (*grant, row.value)).collect();
        values.retain(|grant, _| !report.own.contains(grant));
        let firsts: Vec<_> = uploads(&values).into_iter().map(|(first, _)| first).collect();
        let address = |first: &u32| pda::evaluation(&self.plan, self.kpi, self.period, Some(*first));
        let addresses: Vec<_> = firsts.iter().map(address).collect();
        let pages = client.evaluations(&addresses).await?;
        let mut left_out = Vec::new();
        for page in pages.iter().flatten().filter_map(Evaluation::page) {
            let Some(held) = Held::of(page, &self.oracle.pubkey(), beneficiaries) else {
                continue;
            };
            left_out.extend(held.votes.keys().filter(|grant| !rows.contains_key(*grant)));
            let first = page.head().first_grant();
            let of_page = first..first.saturating_add(PAGE_GRANTS.into());
            let given: Vec<_> = values.range(of_page).map(|(grant, value)| (*grant, *value)).collect();
            let is_same = |(grant, value): &(u32, i64)| held.votes.get(grant) == Some(value);
            let has_evidence = held.evidence == *evidence;
            for (grant, value) in &given {
                let is_agreed = held.agreed.contains(grant) && held.votes.contains_key(grant);
                if is_same(&(*grant, *value)) && (is_agreed || has_evidence) {
                    values.remove(grant);
                    report.unchanged = report.unchanged.saturating_add(1);
                } else if is_agreed {
                    values.remove(grant);
                    report.agreed.push(*grant);
                }
            }
        }
        if left_out.is_empty() || self.evidence.is_some() {
            return Ok(values);
        }
        Err(
            Fault::new(format!("{} leaves out what was reported before", self.file.display()))
                .why(format!(
                    "its hash will stand for whole pages, and {} reported values of grants {} there; nothing was sent",
                    self.oracle.pubkey(),
                    ranges(left_out)
                ))
                .advice("add them, with the values that stand or better ones; or name the evidence with --evidence"),
        )
    }

    fn task(&self, (first, values): (u32, Vec<i64>), evidence: [u8; 32]) -> Task<Part> {
        let length = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let part = Part {
            first,
            last: first.saturating_add(length).saturating_sub(1),
            values: values.iter().filter(|value| **value != NO_VALUE).count(),
        };
        let args = AttestPageArgs {
            kpi: self.kpi,
            period: self.period,
            first,
            values,
            evidence,
        };
        let attest = instructions::attest_page(&self.payer.pubkey(), &self.oracle.pubkey(), &self.plan, args);
        Task {
            item: part,
            group: cost::alone(attest, cost::ATTEST_PAGE),
        }
    }

    async fn send(&self, client: &Client, tasks: Vec<Task<Part>>, report: &mut Report) -> Result<(), Fault> {
        let bulk = Bulk {
            endpoint: client,
            fee_payer: self.sending.payer.as_ref(),
            signers: vec![self.oracle, self.payer.as_ref()],
            options: self.sending.options,
        };
        let mut progress = bulk::Progress {
            total: tasks.len(),
            ..bulk::Progress::default()
        };
        let mut shown = Progress::new("pages", tasks.len(), 0);
        let mut journal = Journal::nowhere();
        let done = bulk
            .do_tasks(&mut journal, tasks, &mut progress, &mut |state| shown.show(state))
            .await;
        shown.finish();
        let TaskReport {
            done,
            refused,
            unknown,
            left,
        } = done.map_err(|error| interrupted(error, &progress, "pages", 0))?;
        let sum = |parts: &mut dyn Iterator<Item = &Part>| parts.map(|part| part.values).fold(0, usize::saturating_add);
        report.reported = sum(&mut done.iter().map(|(part, _)| part));
        report.left = sum(&mut left.iter());
        report.refused = refused
            .iter()
            .map(|(part, failure)| Refused {
                grants: ranges(part.first..=part.last),
                why: failure.to_string(),
            })
            .collect();
        report.unknown = signatures(&unknown);
        report.transactions = progress.executed;
        report.failed_transactions = progress.failed;
        Ok(())
    }
}

/// What a page holds of an oracle.
pub struct Held {
    /// By the grant's number.
    pub votes: BTreeMap<u32, i64>,
    /// Grants on which enough oracles agreed, so that nothing can change what counts.
    agreed: BTreeSet<u32>,
    evidence: [u8; 32],
}

impl Held {
    /// None if the oracle is not in the set that votes. Of grants that `beneficiaries` does not have it is not known
    /// whether anything can change.
    pub fn of(page: &PageState, oracle: &Pubkey, beneficiaries: &BTreeMap<u32, Pubkey>) -> Option<Self> {
        let view = page.view();
        let ballot = view.ballots().find(|ballot| ballot.head.oracle == *oracle)?;
        let grant = |slot: u8| page.head().first_grant().saturating_add(slot.into());
        let slots = slots_of(ballot.head.voted);
        let votes = slots
            .filter_map(|slot| Some((grant(slot), ballot.vote(slot)?)))
            .collect();
        let is_agreed = |slot: &u8| {
            let beneficiary = beneficiaries.get(&grant(*slot));
            beneficiary.is_some_and(|key| view.tally(*slot, key).is_ok_and(|tally| tally.agreed.is_some()))
        };
        let agreed = (0..page.head().capacity).filter(is_agreed).map(grant).collect();
        Some(Self {
            votes,
            agreed,
            evidence: ballot.head.evidence,
        })
    }
}

impl Report {
    fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.unknown.is_empty() && self.left == 0
    }

    fn finish(&self, app: &App) -> Result<(), Fault> {
        if self.is_complete() {
            return app.output().show(self);
        }
        let exit = if self.reported == 0 {
            Exit::Nothing
        } else {
            Exit::Partly
        };
        let why = match self.refused.first() {
            Some(refused) => format!("grants {}: {}", refused.grants, refused.why),
            None => format!("the network took no transaction for {} values", count(self.left)),
        };
        let fault = Fault::new("not all values were reported")
            .why(why)
            .advice("run the same command again: what is reported stays")
            .exit(exit);
        unfinished(app, self, &self.unknown, "nothing more was reported after them", fault)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_forecast { "to report" } else { "reported" };
        write!(out, "{verb}: {} values", count(self.reported))?;
        if self.transactions > 0 {
            write!(out, " in {} transactions", count(self.transactions))?;
        }
        if self.unchanged > 0 {
            write!(out, "; {} had been reported", count(self.unchanged))?;
        }
        if !self.agreed.is_empty() {
            let grants = ranges(self.agreed.iter().copied());
            write!(
                out,
                "; kept, since enough oracles agreed on another value: grants {grants}"
            )?;
        }
        if !self.own.is_empty() {
            let grants = ranges(self.own.iter().copied());
            write!(
                out,
                "; left out, since an oracle's vote on its own grant does not count: {grants}"
            )?;
        }
        Ok(())
    }
}
