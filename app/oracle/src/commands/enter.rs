//! `enter`, `withdraw` and `forget`: where a person decides.

use {
    super::{DONE, named_duties, operator},
    crate::{
        args::{Enter, Forget},
        measure::{Attached, Bound, Checks, Confirmation, Entry, Rounding, value},
        service::{Config, Daemon, keys, standing::tally},
        vote::{Duty, Target},
    },
    anyhow::{Context, Result, bail},
    earnout::state::Plan,
    earnout_sdk::{text::time, wire::Evaluation},
    solana_signer::Signer,
    std::{collections::BTreeSet, fs, path::Path},
};

/// Most bytes of one document that is attached.
const LARGEST_DOCUMENT: u64 = 24 << 20;

/// What somebody says of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    grant: Option<u32>,
    value: String,
    /// Why; empty where a second person says it.
    note: String,
}

/// Who says it.
struct Author {
    name: String,
    key: Option<Box<dyn Signer>>,
}

impl Author {
    fn of(key: Option<&str>) -> Result<Self> {
        let key = key.map(|key| keys::open(key, "who enters the value")).transpose()?;
        let name = key.as_ref().map_or_else(operator, |key| key.pubkey().to_string());
        Ok(Self { name, key })
    }

    /// Its signature of what it says, if it has a key.
    fn signature(&self, target: &Target, value: &str) -> Result<Option<String>> {
        let text = statement(target, value);
        let signed = self.key.as_ref().map(|key| key.try_sign_message(text.as_bytes()));
        Ok(signed.transpose()?.map(|signature| signature.to_string()))
    }
}

/// What is signed: one line for each thing that the value is of, and the value.
fn statement(target: &Target, value: &str) -> String {
    let grant = target.grant.map_or_else(|| "-".to_owned(), |grant| grant.to_string());
    let Target { plan, kpi, period, .. } = target;
    format!("earnout-entry/1\nplan {plan}\nkpi {kpi}\nperiod {period}\ngrant {grant}\nvalue {value}\n")
}

/// Takes what people say. Everything is checked first; of what has a mistake nothing is kept.
///
/// # Errors
/// With every mistake, each with its grant.
pub async fn enter(args: &Enter, config: Config) -> Result<u8> {
    let said = said(args)?;
    let author = Author::of(args.key.as_deref())?;
    let daemon = Daemon::beside(config)?;
    let grants: Vec<Option<u32>> = said.iter().map(|said| said.grant).collect();
    let (bound, plan, duties) = named_duties(&daemon, &args.feed, args.period, &grants).await?;
    let now = daemon.endpoints.ask(async |client| client.now().await).await?;
    let window = Window::of(&duties, now)?;
    let found = match args.correct {
        true => evaluations(&daemon, &duties).await?,
        false => Vec::new(),
    };
    let taking = Taking {
        daemon: &daemon,
        bound: &bound,
        plan: &plan,
        args,
        author: &author,
    };
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for (number, (said, duty)) in said.iter().zip(&duties).enumerate() {
        let evaluation = found.get(number).and_then(Option::as_ref);
        match taking.entry(said, duty, evaluation) {
            Ok(entry) => entries.push((duty.target, entry)),
            Err(mistake) => mistakes.push(match said.grant.filter(|_| args.file.is_some()) {
                Some(grant) => format!("grant {grant}: {mistake:#}"),
                None => format!("{mistake:#}"),
            }),
        }
    }
    if !mistakes.is_empty() {
        bail!("{}; nothing was entered", mistakes.join("\n  "));
    }
    let documents = attached(&daemon, &args.documents)?;
    for (_, entry) in &mut entries {
        entry.documents.extend(documents.iter().cloned());
    }
    let missing = entries
        .first()
        .map(|(_, entry)| bound.feed.consent.saturating_sub(entry.people()));
    // Whoever confirms a correction leaves it one.
    let corrects = match entries.first().filter(|_| args.confirm) {
        Some((target, _)) => daemon.journal().correction(target)?.is_some(),
        None => args.correct,
    };
    daemon.journal().enter(&entries, corrects)?;
    let what = match said.as_slice() {
        [said] => said.value.clone(),
        several => format!("{} values", several.len()),
    };
    let done = if args.confirm { "confirmed" } else { "entered" };
    let next = match missing.unwrap_or_default() {
        0 if window.closes <= now.saturating_add(60) => "the window is about to close".to_owned(),
        0 => "the daemon attests it when it is due".to_owned(),
        1 => "one more person has to `enter --confirm` it".to_owned(),
        missing => format!("{missing} more people have to `enter --confirm` it"),
    };
    println!("{done} {what} for period {} of feed {}; {next}", args.period, args.feed);
    Ok(DONE)
}

/// When values can be entered.
struct Window {
    closes: i64,
}

impl Window {
    fn of(duties: &[Duty], now: i64) -> Result<Self> {
        let duty = duties.first().context("there is no value")?;
        let period = duty.target.period;
        if now >= duty.closes {
            bail!(
                "the vote window of period {period} closed at {}",
                time::text(duty.closes)
            );
        }
        if now < duty.opens {
            bail!(
                "period {period} has not ended: it ends at {}, and only then its value is known",
                time::text(duty.opens)
            );
        }
        Ok(Self { closes: duty.closes })
    }
}

/// What the values are judged by.
struct Taking<'a> {
    daemon: &'a Daemon,
    bound: &'a Bound<'a>,
    plan: &'a Plan,
    args: &'a Enter,
    author: &'a Author,
}

impl Taking<'_> {
    /// What is kept of what somebody says.
    fn entry(&self, said: &Said, duty: &Duty, evaluation: Option<&Evaluation>) -> Result<Entry> {
        let terms = &self.bound.terms;
        let fixed = value::to_fixed(value::parse(&said.value)?, terms.decimals, Rounding::Exact);
        let fixed = fixed.map_err(|error| match error {
            value::ValueError::NeedsRounding { value, decimals } => {
                anyhow::anyhow!("{value} has more decimals than the KPI, which has {decimals}")
            }
            error => error.into(),
        })?;
        Checks::default().bounds(fixed, (terms.range_min, terms.range_max), terms.decimals)?;
        let journal = self.daemon.journal();
        if self.args.confirm {
            let entry = journal.entry(&duty.target)?;
            let mut entry = entry.context("nobody has entered a value that could be confirmed")?;
            if entry.fixed(terms.decimals) != Some(fixed) {
                bail!("{} has entered {}, not {}", entry.entered_by, entry.value, said.value);
            }
            if entry.is_said_by(&self.author.name) {
                bail!("{} has said it already: another person has to", self.author.name);
            }
            entry.confirmed.push(Confirmation {
                by: self.author.name.clone(),
                at: time::now(),
                signature: self.author.signature(&duty.target, &said.value)?,
            });
            return Ok(entry);
        }
        let vote = journal.vote(&duty.target)?;
        let measured = journal.measured(&duty.target)?;
        match (
            self.args.correct,
            vote.map(|vote| vote.value).or(measured.map(|measured| measured.value)),
        ) {
            (false, Some(_)) if vote.is_some() => {
                bail!("the chain already has this oracle's vote on it; `--correct` replaces it while too few agree")
            }
            (false, Some(_)) => bail!(
                "there is a measured value already; `earnout-oracle forget` it first if it is wrong and not signed yet"
            ),
            (true, None) => bail!("there is nothing to correct: leave out --correct"),
            (true, Some(before)) if before == fixed => bail!("it is {} already", said.value),
            (true, Some(_)) if tally(evaluation, duty)?.agreed.is_some() => bail!(
                "enough oracles agreed on a value of period {} already: a vote changes nothing any more, a dispute can",
                duty.target.period
            ),
            (true, Some(_))
                if self
                    .plan
                    .oracle_set(duty.target.period)
                    .position(&self.daemon.oracle())
                    .is_none() =>
            {
                bail!("{} is not among the oracles of the period", self.daemon.oracle())
            }
            _ => (),
        }
        Ok(Entry {
            value: said.value.clone(),
            note: said.note.clone(),
            entered_by: self.author.name.clone(),
            entered_at: time::now(),
            signature: self.author.signature(&duty.target, &said.value)?,
            documents: Vec::new(),
            confirmed: Vec::new(),
        })
    }
}

/// What the arguments or the file say.
fn said(args: &Enter) -> Result<Vec<Said>> {
    let note = args.note.clone().unwrap_or_default();
    let empty = |value: &str| format!("--note is empty: say why the value is {value}");
    if let Some(file) = &args.file {
        let said = read(file, &note)?;
        if let Some(said) = said.iter().find(|said| said.note.trim().is_empty() && !args.confirm) {
            bail!(empty(&said.value));
        }
        return Ok(said);
    }
    let value = args.value.clone().unwrap_or_default();
    value::parse(&value)?;
    if note.trim().is_empty() && !args.confirm {
        bail!(empty(&value));
    }
    let grant = args.grant;
    Ok(vec![Said { grant, value, note }])
}

/// A CSV file with the columns `grant`, `value` and perhaps `note`; `note` is that of the lines that have none.
fn read(file: &Path, note: &str) -> Result<Vec<Said>> {
    let name = file.display();
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("cannot read {name}"))?;
    let header = reader.headers().with_context(|| format!("cannot read {name}"))?.clone();
    let column = |name: &str| header.iter().position(|column| column.trim() == name);
    let needed = |wanted: &str| column(wanted).with_context(|| format!("{name}:1: there is no column `{wanted}`"));
    let (grants, values, notes) = (needed("grant")?, needed("value")?, column("note"));
    let (mut said, mut seen, mut mistakes) = (Vec::new(), BTreeSet::new(), Vec::new());
    for record in reader.records() {
        let record = record.with_context(|| format!("cannot read {name}"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |position: usize| record.get(position).unwrap_or_default().trim();
        let Ok(grant) = field(grants).parse::<u32>() else {
            mistakes.push(format!(
                "{name}:{line}: {:?} is not the number of a grant",
                field(grants)
            ));
            continue;
        };
        if !seen.insert(grant) {
            mistakes.push(format!("{name}:{line}: grant {grant} stands here for the second time"));
        }
        let own = notes.map(field).filter(|note| !note.is_empty());
        said.push(Said {
            grant: Some(grant),
            value: field(values).to_owned(),
            note: own.unwrap_or(note).to_owned(),
        });
    }
    if !mistakes.is_empty() {
        bail!("{}; nothing was entered", mistakes.join("\n  "));
    }
    if said.is_empty() {
        bail!("{name} has no values");
    }
    Ok(said)
}

/// Keeps copies of documents.
fn attached(daemon: &Daemon, files: &[impl AsRef<Path>]) -> Result<Vec<Attached>> {
    let mut documents = Vec::new();
    for file in files.iter().map(AsRef::as_ref) {
        let metadata = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
        if !metadata.is_file() || metadata.len() > LARGEST_DOCUMENT {
            bail!(
                "{} is not a file of at most {} MiB",
                file.display(),
                LARGEST_DOCUMENT >> 20
            );
        }
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        documents.push(Attached {
            name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: hex::encode(daemon.store.put_foreign(&bytes)?),
        });
    }
    Ok(documents)
}

/// What the chain has of each duty.
async fn evaluations(daemon: &Daemon, duties: &[Duty]) -> Result<Vec<Option<Evaluation>>> {
    let addresses: Vec<_> = duties.iter().map(|duty| duty.target.place().address()).collect();
    let found = daemon
        .endpoints
        .ask(async |client| client.evaluations(&addresses).await);
    Ok(found.await?)
}

/// Takes back what was entered.
pub async fn withdraw(args: &Forget, config: Config) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let (_, _, duties) = named_duties(&daemon, &args.feed, args.period, &[args.grant]).await?;
    let duty = duties.first().context("there is no value")?;
    if !daemon.journal().withdraw(&duty.target)? {
        bail!(
            "there is nothing that can be taken back: nobody has entered a value, or it was signed; `enter --correct` \
             replaces a vote while too few oracles agree"
        );
    }
    println!(
        "withdrawn; period {} of feed {} is measured, or waits for a person, as before",
        args.period, args.feed
    );
    Ok(DONE)
}

/// Forgets what was measured.
pub async fn forget(args: &Forget, config: Config) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let (_, _, duties) = named_duties(&daemon, &args.feed, args.period, &[args.grant]).await?;
    let duty = duties.first().context("there is no value")?;
    if !daemon.journal().forget_measured(&duty.target)? {
        bail!("there is no measured value that was not signed yet: what was signed may be on its way and stays");
    }
    println!(
        "forgotten; the daemon measures period {} of feed {} again",
        args.period, args.feed
    );
    Ok(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(text: &str) -> Result<Vec<Said>, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("values.csv");
        fs::write(&file, text).unwrap();
        read(&file, "as reviewed").map_err(|error| error.to_string())
    }

    #[test]
    fn many_values_come_from_a_file() {
        let said = of_file("\u{feff}grant,value,note\n3, 81.5 ,\n0,7,three reviewers\n").unwrap();
        let of = |grant, value: &str, note: &str| Said {
            grant: Some(grant),
            value: value.to_owned(),
            note: note.to_owned(),
        };
        assert_eq!(said, [of(3, "81.5", "as reviewed"), of(0, "7", "three reviewers")]);
        for (text, part) in [
            ("grant\n1\n", "no column `value`"),
            ("grant,value\n", "has no values"),
            ("grant,value\nann,5\n", ":2: \"ann\" is not the number"),
            ("grant,value\n1,5\n1,6\n", ":3: grant 1 stands here for the second time"),
            ("grant,value\n1,5,6\n", "cannot read"),
        ] {
            let error = of_file(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn what_is_signed_names_what_the_value_is_of() {
        let plan = solana_program::pubkey::Pubkey::default();
        let target = Target {
            plan,
            kpi: 1,
            period: 2,
            grant: Some(3),
        };
        let text = "earnout-entry/1\nplan 11111111111111111111111111111111\nkpi 1\nperiod 2\ngrant 3\nvalue 92.5\n";
        assert_eq!(statement(&target, "92.5"), text);
    }
}
