//! A plan on a chain beside the file it should have been made from, term by term.

use {
    super::{COMBINATIONS, FEED_PRICES, FLAGS, INTERPOLATIONS, PlanFile, RECEIVERS, RELEASES, SCOPES, UNEARNED},
    crate::{
        text::{
            amount,
            time::{self, length},
        },
        wire::accounts::padded_text,
    },
    earnout::state::{Cadence, Interpolation, Kpi, Plan, Scope},
    solana_program::pubkey::Pubkey,
};

/// A term that is another one on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field of the file, like `plan.start`.
    pub field: String,
    /// Its line, if the file states it.
    pub line: Option<usize>,
    /// What the chain has, as the file would write it.
    pub on_chain: String,
    /// What the file says.
    pub in_file: String,
}

impl PlanFile {
    /// The terms in which `plan` differs from what this file makes for `authority`, mint and treasury left aside. A
    /// draft may have fewer KPIs than the file.
    ///
    /// # Errors
    /// None for a file that was checked; the program's otherwise.
    pub fn differences(&self, plan: &Plan, authority: &Pubkey) -> Result<Vec<Difference>, anchor_lang::error::Error> {
        let wanted = self.draft(authority)?;
        let (chain, file) = (self.terms_as_written(plan), self.terms_as_written(&wanted));
        let mut differences = self.compare(chain, file);
        for (number, kpi) in plan.kpis().iter().enumerate() {
            match wanted.kpis().get(number) {
                Some(wanted) => {
                    let fields = Fields::of(wanted);
                    differences.extend(self.compare(kpi_as_written(kpi, &fields), kpi_as_written(wanted, &fields)));
                }
                None => differences.push(Difference {
                    field: "kpi".to_owned(),
                    line: None,
                    on_chain: padded_text(&kpi.name),
                    in_file: "nothing".to_owned(),
                }),
            }
        }
        let is_draft = plan.activated_at == 0;
        if !is_draft && let Some(missing) = wanted.kpis().get(plan.kpis().len()) {
            differences.push(Difference {
                field: "kpi".to_owned(),
                line: self.line(&Fields::of(missing).section),
                on_chain: "nothing".to_owned(),
                in_file: padded_text(&missing.name),
            });
        }
        Ok(differences)
    }

    fn compare(&self, chain: Written, file: Written) -> Vec<Difference> {
        let pairs = chain
            .into_iter()
            .zip(file)
            .filter(|((_, on_chain), (_, in_file))| on_chain != in_file);
        let difference = pairs.map(|((field, on_chain), (_, in_file))| Difference {
            line: self.line(&field),
            field,
            on_chain,
            in_file,
        });
        difference.collect()
    }

    /// Every term but the KPIs, as the file writes it.
    fn terms_as_written(&self, plan: &Plan) -> Written {
        let tokens = |amount| amount::tokens(amount, self.token.decimals);
        let flags: Vec<&str> = FLAGS
            .iter()
            .filter(|(_, flag)| plan.token_flags & flag != 0)
            .map(|(name, _)| *name)
            .collect();
        let cadence = Cadence::from_stored(plan.cadence_kind, plan.cadence_length);
        let key = |key: &Pubkey| match *key == Pubkey::default() {
            true => "nobody".to_owned(),
            false => key.to_string(),
        };
        let oracles: Vec<String> = plan.oracles.oracles().iter().map(Pubkey::to_string).collect();
        let terms = [
            ("token.allow", flags.join(", ")),
            ("token.max_fee", plan.max_fee_bps.to_string()),
            ("plan.id", plan.plan_id.to_string()),
            ("plan.name", padded_text(&plan.name)),
            ("price.unit", padded_text(&plan.unit)),
            ("price.unit_decimals", plan.unit_decimals.to_string()),
            ("plan.start", time::text(plan.start_ts)),
            (
                "plan.cadence",
                cadence.map_or_else(|_| "unknown".to_owned(), time::cadence),
            ),
            ("plan.periods", plan.period_count.to_string()),
            (
                "plan.combination",
                word(&COMBINATIONS, |choice| choice.to_byte() == plan.combination).to_owned(),
            ),
            (
                "plan.unearned",
                word(&UNEARNED, |choice| choice.to_byte() == plan.unearned_policy).to_owned(),
            ),
            ("plan.bonus_cap", plan.bonus_cap_bps.to_string()),
            (
                "plan.release",
                word(&RELEASES, |choice| choice.to_byte() == plan.release).to_owned(),
            ),
            ("windows.attest", length(plan.attest_secs.into())),
            ("windows.challenge", length(plan.challenge_secs.into())),
            ("windows.ruling", length(plan.ruling_secs.into())),
            ("windows.notice", length(plan.notice_secs.into())),
            ("limits.min_allocation", tokens(plan.min_allocation)),
            ("limits.max_allocation", tokens(plan.max_allocation)),
            ("limits.max_grants", plan.max_grants.to_string()),
            ("limits.enrolment_end", time::text(plan.enrolment_end)),
            ("roles.oracles", oracles.join(", ")),
            ("roles.threshold", plan.oracles.threshold.to_string()),
            ("roles.arbiter", key(&plan.arbiter)),
        ];
        terms.map(|(field, written)| (field.to_owned(), written)).to_vec()
    }
}

/// Fields and what they say.
type Written = Vec<(String, String)>;

/// What the file calls a KPI's fields.
struct Fields {
    section: String,
    separator: &'static str,
    name: &'static str,
    is_price: bool,
}

impl Fields {
    /// Of the file's own KPI.
    fn of(kpi: &Kpi) -> Self {
        match kpi.is_price() {
            true => Self {
                section: "price".to_owned(),
                separator: ".",
                name: "kpi",
                is_price: true,
            },
            false => Self {
                section: format!("kpi {:?}", padded_text(&kpi.name)),
                separator: " ",
                name: "name",
                is_price: false,
            },
        }
    }
}

fn kpi_as_written(kpi: &Kpi, of: &Fields) -> Written {
    let value = |value| amount::fixed(value, kpi.decimals);
    let count = usize::from(kpi.point_count).min(kpi.curve_values.len());
    let points = kpi.curve_values.iter().zip(kpi.curve_scores).take(count);
    let points: Vec<String> = points.map(|(at, score)| format!("({}, {score})", value(*at))).collect();
    let rubric = hex::encode(kpi.rubric_hash);
    let default = match kpi.is_price() {
        true => value(kpi.default_price),
        false => "nothing".to_owned(),
    };
    let fields = [
        (of.name, padded_text(&kpi.name)),
        ("unit", padded_text(&kpi.unit)),
        ("decimals", kpi.decimals.to_string()),
        (
            "scope",
            word(&SCOPES, |choice: Scope| choice.to_byte() == kpi.scope).to_owned(),
        ),
        ("range", format!("{} to {}", value(kpi.range_min), value(kpi.range_max))),
        (
            "interpolation",
            word(&INTERPOLATIONS, |choice: Interpolation| {
                choice.to_byte() == kpi.interpolation
            })
            .to_owned(),
        ),
        ("curve", points.join(", ")),
        ("default_score", kpi.default_score.to_string()),
        ("default", default),
        ("feed", feed_as_written(kpi)),
        ("rubric", rubric),
    ];
    // The unit of the price is the plan's unit of account, which is compared with the plan.
    let fields = fields.into_iter().filter(|(field, _)| !of.is_price || *field != "unit");
    fields
        .map(|(field, written)| (format!("{}{}{field}", of.section, of.separator), written))
        .collect()
}

fn feed_as_written(kpi: &Kpi) -> String {
    let feed = match kpi.feed() {
        Ok(Some(feed)) => feed,
        Ok(None) => return "nothing".to_owned(),
        Err(_) => return "unknown".to_owned(),
    };
    format!(
        "receiver {}, id {}, price {}, max_delay {}, max_confidence {}",
        word(&RECEIVERS, |receiver| receiver == feed.receiver),
        hex::encode(feed.feed_id),
        word(&FEED_PRICES, |average| average == feed.average),
        length(feed.max_delay_secs.into()),
        feed.max_confidence_bps
    )
}

/// The word of a plan file for the choice that `is_meant`; `unknown` if none is.
pub fn word<T: Copy>(words: &[(&'static str, T)], is_meant: impl Fn(T) -> bool) -> &'static str {
    let found = words.iter().find(|(_, choice)| is_meant(*choice));
    found.map_or("unknown", |(word, _)| word)
}
