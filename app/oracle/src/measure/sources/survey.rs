//! Community feedback and peer review: what is made of many people's answers.
//!
//! Who answered is known to the operator alone. What is kept of the answers, and from which the value is read, has in
//! the place of each name its hash with a secret salt (HMAC-SHA256, 128 bits of it) over the period and the subject
//! too: the same person is somebody else in each document. The answers stand in the order of these hashes, and without
//! their times, so neither of them says who gave one.

use {
    super::{
        Observation, Part, SourceError, no_data,
        rows::{Name, Row, Rows},
        unexpected,
    },
    crate::measure::{Aggregate, Scope, Secret, exact::Number, fill, identities, value},
    hmac::{Hmac, Mac},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    sha2::Sha256,
    std::{
        collections::HashMap,
        path::{Path, PathBuf},
        sync::{Arc, Mutex, PoisonError},
    },
};

/// The form of what is kept of the answers.
const FORMAT: &str = "earnout-survey/1";

/// Fewest letters of a salt.
const SHORTEST_SALT: usize = 16;

/// Bytes of a hash that are kept.
const HASH: usize = 16;

/// The largest sum of all weights.
const MOST_WEIGHT: usize = 1_000_000;

/// Tables of answers that are kept: a period asks one for the value of each grant.
const KEPT: usize = 4;

/// Answers of many people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Where the answers are.
    pub rows: Rows,
    /// The column that says who answered.
    pub respondent: String,
    /// The column that says about whom or what; left out if a row is a ballot with a column for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who or what that is here, with placeholders: only its answers count. On ballots the name of the column if left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The column with the score, with placeholders: on ballots that of the subject.
    pub score: String,
    /// The column that says when somebody answered: only answers of the period count. All do if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The lowest score.
    pub lowest: Number,
    /// The highest score.
    pub highest: Number,
    /// What is made of the scores.
    pub aggregate: Aggregate,
    /// Which of several answers of one person count.
    #[serde(default)]
    pub counts: Counts,
    /// What becomes of answers about oneself.
    #[serde(default)]
    pub oneself: Oneself,
    /// CSV file of those whose answers count, with the columns `respondent` and, if they weigh differently, `weight`.
    /// Left out of the evidence.
    #[serde(default, skip_serializing, deserialize_with = "crate::measure::folder::optional")]
    pub members: Option<PathBuf>,
    /// What hashes of names are salted with. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub salt: Option<Secret>,
    /// How many answers have to count.
    #[serde(default = "one")]
    pub min_answers: usize,
    /// How many people they have to be of.
    #[serde(default = "three")]
    pub min_respondents: usize,
}

/// Which of several answers of one person about the same count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// The last one, by `time`, or else by the order of the rows.
    #[default]
    Last,
    /// The first one.
    First,
    /// Each: people are asked more than once.
    Every,
}

/// What becomes of answers about oneself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oneself {
    /// They do not count; the evidence says how many there were.
    #[default]
    Ignore,
    /// They hold the value.
    Refuse,
}

fn one() -> usize {
    1
}

fn three() -> usize {
    3
}

/// What is kept of the answers about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: String,
    /// All that there were.
    rows: usize,
    /// Of another time.
    outside_the_period: usize,
    /// About oneself.
    about_oneself: usize,
    /// Of somebody who is no member.
    of_others: usize,
    without_score: usize,
    /// The others, by respondent and number.
    answers: Vec<Answer>,
}

/// An answer of somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// Salted hash of who that is, hexadecimal.
    respondent: String,
    /// Which of the respondent's answers it is, counted from 1.
    number: usize,
    /// As it was written.
    score: String,
    /// How many answers it counts for.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    weight: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // What serde asks for.
fn is_one(weight: &usize) -> bool {
    *weight == 1
}

/// Whose answers count, and for how many each.
type Members = HashMap<String, usize>;

/// A row before it is known whether it counts.
#[derive(Clone, Debug)]
struct Given {
    row: Row,
    /// Who answered: the same text for the same person.
    by: String,
}

/// The answers of a table, by subject.
type Subjects = HashMap<String, Vec<Given>>;

/// A table that was read: what was asked of it, what it holds, and its answers.
struct Table {
    asked: String,
    parts: Vec<String>,
    subjects: Arc<Subjects>,
}

static TABLES: Mutex<Vec<Table>> = Mutex::new(Vec::new());

/// Places of the columns among those that are asked for.
const RESPONDENT: usize = 0;
const SCORE: usize = 1;

impl Survey {
    /// Asks for the answers, and keeps those about the subject, without who gave them.
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let salt = self
            .salt
            .as_ref()
            .ok_or_else(|| unexpected("no `salt` is configured"))?;
        let salt = salt.reveal()?;
        if salt.chars().count() < SHORTEST_SALT {
            return Err(unexpected(format!(
                "the salt has fewer than {SHORTEST_SALT} characters, so names could be guessed from their hashes: make one \
                 with `openssl rand -hex 32`"
            )));
        }
        let members = self.members.as_deref().map(members).transpose()?;
        let parts = self.rows.fetch(scope).await?;
        let kept = self.kept(scope, &parts, &salt, members.as_ref())?;
        let requests: Vec<&str> = parts.iter().map(|part| part.request.as_str()).collect();
        let written = serde_json::to_vec_pretty(&kept).map_err(|error| unexpected(error.to_string()))?;
        Ok(vec![Part {
            modified_at: self.rows.changed_at(&parts),
            ..Part::new(requests.join("; "), written)
        }])
    }

    /// What is kept of an answer.
    fn kept(&self, scope: &Scope, parts: &[Part], salt: &str, members: Option<&Members>) -> Result<Kept, SourceError> {
        let score = fill(&self.score, scope)?;
        let about = match &self.about {
            Some(about) => fill(about, scope)?,
            None => score.clone(),
        };
        let subject = identities::person(&about).map_err(|flaw| unexpected(format!("the subject {about:?} {flaw}")))?;
        let subjects = self.subjects(scope, parts, &score, &subject)?;
        let given = subjects.get(&subject).map(Vec::as_slice).unwrap_or_default();
        let mut kept = Kept {
            format: FORMAT.to_owned(),
            rows: given.len(),
            outside_the_period: 0,
            about_oneself: 0,
            of_others: 0,
            without_score: 0,
            answers: Vec::new(),
        };
        let hash = Hash::new(salt, scope, &subject)?;
        // With the time of each, to bring those of one person into their order.
        let mut answers: Vec<(i64, Answer)> = Vec::new();
        for Given { row, by } in given {
            let at = match &self.time {
                Some(name) => row.time(2, name)?,
                None => scope.start,
            };
            let weight = match members {
                Some(members) => members.get(by).copied(),
                None => Some(1),
            };
            let left_out = if !(scope.start..scope.end).contains(&at) {
                &mut kept.outside_the_period
            } else if *by == subject {
                if self.oneself == Oneself::Refuse {
                    return Err(row.wrong("it is an answer about oneself"));
                }
                &mut kept.about_oneself
            } else if let Some(weight) = weight {
                let text = row.text(SCORE);
                if text.is_empty() {
                    &mut kept.without_score
                } else {
                    self.on_the_scale(row.number(SCORE, &score)?)
                        .map_err(|what| row.wrong(what))?;
                    let answer = Answer {
                        respondent: hash.of(by),
                        number: 0,
                        score: text.to_owned(),
                        weight,
                    };
                    answers.push((at, answer));
                    continue;
                }
            } else {
                &mut kept.of_others
            };
            *left_out = left_out.saturating_add(1);
        }
        // Answers of one time stay in the order of their rows.
        answers.sort_by(|(one, first), (other, second)| (&first.respondent, one).cmp(&(&second.respondent, other)));
        for (_, answer) in answers {
            let number = match kept.answers.last() {
                Some(last) if last.respondent == answer.respondent => last.number.saturating_add(1),
                _ => 1,
            };
            kept.answers.push(Answer { number, ..answer });
        }
        Ok(kept)
    }

    /// The answers of a table by their subject, all of `subject` if it has no column for that.
    fn subjects(
        &self,
        scope: &Scope,
        parts: &[Part],
        score: &str,
        subject: &str,
    ) -> Result<Arc<Subjects>, SourceError> {
        let mut columns = vec![self.respondent.as_str(), score];
        columns.extend(self.time.as_deref());
        columns.extend(self.subject.as_deref());
        let texts: Vec<&str> = parts.iter().map(|part| part.body.text()).collect::<Result<_, _>>()?;
        // Ballots have a column for each subject, and conditions can be others for each grant.
        let names_a_grant = |text: &str| text.contains("{identity}") || text.contains("{beneficiary}");
        let shared = self.subject.is_some() && !self.rows.templates().into_iter().any(names_a_grant);
        let asked = format!(
            "{:?} {columns:?} {} {} {}",
            self.rows, scope.period, scope.start, scope.end
        );
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |table: &&Table| table.asked == asked && table.parts == texts;
        if let Some(table) = tables.iter().find(known).filter(|_| shared) {
            return Ok(Arc::clone(&table.subjects));
        }
        let mut subjects = Subjects::new();
        for row in self.rows.read(scope, parts, &columns)? {
            let person = |place: usize, column: &str| {
                let text = row.text(place);
                match text.starts_with('=') {
                    // What a spreadsheet computed was lost on the way here.
                    true => Err(row.wrong(format_args!("{column} is a formula, not a name"))),
                    // Who that is is not repeated.
                    false => identities::person(text).map_err(|flaw| row.wrong(format_args!("{column} {flaw}"))),
                }
            };
            let by = person(RESPONDENT, &self.respondent)?;
            let of = match &self.subject {
                Some(column) => person(columns.len().saturating_sub(1), column)?,
                None => subject.to_owned(),
            };
            subjects.entry(of).or_default().push(Given { row, by });
        }
        let subjects = Arc::new(subjects);
        if shared {
            if tables.len() >= KEPT {
                tables.remove(0);
            }
            tables.push(Table {
                asked,
                parts: texts.into_iter().map(str::to_owned).collect(),
                subjects: Arc::clone(&subjects),
            });
        }
        Ok(subjects)
    }

    fn on_the_scale(&self, score: Decimal) -> Result<(), String> {
        let (Number(lowest), Number(highest)) = (self.lowest, self.highest);
        match (lowest..=highest).contains(&score) {
            true => Ok(()),
            false => Err(format!("the score {score} is not on the scale, {lowest} to {highest}")),
        }
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let part = super::only(parts)?;
        let kept: Kept = serde_json::from_str(part.body.text()?)
            .map_err(|error| unexpected(format!("these are no answers of a survey: {error}")))?;
        kept.check()?;
        let mut scores = Vec::new();
        let (mut answers, mut respondents) = (0usize, 0usize);
        for (place, answer) in kept.answers.iter().enumerate() {
            let next = kept.answers.get(place.saturating_add(1));
            let is_last = next.is_none_or(|next| next.respondent != answer.respondent);
            respondents = respondents.saturating_add(usize::from(is_last));
            let row = |what: String| unexpected(format!("answer {}: {what}", place.saturating_add(1)));
            let score = value::parse(&answer.score).map_err(|error| row(error.to_string()))?;
            self.on_the_scale(score).map_err(row)?;
            let counts = match self.counts {
                Counts::Last => is_last,
                Counts::First => answer.number == 1,
                Counts::Every => true,
            };
            if counts {
                answers = answers.saturating_add(1);
                if scores.len().saturating_add(answer.weight) > MOST_WEIGHT {
                    return Err(unexpected(format!(
                        "the weights come to more than {MOST_WEIGHT}: state them in a larger unit"
                    )));
                }
                scores.extend(std::iter::repeat_n(score, answer.weight));
            }
        }
        let few = |found: usize, least: usize, what: &str| {
            no_data(format!(
                "{what} that count: {found}; at least {least} are needed (of {} rows about the subject {} are outside the \
                 period, {} about oneself, {} of people who are no members, {} without a score)",
                kept.rows, kept.outside_the_period, kept.about_oneself, kept.of_others, kept.without_score
            ))
        };
        if answers < self.min_answers {
            return Err(few(answers, self.min_answers, "answers"));
        }
        if respondents < self.min_respondents {
            return Err(few(respondents, self.min_respondents, "respondents"));
        }
        Ok(Observation {
            value: self.aggregate.of(&scores, false, scope)?,
            observed_at: part.modified_at,
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.rows.mistakes();
        mistakes.extend(self.aggregate.mistakes(false));
        let mut wrong = |is_wrong: bool, text: &str| {
            if is_wrong {
                mistakes.push(text.to_owned());
            }
        };
        wrong(
            self.salt.is_none(),
            "`salt` is missing: env:NAME or file:PATH of a secret, like one of `openssl rand -hex 32`",
        );
        wrong(self.lowest.0 >= self.highest.0, "`lowest` is not below `highest`");
        wrong(
            matches!(
                self.aggregate,
                Aggregate::Only | Aggregate::First | Aggregate::Last | Aggregate::Distinct
            ),
            "`aggregate` of a survey is one of many answers: mean, trimmed-mean, median, share, net-share, sum, count, min \
             or max",
        );
        wrong(
            self.subject.is_some() && self.about.is_none(),
            "`about` is missing: who or what it is about in the column `subject`, like \"{identity}\"",
        );
        wrong(
            self.min_respondents == 0 || self.min_answers == 0,
            "`min_answers` and `min_respondents` are at least 1",
        );
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        let mut templates = self.rows.templates();
        templates.push(&self.score);
        templates.extend(self.about.as_deref());
        templates.extend(self.aggregate.templates());
        templates
    }
}

impl Kept {
    /// Whether it is as the daemon writes it.
    fn check(&self) -> Result<(), SourceError> {
        if self.format != FORMAT {
            return Err(unexpected(format!(
                "the format of the answers is {:?}, not {FORMAT}",
                self.format
            )));
        }
        let left_out = [
            self.outside_the_period,
            self.about_oneself,
            self.of_others,
            self.without_score,
        ];
        let all = left_out
            .iter()
            .try_fold(self.answers.len(), |sum, more| sum.checked_add(*more));
        if all != Some(self.rows) {
            return Err(unexpected("the numbers of answers do not add up"));
        }
        let mut before: Option<&Answer> = None;
        for answer in &self.answers {
            let is_hash = answer.respondent.len() == HASH.saturating_mul(2)
                && answer
                    .respondent
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let expected = match before {
                Some(before) if before.respondent == answer.respondent => before.number.checked_add(1),
                Some(before) if before.respondent > answer.respondent => None,
                _ => Some(1),
            };
            if !is_hash || expected != Some(answer.number) || answer.weight == 0 {
                return Err(unexpected(
                    "the answers are not in the order of their respondents and numbers",
                ));
            }
            before = Some(answer);
        }
        Ok(())
    }
}

/// Hashes names for one period and one subject.
struct Hash(Hmac<Sha256>);

impl Hash {
    fn new(salt: &str, scope: &Scope, subject: &str) -> Result<Self, SourceError> {
        let mut hash =
            Hmac::<Sha256>::new_from_slice(salt.as_bytes()).map_err(|error| unexpected(error.to_string()))?;
        hash.update(FORMAT.as_bytes());
        hash.update(&scope.start.to_le_bytes());
        hash.update(&scope.end.to_le_bytes());
        // Its length keeps what follows apart from it.
        hash.update(&u64::try_from(subject.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(subject.as_bytes());
        Ok(Self(hash))
    }

    fn of(&self, name: &str) -> String {
        let mut hash = self.0.clone();
        hash.update(name.as_bytes());
        let bytes = hash.finalize().into_bytes();
        hex::encode(bytes.get(..HASH).unwrap_or_default())
    }
}

/// Reads a list of members.
fn members(file: &Path) -> Result<Members, SourceError> {
    let wrong = |what: String| unexpected(format!("the members in {}: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| SourceError::Io {
        what: format!("cannot read {}", file.display()),
        error,
    })?;
    list(&text).map_err(|error| wrong(error.to_string()))
}

fn list(text: &str) -> Result<Members, SourceError> {
    let weighted = super::csv_file::reader(text, None)?
        .headers()
        .map_err(super::csv_file::no_csv)?
        .iter()
        .any(|column| column.trim() == "weight");
    let columns = if weighted {
        &["respondent", "weight"][..]
    } else {
        &["respondent"]
    };
    let mut members = Members::new();
    let mut places: HashMap<String, Name> = HashMap::new();
    for row in super::rows::of_csv(text, columns)? {
        let person = identities::person(row.text(0)).map_err(|flaw| row.wrong(format_args!("respondent {flaw}")))?;
        let weight = match weighted {
            true => {
                let weight = row.number(1, "weight")?;
                let whole = usize::try_from(weight).ok();
                whole
                    .filter(|whole| (1..=MOST_WEIGHT).contains(whole) && Decimal::from(*whole) == weight)
                    .ok_or_else(|| {
                        row.wrong(format_args!(
                            "weight is {weight}, not a whole number from 1 to {MOST_WEIGHT}"
                        ))
                    })?
            }
            false => 1,
        };
        if let Some(before) = places.insert(person.clone(), row.name) {
            return Err(row.wrong(format_args!("it is the same person as in {before}")));
        }
        members.insert(person, weight);
    }
    match members.is_empty() {
        true => Err(no_data("the list is empty")),
        false => Ok(members),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Source, sources::testing},
        proptest::prelude::*,
    };

    const SALT: &str = "0123456789abcdef";

    fn source(more: &str) -> Survey {
        let text = format!(
            "rows = {{ csv = {{ file = 'x.csv' }} }}\nrespondent = 'who'\nscore = 'score'\nlowest = 1\nhighest = 5\nsalt = \
             'env:SALT'\n{more}"
        );
        toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn peers(more: &str) -> Survey {
        source(&format!(
            "subject = 'of'\nabout = '{{identity}}'\nmin_respondents = 1\n{more}"
        ))
    }

    fn kept(source: &Survey, rows: &str, members: Option<&str>) -> Result<Kept, String> {
        let members = members.map(|text| list(text).unwrap());
        let kept = source.kept(&testing::scope(), &testing::answer(rows), SALT, members.as_ref());
        kept.map_err(|error| error.to_string())
    }

    /// What is read from what is kept, as the evidence has it.
    fn value(source: &Survey, rows: &str, members: Option<&str>) -> Result<String, String> {
        let kept = serde_json::to_string(&kept(source, rows, members)?).unwrap();
        let source: Survey = serde_json::from_str(&serde_json::to_string(source).unwrap()).unwrap();
        let read = source.read(&testing::scope(), &testing::answer(&kept));
        read.map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    const PEERS: &str = "who,of,score,at\n\
        bob,ann,4,2027-05-01\n\
        eve,ann,5,2027-05-02\n\
        dan,ann,3,2027-05-02\n\
        joe,ann,1,2027-05-03\n\
        ann,ann,5,2027-05-03\n\
        bob,eve,1,2027-05-04\n\
        BOB,Ann,2,2027-05-05\n\
        pat,ann,,2027-05-05\n\
        lea,ann,5,2027-07-01\n";

    #[test]
    fn every_aggregate_of_answers_about_one() {
        // Bob's last answer is 2; Ann's own does not count, nor Pat's without a score, nor Lea's of July.
        for (aggregate, last, first) in [
            ("'mean'", "2.75", "3.25"),
            ("'median'", "2.5", "3.5"),
            ("{ trimmed-mean = 25 }", "2.5", "3.5"),
            ("{ share = '>= 4' }", "25", "50"),
            ("{ net-share = { plus = '>= 5', minus = '<= 2' } }", "-25", "0"),
            ("'count'", "4", "4"),
        ] {
            for (counts, expected) in [("last", last), ("first", first)] {
                let source = peers(&format!("time = 'at'\naggregate = {aggregate}\ncounts = '{counts}'"));
                assert_eq!(source.mistakes(), Vec::<String>::new());
                assert_eq!(value(&source, PEERS, None).unwrap(), expected, "{aggregate} {counts}");
            }
        }
        let every = peers("time = 'at'\naggregate = 'mean'\ncounts = 'every'");
        assert_eq!(value(&every, PEERS, None).unwrap(), "3");
        let kept = kept(&every, PEERS, None).unwrap();
        let left_out = (
            kept.rows,
            kept.outside_the_period,
            kept.about_oneself,
            kept.without_score,
        );
        assert_eq!(left_out, (8, 1, 1, 1));
    }

    #[test]
    fn without_times_the_order_of_rows_says_which_is_last() {
        let rows = "who,of,score\nbob,ann,4\neve,ann,5\nbob,ann,1\n";
        assert_eq!(value(&peers("aggregate = 'mean'"), rows, None).unwrap(), "3");
        assert_eq!(
            value(&peers("aggregate = 'mean'\ncounts = 'first'"), rows, None).unwrap(),
            "4.5"
        );
        // With times they do, and the rows where those are the same.
        let timed = "who,of,score,at\nbob,ann,4,2027-05-02\nbob,ann,5,2027-05-02\nbob,ann,1,2027-05-01\n";
        let last = peers("aggregate = 'mean'\ntime = 'at'");
        assert_eq!(value(&last, timed, None).unwrap(), "5");
    }

    #[test]
    fn a_ballot_has_a_column_for_each() {
        let ballots = "who,ann,bob,eve\nann,5,3,4\nbob,2,5,\neve,4,1,5\ndan,3,2,1\n";
        let source: Survey = toml::from_str(
            "rows = { csv = { file = 'x.csv' } }\nrespondent = 'who'\nscore = '{identity}'\nlowest = 1\nhighest = 5\nsalt = \
             'env:SALT'\naggregate = 'mean'",
        )
        .unwrap();
        assert_eq!(
            Source::Survey(Box::new(source.clone())).mistakes(true),
            Vec::<String>::new()
        );
        assert_eq!(value(&source, ballots, None).unwrap(), "3", "of the three others");
        assert_eq!(kept(&source, ballots, None).unwrap().about_oneself, 1);
        let titled = Survey {
            score: "rating of {identity}".to_owned(),
            about: Some("{identity}".to_owned()),
            ..source
        };
        let error = value(&titled, ballots, None).unwrap_err();
        assert!(error.contains("no column \"rating of ann\""), "{error}");
        let ballots = ballots.replacen("ann", "rating of ann", 1);
        assert_eq!(value(&titled, &ballots, None).unwrap(), "3");
    }

    #[test]
    fn only_members_count_and_as_much_as_they_weigh() {
        let source = peers("time = 'at'\naggregate = 'mean'");
        let members = "respondent\nBob\neve\nlea\n";
        assert_eq!(value(&source, PEERS, Some(members)).unwrap(), "3.5");
        assert_eq!(kept(&source, PEERS, Some(members)).unwrap().of_others, 3);
        let weighted = "respondent,weight\nbob,3\neve,1\n";
        assert_eq!(value(&source, PEERS, Some(weighted)).unwrap(), "2.75");
        let median = peers("time = 'at'\naggregate = 'median'");
        assert_eq!(value(&median, PEERS, Some(weighted)).unwrap(), "2");
        let too_much = value(&source, PEERS, Some("respondent,weight\nbob,1000000\neve,1\n"));
        assert!(too_much.unwrap_err().contains("the weights come to more than"));
        for (text, part) in [
            ("respondent\n", "the list is empty"),
            ("name\nann\n", "no column \"respondent\""),
            ("respondent\nann\nANN\n", "line 3: it is the same person as in line 2"),
            (
                "respondent\nann\n\u{ff41}nn\n",
                "line 3: it is the same person as in line 2",
            ),
            ("respondent\nann\nan\u{200d}n\n", "line 3: respondent holds U+200D"),
            (
                "respondent,weight\nann,0\n",
                "line 2: weight is 0, not a whole number from 1",
            ),
            ("respondent,weight\nann,1.5\n", "line 2: weight is 1.5"),
            ("respondent,weight\nann,\n", "line 2: weight is empty"),
            ("respondent,weight\nann,-1\n", "weight is -1"),
            ("respondent,weight\nann,1e9\n", "weight is 1000000000"),
            ("respondent,weight\n,1\n", "line 2: respondent is empty"),
        ] {
            let error = list(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn too_few_answers_are_none() {
        let needs = |more: &str| value(&peers(&format!("time = 'at'\naggregate = 'mean'\n{more}")), PEERS, None);
        let error = needs("min_answers = 5").unwrap_err();
        assert!(
            error.contains("answers that count: 4; at least 5 are needed (of 8 rows about the subject 1 are outside")
        );
        let three = source("subject = 'of'\nabout = '{identity}'\naggregate = 'mean'");
        let two = "who,of,score\nbob,ann,4\neve,ann,5\nbob,ann,1\n";
        assert!(
            value(&three, two, None)
                .unwrap_err()
                .contains("respondents that count: 2; at least 3")
        );
        let every = Survey {
            counts: Counts::Every,
            ..three.clone()
        };
        assert!(
            value(&every, two, None)
                .unwrap_err()
                .contains("respondents that count: 2"),
            "not 3 answers of 2"
        );
        assert!(
            value(&three, "who,of,score\n", None)
                .unwrap_err()
                .contains("answers that count: 0")
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let source = peers("time = 'at'\naggregate = 'mean'");
        for (from, to, part) in [
            (
                "eve,ann,5",
                "eve,ann,6",
                "line 3: the score 6 is not on the scale, 1 to 5",
            ),
            ("eve,ann,5", "eve,ann,0", "line 3: the score 0 is not on the scale"),
            ("eve,ann,5", "eve,ann,-0", "line 3: score is \"-0\": zero has no sign"),
            ("eve,ann,5", "eve,ann,five", "line 3: score is \"five\", not a number"),
            ("eve,ann,5", "eve,ann,=4+1", "line 3: score is \"=4+1\", not a number"),
            ("eve,ann,5", "eve,ann,NaN", "not a number"),
            ("eve,ann,5", "eve,ann,Infinity", "not a number"),
            ("eve,ann,5", "eve,ann,1e400", "line 3: score: 1e400 has more digits"),
            (
                "eve,ann,5",
                "e\u{200b}ve,ann,5",
                "line 3: who holds U+200B, which nobody sees",
            ),
            (
                "eve,ann,5",
                "eve,a\u{2060}nn,5",
                "line 3: of holds U+2060, which nobody sees",
            ),
            ("eve,ann,5", ",ann,5", "line 3: who is empty"),
            ("eve,ann,5", "eve,,5", "line 3: of is empty"),
            ("eve,ann,5", "=B2,ann,5", "line 3: who is a formula, not a name"),
            ("2027-05-02", "2 May", "line 3: at: \"2 May\" is not a time"),
            ("2027-05-02", "", "line 3: at is empty"),
            ("who,of", "of,of", "no column \"who\""),
            ("score,at", "who,at", "two columns \"who\""),
            ("eve,ann,5", "eve,ann,5,5", "not CSV"),
            ("eve,ann,5", "\"eve,ann,5", "quote"),
        ] {
            assert!(PEERS.contains(from), "{from}");
            let error = value(&source, &PEERS.replacen(from, to, 1), None).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
            assert!(
                !error.contains("eve") && !error.contains("bob"),
                "no name is repeated: {error}"
            );
        }
        let refusing = peers("time = 'at'\naggregate = 'mean'\noneself = 'refuse'");
        assert!(
            value(&refusing, PEERS, None)
                .unwrap_err()
                .contains("line 6: it is an answer about oneself")
        );
    }

    #[test]
    fn one_person_counts_once_however_the_name_is_written() {
        let source = peers("aggregate = 'mean'");
        for (one, other) in [
            ("bob@example.org", "Bob@Example.ORG"),
            ("Ren\u{e9}", "Rene\u{301}"),
            ("bob", "  bob "),
            ("bob", "\u{ff42}\u{ff4f}\u{ff42}"),
        ] {
            let rows = format!("who,of,score\n\"{one}\",ann,1\n\"{other}\",ann,5\n");
            assert_eq!(value(&source, &rows, None).unwrap(), "5", "{other:?}");
        }
        let shared = "who,of,score\r\nbob,ann,1\r\neve, ANN ,5\r,,\rdan,ann,3\n";
        assert_eq!(value(&source, &format!("\u{feff}{shared}"), None).unwrap(), "3");
    }

    /// The documents of two people cannot be joined, and say neither who answered nor when.
    #[test]
    fn what_is_kept_says_nothing_of_who_answered() {
        let source = peers("time = 'at'\naggregate = 'mean'");
        let ann = kept(&source, PEERS, None).unwrap();
        let text = serde_json::to_string(&ann).unwrap();
        for name in ["bob", "eve", "dan", "joe", "lea", "pat", "2027"] {
            assert!(!text.to_lowercase().contains(name), "{text}");
        }
        let mut hashes: Vec<&str> = ann.answers.iter().map(|answer| answer.respondent.as_str()).collect();
        assert!(hashes.is_sorted());
        hashes.dedup();
        assert_eq!((ann.answers.len(), hashes.len()), (5, 4), "Bob answered twice");
        let of = |salt: &str, period: i64, subject: &str| {
            let scope = Scope {
                start: period,
                ..testing::scope()
            };
            Hash::new(salt, &scope, subject).unwrap().of("bob")
        };
        let bob = of(SALT, testing::scope().start, "ann");
        assert!(hashes.contains(&bob.as_str()));
        for other in [
            of(SALT, testing::scope().start, "eve"),
            of(SALT, 0, "ann"),
            of("another salt of the operator", testing::scope().start, "ann"),
        ] {
            assert_ne!(other, bob);
        }
        // Golden: whoever has the salt can name each answer. HMAC-SHA256 with Python's `hmac`.
        assert_eq!(bob, "59c66d8ebbe9cf91d1128a62daf55f89");
        let kept_source = serde_json::to_string(&source).unwrap();
        assert!(
            !kept_source.contains("SALT") && !kept_source.contains("x.csv"),
            "{kept_source}"
        );
    }

    #[test]
    fn what_is_kept_and_was_changed_is_refused() {
        let source = peers("time = 'at'\naggregate = 'mean'");
        let good = serde_json::to_string(&kept(&source, PEERS, None).unwrap()).unwrap();
        let read = |text: &str| {
            let read = source.read(&testing::scope(), &testing::answer(text));
            read.map(|observed| observed.value.to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(&good).unwrap(), "2.75");
        for (from, to, part) in [
            ("survey/1", "survey/2", "the format of the answers"),
            ("\"rows\":8", "\"rows\":9", "do not add up"),
            ("\"rows\":8", "\"rows\":-8", "no answers of a survey"),
            ("\"number\":2", "\"number\":3", "not in the order"),
            ("\"score\":\"3\"", "\"score\":\"9\"", "the score 9 is not on the scale"),
            ("\"score\":\"3\"", "\"score\":\"x\"", "\"x\" is not a number"),
            ("\"score\":\"3\"", "\"weight\":0,\"score\":\"3\"", "not in the order"),
            ("\"respondent\":\"", "\"respondent\":\"0", "not in the order"),
            ("\"format\"", "\"more\":1,\"format\"", "no answers of a survey"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = read(&good.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        for (more, part) in [
            ("aggregate = 'only'", "`aggregate` of a survey"),
            ("aggregate = 'mean'\nsubject = 'of'", "`about` is missing"),
            ("aggregate = { trimmed-mean = 50 }", "`trimmed-mean`"),
            ("aggregate = { share = '>= many' }", "many"),
            ("aggregate = 'mean'\nmin_respondents = 0", "at least 1"),
        ] {
            let mistakes = source(more).mistakes();
            assert!(
                mistakes.iter().any(|mistake| mistake.contains(part)),
                "{more}: {mistakes:?}"
            );
        }
        let mut wrong = source("aggregate = 'mean'");
        (wrong.salt, wrong.lowest) = (None, wrong.highest);
        assert_eq!(wrong.mistakes().len(), 2, "{:?}", wrong.mistakes());
        let individual = Source::Survey(Box::new(source("aggregate = 'mean'"))).mistakes(true);
        assert!(individual[0].contains("nothing in the source differs from grant to grant"));
    }

    #[tokio::test]
    async fn answers_of_files_and_their_salt() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        write("answers.csv", PEERS);
        write("members.csv", "respondent,weight\nbob,1\neve,1\ndan,2\n");
        write("salt", "short");
        let text = format!(
            "type = 'survey'\nrows = {{ csv = {{ file = {:?} }} }}\nrespondent = 'who'\nsubject = 'of'\nabout = \
             '{{identity}}'\nscore = 'score'\ntime = 'at'\nlowest = 1\nhighest = 5\naggregate = 'mean'\nsalt = 'file:{}'\nmembers = \
             {:?}",
            path("answers.csv"),
            path("salt").display(),
            path("members.csv")
        );
        let source: Source = toml::from_str(&text).unwrap();
        assert_eq!(source.mistakes(true), Vec::<String>::new());
        let scope = testing::scope();
        let error = source.fetch(&scope, None).await.unwrap_err().to_string();
        assert!(
            error.contains("fewer than 16 characters") && !error.contains("short"),
            "{error}"
        );
        write("salt", &format!("{SALT}\n"));
        let parts = source.fetch(&scope, None).await.unwrap();
        let observed = source.read(&scope, &parts).unwrap();
        assert_eq!(observed.value.to_string(), "3.25");
        assert!(observed.observed_at.is_some());
        assert_eq!(parts[0].request, "answers.csv");
        // The same table for the next subject; and a new one when it was written.
        let mut eve = scope.clone();
        eve.grant.as_mut().unwrap().identity = Some("eve".to_owned());
        let error = source.read(&eve, &source.fetch(&eve, None).await.unwrap()).unwrap_err();
        assert!(error.to_string().contains("respondents that count: 1"), "{error}");
        write("answers.csv", &PEERS.replace("dan,ann,3", "dan,ann,5"));
        let parts = source.fetch(&scope, None).await.unwrap();
        assert_eq!(source.read(&scope, &parts).unwrap().value.to_string(), "4.25");
        write("members.csv", "respondent\nbob\nbob\n");
        let error = source.fetch(&scope, None).await.unwrap_err().to_string();
        assert!(error.contains("members.csv: line 3: it is the same person"), "{error}");
    }

    /// A hundred thousand answers about a thousand people: each document has its own, and the table is read once.
    #[test]
    fn many_people_are_measured_from_one_table() {
        let mut rows = "who,of,score\n".to_owned();
        for number in 0..100_000 {
            rows.push_str(&format!("r{},s{},{}\n", number / 100, number % 1_000, number % 5 + 1));
        }
        let source = peers("aggregate = 'mean'");
        let parts = testing::answer(&rows);
        let began = std::time::Instant::now();
        for number in 0..200 {
            let mut scope = testing::scope();
            scope.grant.as_mut().unwrap().identity = Some(format!("s{number}"));
            let kept = source.kept(&scope, &parts, SALT, None).unwrap();
            assert_eq!(kept.rows, 100);
        }
        assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_table_of_answers_or_an_error(text in ".{0,200}", members in ".{0,60}") {
            let source = peers("time = 'at'\naggregate = 'mean'");
            for rows in [text.clone(), format!("who,of,score,at\n{text}")] {
                if let Ok(kept) = source.kept(&testing::scope(), &testing::answer(&rows), SALT, None) {
                    prop_assert!(kept.check().is_ok());
                }
            }
            let _ = source.read(&testing::scope(), &testing::answer(&text));
            let _ = list(&members);
            let _ = list(&format!("respondent,weight\n{members}"));
        }

        /// Whatever the order of the rows, one answer of each counts: the mean is that of a plain computation.
        #[test]
        fn what_is_read_is_what_people_answered(given in prop::collection::vec((0usize..8, 1u32..=5), 1..40)) {
            let mut rows = "who,of,score\n".to_owned();
            let mut last: HashMap<usize, u32> = HashMap::new();
            for (who, score) in &given {
                rows.push_str(&format!("{who}@x,ann,{score}\n"));
                last.insert(*who, *score);
            }
            let sum: u32 = last.values().sum();
            let said = value(&peers("aggregate = 'sum'"), &rows, None).unwrap();
            prop_assert_eq!(said, sum.to_string());
            let count = value(&peers("aggregate = 'count'"), &rows, None).unwrap();
            prop_assert_eq!(count, last.len().to_string());
        }
    }
}
