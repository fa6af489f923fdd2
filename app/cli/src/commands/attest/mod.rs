//! `earnout attest`.

mod manifest;
mod table;
mod values;

use {
    super::hash,
    crate::{
        context::{
            app::App,
            reference::{GrantBeside, KpiRef, PlanRef, kpi_name, period_times},
            time::Moment,
        },
        fault::Fault,
        send::{
            Action, Outgoing, SendArgs,
            many::{Sending, present},
        },
    },
    clap::Args,
    earnout::{
        instructions::{AttestArgs, AttestPageArgs},
        state::{Grant, Kpi, Plan, Scope, place},
    },
    earnout_sdk::{
        client::{ClientError, Submission},
        text::amount,
        wire::{Evaluation, Listed, Manifest, instructions, pda},
    },
    manifest::{Held, Manifests, Proof, require_whole},
    solana_program::pubkey::Pubkey,
    std::path::{Path, PathBuf},
};

/// Report the value of a KPI for a period, as one of the plan's oracles
///
/// Votes are accepted from the end of the period until the voting window is over. A vote can be changed until enough
/// oracles agree.
///
/// An individual KPI has a value for each grant. With --grant one is reported, with --values all that stand in a CSV
/// file with the columns grant (its number), value and, if you like, evidence (SHA-256 of the document behind the
/// value). 64 grants share an account and, mostly, a transaction. Run the same command again if it was interrupted:
/// what was reported stays.
///
/// What the chain gets as the evidence of a page of 64 grants is the hash of a manifest: a file that lists all that the
/// oracle reported there, with the evidence of each value. It is written into --evidence-dir before anything is sent,
/// and read there when something is added to the page. Publish it: the result names the files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attest PLAN revenue 0 125_000.50 --evidence report.pdf -k oracle.json
  $ earnout attest PLAN tasks 0 --values tasks.csv -k oracle.json
  $ earnout attest PLAN tasks 0 12 --grant 3 --evidence tasks.pdf")]
pub struct Attest {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    /// What was measured, exact, in the KPI's unit
    #[arg(allow_negative_numbers = true, required_unless_present = "values")]
    value: Option<String>,
    #[command(flatten)]
    evidence: Evidence,
    /// The grant that is measured, for an individual KPI: its number, its address, or PLAN/INDEX
    #[arg(long)]
    grant: Option<GrantBeside>,
    /// The values of an individual KPI, a CSV file; --evidence is that of rows that name none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["value", "grant"])]
    values: Option<PathBuf>,
    /// The folder with the manifests of an individual KPI [default: evidence, beside the --values, else here]
    #[arg(long, value_name = "FOLDER")]
    evidence_dir: Option<PathBuf>,
    /// The oracle [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    oracle: Option<String>,
    /// Who pays the rent if this is the first vote [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Evidence {
    /// File with the evidence, of which the hash is recorded; needed, it or the hash, unless --values names it
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// SHA-256 of the evidence, hexadecimal
    #[arg(long, value_name = "HASH")]
    evidence_hash: Option<String>,
}

impl Evidence {
    fn is_named(&self) -> bool {
        self.evidence.is_some() || self.evidence_hash.is_some()
    }

    fn hash(&self) -> Result<[u8; 32], Fault> {
        hash::of("evidence", self.evidence.as_deref(), self.evidence_hash.as_deref())
    }
}

impl Attest {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match (&self.values, &self.value) {
            (Some(file), _) => self.many(app, file.clone()).await,
            (None, Some(value)) => self.one(app, value).await,
            // Refused with the arguments.
            (None, None) => Ok(()),
        }
    }

    async fn many(&self, app: &App, file: PathBuf) -> Result<(), Fault> {
        let sending = Sending::of_many(app, &self.send, "--values").await?;
        let evidence = match self.evidence.is_named() {
            true => Some(self.evidence.hash()?),
            false => None,
        };
        let plan = app.client()?.plan(&self.plan.address()).await?;
        let number = self.kpi.number(&plan)?;
        let kpi = plan.kpi(number)?;
        period_times(&plan, self.period)?;
        if kpi.scope()? == Scope::Shared {
            return Err(once_for_all(kpi).advice("name its value instead of --values"));
        }
        let oracle = present(app, self.oracle.as_deref(), "oracle")?;
        require_oracle(&plan, self.period, &oracle.pubkey())?;
        let upload = values::Upload {
            app,
            plan: self.plan.address(),
            state: &plan,
            kpi: number,
            period: self.period,
            manifests: self.manifests(),
            file,
            evidence,
            oracle: oracle.as_ref(),
            payer: present(app, self.payer.as_deref(), "payer")?,
            sending,
        };
        upload.run().await
    }

    fn manifests(&self) -> Manifests {
        let beside = self.values.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let folder = self.evidence_dir.clone();
        Manifests::at(folder.unwrap_or_else(|| beside.join(manifest::FOLDER)))
    }

    async fn one(&self, app: &App, text: &str) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let evidence = self.evidence.hash()?;
        let plan = outgoing.plan(&address).await?;
        let number = self.kpi.number(&plan)?;
        let kpi = plan.kpi(number)?;
        period_times(&plan, self.period)?;
        let value = amount::parse_value(text, kpi.decimals).map_err(|error| {
            Fault::new(format!("the value {text} {error}")).why(format!(
                "the KPI {} has {}",
                kpi_name(kpi),
                amount::counted(kpi.decimals, "decimal")
            ))
        })?;
        if !kpi.accepts(value) {
            let [min, max] = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
            return Err(
                Fault::new(format!("the value {text} is outside the range of {}", kpi_name(kpi)))
                    .why(format!(
                        "ValueOutOfRange: it accepts {min} to {max}{}; nothing was sent",
                        amount::hint(text)
                    ))
                    .advice("check unit and decimals"),
            );
        }
        let oracle = outgoing.signer(self.oracle.as_deref(), "oracle")?;
        require_oracle(&plan, self.period, &oracle.pubkey())?;
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        let measured = self.measured(&outgoing, &address, kpi).await?;
        let mut action = Action::new("Report a value", Vec::new())
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", self.period)
            .fact("value", amount::fixed(value, kpi.decimals))
            .fact("evidence hash", hex::encode(evidence));
        let attest = match measured {
            None => {
                let args = AttestArgs {
                    kpi: number,
                    period: self.period,
                    value,
                    evidence,
                };
                instructions::attest(&payer.pubkey(), &oracle.pubkey(), &address, args)
            }
            Some((grant, state)) => {
                measures(kpi, number, self.period, &oracle.pubkey(), &state).map_err(|what| {
                    Fault::new(format!("grant {} {what}", state.index))
                        .why("the vote would not count; nothing was sent")
                })?;
                let listed = Listed {
                    value,
                    evidence: Some(evidence),
                };
                let page = Manifest::new(address, oracle.pubkey(), number, self.period, place(state.index).0);
                let place = pda::page(&address, number, self.period, page.page);
                let account = outgoing.evaluation_if_any(&place).await?;
                if account.is_none() {
                    outgoing.require_absent(&address, &plan, place).await?;
                }
                let held = account.as_ref().and_then(Evaluation::page);
                let beneficiary = [(state.index, state.beneficiary)].into();
                let held = held.map(|page| Held::of(page, &oracle.pubkey(), &beneficiary));
                let held = held.unwrap_or_default();
                if held.is_agreed(state.index) && held.votes.get(&state.index) != Some(&value) {
                    return Err(
                        Fault::new(format!("enough oracles agreed on a value of grant {}", state.index))
                            .why("AlreadyResolved: this oracle has voted, and another value would change nothing; nothing was sent")
                            .advice("`earnout attestation show` has the value; `earnout attestation dispute` disputes it"),
                    );
                }
                let given = [(state.index, listed)].into();
                let manifests = self.manifests();
                let Proof { manifest, .. } = manifests.complete(page, &held, &given)?;
                let args = AttestPageArgs {
                    kpi: number,
                    period: self.period,
                    first: state.index,
                    values: vec![value],
                    evidence: manifest.hash(),
                };
                let upload = instructions::attest_page(&payer.pubkey(), &oracle.pubkey(), &address, args);
                // What is signed apart or proposed is executed when others say so, on a page that nobody can show yet.
                if !self.send.sign_only && !self.send.export_transaction {
                    let fee_payer = outgoing.payer()?;
                    let submission = Submission::new(vec![upload.clone()], fee_payer.as_ref());
                    let submission = submission.signed_by([oracle.as_ref(), payer.as_ref()]);
                    if let Some(failure) = require_whole(app.client()?, &manifest, &submission).await? {
                        return Err(outgoing.explain(ClientError::WouldFail(failure), &submission).await);
                    }
                }
                let kept = manifests.keep(&manifest, self.send.dry_run)?;
                action = action
                    .address(app, "grant", grant)
                    .shown("manifest", kept.file.display(), &kept);
                action = match manifest::others(&manifest, 1) {
                    Some(others) => action.fact("also evidence of", others),
                    None => action,
                };
                upload
            }
        };
        let action = action
            .doing(attest)
            .address(app, "oracle", oracle.pubkey())
            .signed_by(oracle)
            .signed_by(payer);
        outgoing.execute(action).await
    }

    /// The grant that is measured, for an individual KPI.
    async fn measured(
        &self,
        outgoing: &Outgoing<'_>,
        plan: &Pubkey,
        kpi: &Kpi,
    ) -> Result<Option<(Pubkey, Grant)>, Fault> {
        match (kpi.scope()?, &self.grant) {
            (Scope::Shared, None) => Ok(None),
            (Scope::Shared, Some(_)) => Err(once_for_all(kpi).advice("leave out --grant")),
            (Scope::Individual, None) => Err(for_each_grant(kpi).advice("say for which one with --grant, or --values")),
            (Scope::Individual, Some(grant)) => {
                let (address, _) = outgoing.grant_of(plan, &grant.of(plan)).await?;
                Ok(Some((address, outgoing.grant(&address).await?)))
            }
        }
    }
}

/// That a grant or a list was named for a shared KPI.
pub fn once_for_all(kpi: &Kpi) -> Fault {
    Fault::new(format!("the KPI {} is measured once for the whole plan", kpi_name(kpi)))
}

/// That no grant was named for an individual KPI.
pub fn for_each_grant(kpi: &Kpi) -> Fault {
    Fault::new(format!("the KPI {} is measured for each grant", kpi_name(kpi)))
}

/// Errors: if `oracle` does not vote on the period.
fn require_oracle(plan: &Plan, period: u16, oracle: &Pubkey) -> Result<(), Fault> {
    let set = plan.oracle_set(period);
    if set.position(oracle).is_some() {
        return Ok(());
    }
    let keys: Vec<_> = set.oracles().iter().map(ToString::to_string).collect();
    Err(Fault::new(format!("{oracle} is not an oracle of period {period}"))
        .why(format!(
            "NotAnOracle: its oracles are {}; nothing was sent",
            keys.join(", ")
        ))
        .advice("sign with an oracle's key: --oracle SIGNER, or -k SIGNER"))
}

/// Errors: if nobody can vote on the period at `now`, in Unix seconds.
fn require_voting(plan: &Plan, period: u16, now: i64) -> Result<(), Fault> {
    let times = period_times(plan, period)?;
    let (what, why) = if now < times.end {
        let why = format!("VotingNotOpen: votes are accepted from {} on", Moment(times.end));
        ("has not ended", why)
    } else if now >= times.attest_deadline {
        let why = format!(
            "VotingClosed: votes were accepted until {}",
            Moment(times.attest_deadline)
        );
        ("takes no more votes", why)
    } else {
        return Ok(());
    };
    Err(Fault::new(format!("period {period} {what}"))
        .why(format!(
            "{why}, and the chain's time is {}; nothing was sent",
            Moment(now)
        ))
        .advice("`earnout plan show` has the times of all periods"))
}

/// Whether the oracle's value of the individual KPI counts for the grant; else why not.
fn measures(kpi: &Kpi, number: u8, period: u16, oracle: &Pubkey, grant: &Grant) -> Result<(), String> {
    if !grant.has_weight(number) {
        Err(format!("has no weight on {}", kpi_name(kpi)))
    } else if !grant.covers(period) {
        Err(format!("does not cover period {period}"))
    } else if grant.has_settled(period) {
        Err(format!("has settled period {period}"))
    } else if grant.beneficiary == *oracle {
        Err("is the oracle's own, and an oracle's vote on its own grant does not count".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn votes_are_taken_from_the_end_of_the_period_to_the_deadline() {
        let mut plan = Plan::zeroed();
        (plan.start_ts, plan.cadence_length, plan.period_count) = (1_000, 100, 3);
        plan.attest_secs = 50;
        let said = |now| {
            require_voting(&plan, 1, now)
                .err()
                .map(|fault| fault.to_json().to_string())
        };
        assert!(said(1_199).is_some_and(|said| said.contains("VotingNotOpen") && said.contains("nothing was sent")));
        assert_eq!((said(1_200), said(1_249)), (None, None));
        assert!(said(1_250).is_some_and(|said| said.contains("VotingClosed")));
    }
}
