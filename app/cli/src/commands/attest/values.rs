//! `earnout attest --values`: the values of many grants, page by page.

use {
    super::{
        manifest::{Held, Kept, Manifests, Proof, require_whole},
        measures, require_voting,
        table::{self, Row, wrong},
    },
    crate::{
        context::{app::App, reference::kpi_name},
        fault::{Exit, Fault},
        send::many::{Sending, interrupted, signatures, unfinished},
        shown::{fields::Fields, mistakes::refused, progress::Progress, text::safe},
    },
    earnout::{
        constants::PAGE_GRANTS,
        instructions::AttestPageArgs,
        state::{Grant, Kpi, Plan, first_of, place},
    },
    earnout_sdk::{
        client::{
            Client, Submission,
            bulk::{self, Bulk, Journal, Task, TaskReport},
        },
        send::cost,
        terms::plan_file::{Mistake, Mistakes, read_text},
        text::amount::{count, counted, ranges},
        wire::{Evaluation, Listed, Manifest, instructions, pda, uploads},
    },
    futures_util::{StreamExt, TryStreamExt, stream},
    serde::{Deserialize, Serialize},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        collections::{BTreeMap, BTreeSet},
        fmt,
        path::PathBuf,
        rc::Rc,
    },
};

/// Uploads that are simulated at the same time.
const SIMULATIONS_AT_ONCE: usize = 8;

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
    /// SHA-256 of the document behind the values that name none.
    pub evidence: Option<[u8; 32]>,
    pub manifests: Manifests,
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

impl Part {
    fn page(&self) -> u32 {
        place(self.first).0
    }
}

/// What of a page is reported together.
struct PageUpload {
    values: BTreeMap<u32, i64>,
    manifest: Manifest,
}

/// What was reported, or would be.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    plan: String,
    kpi: u8,
    period: u16,
    /// The evidence of each page, except where nothing was sent.
    manifests: Vec<Kept>,
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
        let (rows, mistakes) = table::read(&text, kpi);
        if rows.is_empty() {
            return Err(self.wrong(mistakes));
        }
        let mut report = Report {
            plan: self.plan.to_string(),
            kpi: self.kpi,
            period: self.period,
            ..Report::default()
        };
        let mut tasks = Vec::new();
        let pages = self.open(client, kpi, &rows, mistakes, &mut report).await?;
        for page in self.sound(client, pages, &mut report).await? {
            let kept = self.manifests.keep(&page.manifest, self.sending.dry_run)?;
            report.manifests.push(kept);
            report.reported = report.reported.saturating_add(page.values.len());
            tasks.push(self.task(&page));
        }
        if self.sending.dry_run {
            output.note("nothing was sent");
            report.is_forecast = true;
            return report.finish(self.app);
        }
        if !tasks.is_empty() {
            let mut facts = Fields::default();
            facts.say("plan", self.plan);
            facts.say("KPI", kpi_name(kpi));
            facts.say("period", self.period);
            facts.say("values", count(report.reported));
            facts.say("manifests", self.manifests.folder().display());
            facts.say("oracle", self.app.named(&self.oracle.pubkey()));
            facts.say("cluster", self.app.cluster().unwrap_or_default());
            output.note(format!("Report values\n{}", facts.indented()));
        }
        self.send(client, tasks, &mut report).await?;
        report.finish(self.app)
    }

    fn wrong(&self, mut mistakes: Vec<Mistake>) -> Fault {
        mistakes.sort_by_key(|mistake| mistake.line);
        let file = self.file.clone();
        refused(self.app.output(), Mistakes { file, mistakes })
    }

    /// What is to be reported of each page, by what the pages hold. `mistakes` are those of the file's text.
    async fn open(
        &self,
        client: &Client,
        kpi: &Kpi,
        rows: &BTreeMap<u32, Row>,
        mut mistakes: Vec<Mistake>,
        report: &mut Report,
    ) -> Result<Vec<PageUpload>, Fault> {
        let oracle = self.oracle.pubkey();
        let addresses: Vec<_> = rows.keys().map(|number| pda::grant(&self.plan, *number)).collect();
        let grants = client.grants(&addresses).await?;
        let grants: BTreeMap<u32, Option<Grant>> = rows.keys().copied().zip(grants).collect();
        let beneficiaries = grants.iter();
        let beneficiaries = beneficiaries.filter_map(|(number, grant)| Some((*number, grant.as_ref()?.beneficiary)));
        let beneficiaries: BTreeMap<u32, Pubkey> = beneficiaries.collect();
        let pages: BTreeSet<u32> = rows.keys().map(|number| place(*number).0).collect();
        let address = |page: &u32| pda::page(&self.plan, self.kpi, self.period, *page);
        let addresses: Vec<_> = pages.iter().map(address).collect();
        let states = client.evaluations(&addresses).await?;
        let absent = addresses.into_iter().zip(&states).filter(|(_, state)| state.is_none());
        let absent: Vec<_> = absent.map(|(address, _)| address).collect();
        client.require_absent(&self.plan, self.state, &absent).await?;

        let mut uploads = Vec::new();
        let mut has_news = false;
        for (page, state) in pages.into_iter().zip(states) {
            let state = state.as_ref().and_then(Evaluation::page);
            let held = state.map(|state| Held::of(state, &oracle, &beneficiaries));
            let held = held.unwrap_or_default();
            let first = first_of(page);
            let of_page = rows.range(first..=first.saturating_add(u32::from(PAGE_GRANTS) - 1));
            let mut given = BTreeMap::new();
            for (number, row) in of_page {
                let listed = Listed {
                    value: row.value,
                    evidence: row.evidence.or(self.evidence),
                };
                // What stands already is only repeated, whatever has become of the grant.
                if held.votes.get(number) != Some(&row.value) {
                    match grants.get(number).copied().flatten() {
                        Some(grant) if grant.beneficiary == oracle => {
                            report.own.push(*number);
                            continue;
                        }
                        Some(_) if held.is_agreed(*number) => {
                            report.agreed.push(*number);
                            continue;
                        }
                        grant => {
                            has_news = true;
                            let measured = self.measures(kpi, *number, grant.as_ref());
                            mistakes.extend(measured.err().map(|what| wrong(row.line, "", what)));
                        }
                    }
                }
                given.insert(*number, listed);
            }
            uploads.push((
                Manifest::new(self.plan, oracle, self.kpi, self.period, page),
                held,
                given,
            ));
        }
        // When voting is over, its grants are settled, and that is no mistake of the file.
        if has_news {
            require_voting(self.state, self.period, client.now().await?)?;
        }
        if !mistakes.is_empty() {
            return Err(self.wrong(mistakes));
        }
        let completed = uploads.into_iter().filter_map(|(page, held, given)| {
            let values = || self.complete(page, &held, &given, report);
            values().transpose()
        });
        completed.collect()
    }

    /// Those values of a page that are to be reported, and the manifest; none if the chain has it all.
    fn complete(
        &self,
        page: Manifest,
        held: &Held,
        given: &BTreeMap<u32, Listed>,
        report: &mut Report,
    ) -> Result<Option<PageUpload>, Fault> {
        let values = given.iter().map(|(number, listed)| (*number, listed.value));
        let (same, new): (BTreeMap<_, _>, BTreeMap<_, _>) =
            values.partition(|(number, value)| held.votes.get(number) == Some(value));
        report.unchanged = report.unchanged.saturating_add(same.len());
        if given.is_empty() {
            return Ok(None);
        }
        let Proof { manifest, forgotten } = self.manifests.complete(page, held, given)?;
        // Other evidence needs a value to come with.
        let open = same.into_iter().filter(|(number, _)| !held.is_agreed(*number));
        let values = match new.is_empty() {
            true if manifest.hash() == held.evidence => return Ok(None),
            true => open.collect(),
            false => new,
        };
        if values.is_empty() {
            return Ok(None);
        }
        if !forgotten.is_empty() {
            self.app.output().note(format!(
                "the documents of grants {} are not named any more: the manifest {}.json, which may name some, is not in {}",
                ranges(forgotten),
                hex::encode(held.evidence),
                self.manifests.folder().display()
            ));
        }
        Ok(Some(PageUpload { values, manifest }))
    }

    /// Whether the oracle's value counts for the grant; else why not.
    fn measures(&self, kpi: &Kpi, number: u32, grant: Option<&Grant>) -> Result<(), String> {
        let what = match grant {
            None if number < self.state.grant_counter => "was closed: nothing is settled for it any more".to_owned(),
            None => format!("does not exist: the plan has made {}", self.state.grant_counter),
            Some(grant) => match measures(kpi, self.kpi, self.period, &self.oracle.pubkey(), grant) {
                Ok(()) => return Ok(()),
                Err(what) => what,
            },
        };
        Err(format!("grant {number} {what}"))
    }

    /// Those of `pages` that can be sent: the chain will have what their manifests list. Where that cannot be said, for
    /// the upload would fail, it is noted as refused.
    async fn sound(
        &self,
        client: &Client,
        pages: Vec<PageUpload>,
        report: &mut Report,
    ) -> Result<Vec<PageUpload>, Fault> {
        let checks = pages.iter().map(async |page| {
            let submission = Submission::new(vec![self.instruction(page)], self.sending.payer.as_ref());
            let submission = submission.signed_by([self.oracle, self.payer.as_ref()]);
            require_whole(client, &page.manifest, &submission).await
        });
        let checks = stream::iter(checks).buffered(SIMULATIONS_AT_ONCE);
        let failures: Vec<_> = checks.try_collect().await?;
        let mut sound = Vec::new();
        for (page, failure) in pages.into_iter().zip(failures) {
            match failure {
                None => sound.push(page),
                Some(failure) => report.refused.push(Refused {
                    grants: ranges(page.values.keys().copied()),
                    why: failure.to_string(),
                }),
            }
        }
        Ok(sound)
    }

    /// What reports a page: all of its values at once.
    fn instruction(&self, page: &PageUpload) -> Instruction {
        let (first, values) = uploads(&page.values).pop().unwrap_or_default();
        let args = AttestPageArgs {
            kpi: self.kpi,
            period: self.period,
            first,
            values,
            evidence: page.manifest.hash(),
        };
        instructions::attest_page(&self.payer.pubkey(), &self.oracle.pubkey(), &self.plan, args)
    }

    fn task(&self, page: &PageUpload) -> Task<Part> {
        let mut grants = page.values.keys();
        let first = grants.next().copied().unwrap_or_default();
        let part = Part {
            first,
            last: grants.next_back().copied().unwrap_or(first),
            values: page.values.len(),
        };
        Task {
            item: part,
            group: cost::alone(self.instruction(page), cost::ATTEST_PAGE),
        }
    }

    async fn send(&self, client: &Client, tasks: Vec<Task<Part>>, report: &mut Report) -> Result<(), Fault> {
        let bulk = Bulk {
            endpoint: client,
            fee_payer: self.sending.payer.as_ref(),
            signers: vec![self.oracle, self.payer.as_ref()],
            // The program takes a vote twice: before one is signed anew, the same command looks at what there is.
            options: bulk::Options {
                attempts: 1,
                ..self.sending.options
            },
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
        let not_sent: BTreeSet<u32> = refused
            .iter()
            .map(|(part, _)| part)
            .chain(&left)
            .map(Part::page)
            .collect();
        report.manifests.retain(|kept| !not_sent.contains(&kept.page));
        report.reported = sum(&mut done.iter().map(|(part, _)| part));
        report.left = sum(&mut left.iter());
        report.refused.extend(refused.iter().map(|(part, failure)| Refused {
            grants: ranges(part.first..=part.last),
            why: failure.to_string(),
        }));
        report.unknown = signatures(&unknown);
        report.transactions = progress.executed;
        report.failed_transactions = progress.failed;
        Ok(())
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
            None => format!("the network took no transaction for {}", counted(self.left, "value")),
        };
        let said = match self.is_forecast {
            true => "not all values would be reported",
            false => "not all values were reported",
        };
        let fault = Fault::new(said)
            .why(why)
            .advice("run the same command again: what is reported stays")
            .exit(exit);
        unfinished(app, self, &self.unknown, "nothing more was reported after them", fault)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_forecast { "to report" } else { "reported" };
        write!(out, "{verb}: {}", counted(self.reported, "value"))?;
        if self.transactions > 0 {
            write!(out, " in {}", counted(self.transactions, "transaction"))?;
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
        if self.is_forecast {
            return Ok(());
        }
        for kept in &self.manifests {
            let file = safe(&kept.file.display().to_string());
            write!(out, "\nmanifest of page {}, to be published: {file}", kept.page)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_is_told_with_the_files_to_publish() {
        let folder = tempfile::tempdir().unwrap();
        let key = Pubkey::new_from_array([1; 32]);
        let manifest = Manifest::new(key, key, 0, 0, 3);
        let kept = Manifests::at(folder.path().to_owned()).keep(&manifest, true).unwrap();
        let file = kept.file.display().to_string();
        let mut report = Report {
            manifests: vec![kept],
            reported: 1,
            transactions: 1,
            unchanged: 2,
            ..Report::default()
        };
        let said = report.to_string();
        assert!(
            said.starts_with("reported: 1 value in 1 transaction; 2 had been"),
            "{said}"
        );
        assert!(
            said.ends_with(&format!("\nmanifest of page 3, to be published: {file}")),
            "{said}"
        );
        (report.reported, report.transactions) = (64, 2);
        assert!(
            report.to_string().starts_with("reported: 64 values in 2 transactions"),
            "{report}"
        );
        // What was not sent was not written either.
        report.is_forecast = true;
        assert!(!report.to_string().contains("manifest"), "{report}");
    }
}
