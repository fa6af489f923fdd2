//! `enter`, `withdraw` and `forget`: where a person decides.

use {
    super::{DONE, LOOK, found_duties, named_duties, named_feed, operator},
    crate::{
        args::{Enter, Forget, Withdraw},
        measure::{Attached, Bound, Checks, Confirmation, Entry, Rounding, value},
        service::{Config, Daemon, keys, standing::tally},
        vote::{Duty, Target},
    },
    anyhow::{Context, Result, bail},
    earnout::state::Plan,
    earnout_sdk::{
        text::{amount::counted, time},
        wire::Evaluation,
    },
    solana_signer::Signer,
    std::{collections::BTreeMap, fs, path::Path},
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
    /// Where it stands in a file.
    line: Option<u64>,
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
/// With every mistake, each with its line and grant.
pub async fn enter(args: &Enter, config: Config) -> Result<u8> {
    let (said, mut mistakes) = said(args)?;
    if said.is_empty() {
        bail!(refused(args, mistakes));
    }
    let author = Author::of(args.key.as_deref())?;
    let daemon = Daemon::beside(config)?;
    let looked = match looked(&daemon, args, &said).await {
        // What is wrong with the file is known without the chain.
        Err(_) if !mistakes.is_empty() => bail!(refused(args, mistakes)),
        looked => looked?,
    };
    let Looked { bound, plan, now, .. } = &looked;
    let taking = Taking {
        daemon: &daemon,
        bound,
        plan,
        args,
        author: &author,
    };
    let mut entries = Vec::new();
    for (said, duty, evaluation) in &looked.duties {
        match taking.entry(said, duty, evaluation.as_ref()) {
            Ok(entry) => entries.push((duty.target, entry)),
            Err(mistake) => mistakes.push(said.mistake(format!("{mistake:#}"))),
        }
    }
    for (said, grant) in &looked.missing {
        mistakes.push(said.mistake(format!("the plan has no open grant {grant}")));
    }
    if !mistakes.is_empty() {
        bail!(refused(args, mistakes));
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
    let (what, it, is) = match said.as_slice() {
        [said] => (said.value.clone(), "it", "it is"),
        several => (counted(several.len(), "value"), "them", "they are"),
    };
    let done = if args.confirm { "confirmed" } else { "entered" };
    let next = match missing.unwrap_or_default() {
        0 if looked.closes <= now.saturating_add(60) => "the window is about to close".to_owned(),
        0 => format!("the daemon attests {it} when {is} due"),
        1 => format!("one more person has to `enter --confirm` {it}"),
        missing => format!("{missing} more people have to `enter --confirm` {it}"),
    };
    say!("{done} {what} for period {} of feed {}; {next}", args.period, args.feed);
    Ok(DONE)
}

/// What the chain has of what somebody says.
struct Looked<'a> {
    bound: Bound<'a>,
    plan: Plan,
    duties: Vec<(&'a Said, Duty, Option<Evaluation>)>,
    /// Grants that are not open.
    missing: Vec<(&'a Said, u32)>,
    now: i64,
    /// When the vote window closes.
    closes: i64,
}

async fn looked<'a>(daemon: &'a Daemon, args: &Enter, said: &'a [Said]) -> Result<Looked<'a>> {
    let grants: Vec<Option<u32>> = said.iter().map(|said| said.grant).collect();
    let (bound, plan, found) = found_duties(daemon, &args.feed, args.period, &grants).await?;
    let missing = said.iter().zip(&found).filter(|(_, duty)| duty.is_none());
    let missing: Vec<(&Said, u32)> = missing.filter_map(|(said, _)| Some((said, said.grant?))).collect();
    let known: Vec<&Said> = said
        .iter()
        .zip(&found)
        .filter_map(|(said, duty)| duty.as_ref().map(|_| said))
        .collect();
    let duties: Vec<Duty> = found.into_iter().flatten().collect();
    let now = daemon.endpoints.ask(async |client| client.now().await).await?;
    let closes = match duties.is_empty() {
        true => i64::MAX,
        false => Window::of(&duties, now)?.closes,
    };
    let mut evaluations = match args.correct {
        true => evaluations(daemon, &duties).await?.into_iter(),
        false => Vec::new().into_iter(),
    };
    let duties = known.into_iter().zip(duties);
    let duties = duties.map(|(said, duty)| (said, duty, evaluations.next().flatten()));
    Ok(Looked {
        duties: duties.collect(),
        bound,
        plan,
        missing,
        now,
        closes,
    })
}

/// What is wrong, and on which line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    line: Option<u64>,
    what: String,
}

impl Said {
    fn mistake(&self, what: String) -> Mistake {
        Mistake {
            line: self.line,
            what: match self.grant.filter(|_| self.line.is_some()) {
                Some(grant) => format!("grant {grant}: {what}"),
                None => what,
            },
        }
    }
}

/// All that is wrong, in the order of the file.
fn refused(args: &Enter, mistakes: Vec<Mistake>) -> String {
    format!("{}; nothing was entered", listed(args.file.as_deref(), mistakes))
}

fn listed(file: Option<&Path>, mut mistakes: Vec<Mistake>) -> String {
    mistakes.sort();
    let told = mistakes.into_iter().map(|Mistake { line, what }| match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}: {what}", file.display()),
        _ => what,
    });
    let told: Vec<String> = told.collect();
    match told.as_slice() {
        [one] => one.clone(),
        several => format!("{}:\n  {}", counted(several.len(), "mistake"), several.join("\n  ")),
    }
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

/// What the arguments or the file say, and what is wrong with the file.
fn said(args: &Enter) -> Result<(Vec<Said>, Vec<Mistake>)> {
    let note = args.note.clone().unwrap_or_default();
    if let Some(file) = &args.file {
        return read(file, &note, !args.confirm);
    }
    let value = args.value.clone().unwrap_or_default();
    value::parse(&value)?;
    if note.trim().is_empty() && !args.confirm {
        bail!("--note is empty: say why the value is {value}");
    }
    let said = Said {
        grant: args.grant,
        value,
        note,
        line: None,
    };
    Ok((vec![said], Vec::new()))
}

/// A CSV file with the columns `grant`, `value` and perhaps `note`; `note` is that of the lines that have none, and
/// one of both has to be there if it `is_needed`.
fn read(file: &Path, note: &str, is_needed: bool) -> Result<(Vec<Said>, Vec<Mistake>)> {
    let (mut said, mut mistakes) = (Vec::new(), Vec::new());
    let rows = rows(file, &["grant", "value"], &mut mistakes)?;
    for Row { line, grant, fields } in rows {
        let mut wrong = |what: String| {
            mistakes.push(Mistake {
                line: Some(line),
                what: format!("grant {grant}: {what}"),
            });
        };
        let value = fields.get("value").cloned().unwrap_or_default();
        let own = fields.get("note").filter(|note| !note.is_empty());
        let note = own.map_or(note, String::as_str);
        let parsed = value::parse(&value);
        if let Err(error) = &parsed {
            wrong(error.to_string());
        }
        if is_needed && note.trim().is_empty() {
            wrong("there is no `note`, and --note is not given: say why the value is that".to_owned());
        }
        if parsed.is_ok() {
            said.push(Said {
                grant: Some(grant),
                value,
                note: note.to_owned(),
                line: Some(line),
            });
        }
    }
    if said.is_empty() && mistakes.is_empty() {
        bail!("{} has no values", file.display());
    }
    Ok((said, mistakes))
}

/// A line of a file about grants.
struct Row {
    line: u64,
    grant: u32,
    /// By the names of their columns.
    fields: BTreeMap<String, String>,
}

/// The lines of a CSV file with the columns `needed`, of which one is `grant`.
fn rows(file: &Path, needed: &[&str], mistakes: &mut Vec<Mistake>) -> Result<Vec<Row>> {
    let name = file.display();
    let reader = csv::ReaderBuilder::new().flexible(true).from_path(file);
    let mut reader = reader.with_context(|| format!("cannot read {name}"))?;
    let header = reader.headers().with_context(|| format!("cannot read {name}"))?;
    let header: Vec<String> = header.iter().map(|column| column.trim().to_owned()).collect();
    if let [column] = header.as_slice()
        && let Some(separator) = [';', '\t'].into_iter().find(|separator| column.contains(*separator))
    {
        let what = if separator == ';' { "semicolons" } else { "tabs" };
        bail!(
            "{name}:1: the columns are separated by {what}: separate them by commas, `{}`",
            needed.join(",")
        );
    }
    if let Some(missing) = needed
        .iter()
        .find(|wanted| !header.iter().any(|column| column == **wanted))
    {
        bail!(
            "{name}:1: there is no column `{missing}`; the first line names the columns: {}",
            needed.join(",")
        );
    }
    let (mut rows, mut seen) = (Vec::new(), BTreeMap::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map(csv::Position::line);
                let what = "it is not text in UTF-8".to_owned();
                match error.kind() {
                    csv::ErrorKind::Utf8 { .. } => mistakes.push(Mistake { line, what }),
                    _ => return Err(error).with_context(|| format!("cannot read {name}")),
                }
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut wrong = |what: String| mistakes.push(Mistake { line: Some(line), what });
        if record.len() != header.len() {
            wrong(format!(
                "it has {}, and the first line {}; a field with a comma stands in double quotes",
                counted(record.len(), "field"),
                header.len()
            ));
            continue;
        }
        let fields = header
            .iter()
            .cloned()
            .zip(record.iter().map(|field| field.trim().to_owned()));
        let fields: BTreeMap<String, String> = fields.collect();
        let grant = fields.get("grant").map(String::as_str).unwrap_or_default();
        let Ok(grant) = grant.parse::<u32>() else {
            wrong(format!("{grant:?} is not the number of a grant"));
            continue;
        };
        if let Some(first) = seen.insert(grant, line) {
            wrong(format!(
                "grant {grant} stands here for the second time, after line {first}"
            ));
            continue;
        }
        rows.push(Row { line, grant, fields });
    }
    Ok(rows)
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
///
/// # Errors
/// If nothing can be taken back.
pub async fn withdraw(args: &Withdraw, config: Config) -> Result<u8> {
    let of_file = args.file.as_deref().map(named).transpose()?;
    let daemon = Daemon::beside(config)?;
    let targets = match (args.all, of_file) {
        (true, _) => {
            let (bound, _) = named_feed(&daemon, &args.feed, args.period).await?;
            daemon.journal().entered_in(&bound.feed.plan, bound.kpi, args.period)?
        }
        (false, grants) => {
            let grants = grants.unwrap_or_else(|| vec![args.grant]);
            let (_, _, duties) = named_duties(&daemon, &args.feed, args.period, &grants).await?;
            duties.into_iter().map(|duty| duty.target).collect()
        }
    };
    let (mut withdrawn, mut stay) = (0usize, Vec::new());
    for target in &targets {
        match daemon.journal().withdraw(target)? {
            true => withdrawn = withdrawn.saturating_add(1),
            false => stay.push(target.grant),
        }
    }
    if withdrawn == 0 {
        bail!(
            "there is nothing that can be taken back: nobody has entered a value, or it was signed; `enter --correct` \
             replaces a vote while too few oracles agree"
        );
    }
    let what = match targets.as_slice() {
        [_] => "withdrawn".to_owned(),
        _ => format!("withdrew {}", counted(withdrawn, "value")),
    };
    say!(
        "{what}; period {} of feed {} is measured, or waits for a person, as before",
        args.period,
        args.feed
    );
    if stay.is_empty() {
        return Ok(DONE);
    }
    let stay: Vec<String> = stay.into_iter().flatten().map(|grant| grant.to_string()).collect();
    note!(
        "not taken back, because nobody has entered a value or it was signed: grant {}",
        stay.join(", ")
    );
    Ok(LOOK)
}

/// The grants that a file names.
fn named(file: &Path) -> Result<Vec<Option<u32>>> {
    let mut mistakes = Vec::new();
    let rows = rows(file, &["grant"], &mut mistakes)?;
    if !mistakes.is_empty() {
        bail!("{}; nothing was withdrawn", listed(Some(file), mistakes));
    }
    if rows.is_empty() {
        bail!("{} names no grants", file.display());
    }
    Ok(rows.into_iter().map(|row| Some(row.grant)).collect())
}

/// Forgets what was measured.
pub async fn forget(args: &Forget, config: Config) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let (_, _, duties) = named_duties(&daemon, &args.feed, args.period, &[args.grant]).await?;
    let duty = duties.first().context("there is no value")?;
    if !daemon.journal().forget_measured(&duty.target)? {
        bail!("there is no measured value that was not signed yet: what was signed may be on its way and stays");
    }
    say!(
        "forgotten; the daemon measures period {} of feed {} again",
        args.period,
        args.feed
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
        let (said, mistakes) = read(&file, "as reviewed", true).map_err(|error| error.to_string())?;
        match mistakes.is_empty() {
            true => Ok(said),
            false => Err(listed(Some(&file), mistakes)),
        }
    }

    #[test]
    fn many_values_come_from_a_file() {
        let said = of_file("\u{feff}grant,value,note\n3, 81.5 ,\n0,7,three reviewers\n").unwrap();
        let of = |line, grant, value: &str, note: &str| Said {
            grant: Some(grant),
            value: value.to_owned(),
            note: note.to_owned(),
            line: Some(line),
        };
        assert_eq!(
            said,
            [of(2, 3, "81.5", "as reviewed"), of(3, 0, "7", "three reviewers")]
        );
        for (text, part) in [
            ("grant\n1\n", "no column `value`"),
            ("grant,value\n", "has no values"),
            ("grant,value\nann,5\n", ":2: \"ann\" is not the number"),
            ("grant,value\n1,5\n1,6\n", ":3: grant 1 stands here for the second time"),
            ("grant,value\n1,5,6\n", ":2: it has 3 fields, and the first line 2"),
            ("grant;value\n1;5\n", ":1: the columns are separated by semicolons"),
            ("grant\tvalue\n1\t5\n", ":1: the columns are separated by tabs"),
            ("grant,value\n1,many\n", ":2: grant 1: "),
        ] {
            let error = of_file(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn all_mistakes_of_a_file_are_named_at_once() {
        let error = of_file("grant,value\nann,5\n1,\n2,5\n2,6\n3,\"81,5\"\n4,8,1\n").unwrap_err();
        assert!(error.starts_with("5 mistakes:\n"), "{error}");
        for part in [
            ":2: \"ann\"",
            ":3: grant 1: ",
            ":5: grant 2",
            ":6: grant 3: ",
            ":7: it has 3",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let order: Vec<Option<usize>> = (2..8).map(|line| error.find(&format!(".csv:{line}: "))).collect();
        assert!(order.iter().flatten().is_sorted(), "{error}");
    }

    #[test]
    fn a_file_that_says_why_needs_no_other_note() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("values.csv");
        fs::write(&file, "grant,value,note\n0,5,reviewed\n1,6,\n").unwrap();
        let (said, mistakes) = read(&file, "", true).unwrap();
        assert_eq!(said[0].note, "reviewed");
        let [Mistake { line: Some(3), what }] = mistakes.as_slice() else {
            panic!("{mistakes:?}");
        };
        assert!(what.contains("grant 1") && what.contains("--note"), "{what}");
        assert_eq!(read(&file, "", false).unwrap().1, []);
        assert_eq!(named(&file).unwrap(), [Some(0), Some(1)]);
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
