//! The plan file: a plan as people write it, in TOML. `docs/plan-file.md` describes every field.
//!
//! Reading it checks it completely: whatever the program would refuse of it is a [`Mistake`] with its line and field,
//! and all mistakes are reported at once.
//!
//! ```
//! use earnout_sdk::terms::plan_file::{Check, PlanFile, template};
//! use std::path::Path;
//!
//! // A file to begin with, whose calendar starts on 1 January 2027, and addresses for its placeholders.
//! let mut text = template(1_798_761_600);
//! let key = |number| solana_program::pubkey::Pubkey::new_from_array([number; 32]).to_string();
//! let oracles = ["FIRST ORACLE", "SECOND ORACLE", "THIRD ORACLE"];
//! for (number, placeholder) in (1..).zip(oracles.into_iter().chain(["ARBITER", "TOKEN'S MINT", "TREASURY"])) {
//!     text = text.replace(&format!("<ADDRESS OF THE {placeholder}>"), &key(number));
//! }
//! let plan = PlanFile::parse(&text, Path::new("plan.toml"), &Check::offline())?;
//! assert_eq!(plan.periods, ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]);
//!
//! let wrong = text.replace("periods = 4", "periods = 0").replace("threshold = 2", "threshold = 1");
//! let mistakes = PlanFile::parse(&wrong, Path::new("plan.toml"), &Check::offline()).unwrap_err();
//! assert_eq!(mistakes.mistakes.len(), 2);
//! assert!(mistakes.to_string().contains("plan.periods: 0: expected 1 to 120 periods"));
//! # Ok::<(), earnout_sdk::terms::plan_file::Mistakes>(())
//! ```

mod compare;
mod feed;
mod grant;
mod kpi;
mod mistake;
mod parts;
mod price;
mod roles;
mod section;
mod template;
mod terms;
mod time;
mod token;
mod values;

pub use {
    compare::{Difference, word},
    feed::{FEED_PRICES, RECEIVERS},
    grant::NamedGrant,
    kpi::{INTERPOLATIONS, SCOPES},
    mistake::{Mistake, Mistakes, line_of, one_line, read_text, text_of},
    roles::Party,
    template::template,
    terms::{COMBINATIONS, RELEASES, Roles, UNEARNED},
    time::{calendar, period_names},
    token::FLAGS,
    values::{Value, Values},
};

use {
    crate::{
        report::{
            priced::{caution_of_cap, caution_of_price},
            projection::ProjectionError,
        },
        terms::draft,
    },
    earnout::{
        constants::MAX_KPIS,
        instructions::CreatePlanArgs,
        state::{Grant, KpiArgs, Plan},
    },
    earnout_core::unit::MAX_EXPONENT,
    mistake::Notes,
    roles::Addresses,
    section::Section,
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        path::Path,
    },
    terms::Tables,
    token::Token,
    toml::de::DeTable,
};

/// What a plan file is checked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Who will sign as the plan's authority. With it every role, the mint and the treasury need addresses.
    pub authority: Option<Pubkey>,
    /// The time by the chain's clock, Unix seconds, after which the calendar must start and enrolment end. Without it
    /// the file is read as if just before its own start.
    pub now: Option<i64>,
}

impl Check {
    /// For a simulation: roles may be names, and the start any time.
    pub fn offline() -> Self {
        Self::default()
    }

    /// For creating and activating the plan by `authority` at `now`.
    pub fn creation(authority: Pubkey, now: i64) -> Self {
        Self {
            authority: Some(authority),
            now: Some(now),
        }
    }

    /// For comparing the file with a plan that `authority` made and that may have begun.
    pub fn comparison(authority: Pubkey) -> Self {
        Self {
            authority: Some(authority),
            now: None,
        }
    }
}

/// A plan file that was read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// The token.
    pub token: TokenTerms,
    /// Arguments of `create_plan`. Roles that are names without address have keys that stand for them.
    pub terms: CreatePlanArgs,
    /// Who has which role.
    pub roles: Roles,
    /// The KPIs in their order, the price after all others.
    pub kpis: Vec<KpiArgs>,
    /// The grants in their order.
    pub grants: Vec<NamedGrant>,
    /// A name for each period.
    pub periods: Vec<String>,
    /// Line of each field, by its name with its table's, like `plan.start`.
    lines: BTreeMap<String, usize>,
}

/// The plan's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTerms {
    /// The mint, if the file names it.
    pub mint: Option<Pubkey>,
    /// Decimals of the mint.
    pub decimals: u8,
    /// All tokens that exist, base units, if the file says so: what percentages are parts of.
    pub supply: Option<u64>,
}

impl PlanFile {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn read(path: &Path, check: &Check) -> Result<Self, Mistakes> {
        Self::parse(&read_text(path)?, path, check)
    }

    /// Checks a text. `path` is where it stands: for messages, and rubric files lie relative to it.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn parse(text: &str, path: &Path, check: &Check) -> Result<Self, Mistakes> {
        let mut notes = Notes::new(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            notes.add(at, "", error.message());
        }
        // What is left of a text that is not TOML says little about what was meant.
        if !notes.is_empty() {
            return Err(notes.into_mistakes(path));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let plan = read(document.get_ref(), folder, check, &mut notes);
        match plan {
            Some(plan) if notes.is_empty() => Ok(plan),
            _ => Err(notes.into_mistakes(path)),
        }
    }

    /// The plan as the program would write it for `authority`, without mint and treasury, but with what its activation
    /// makes of the mint's decimals.
    ///
    /// # Errors
    /// None for a file that was checked; the program's otherwise.
    pub fn draft(&self, authority: &Pubkey) -> Result<Plan, anchor_lang::error::Error> {
        let mut plan = draft(authority, &self.terms, &self.kpis)?;
        plan.fix_exponent(self.token.decimals)?;
        Ok(plan)
    }

    /// The file's grants as the program would write them, made at `now` (Unix seconds), with keys that stand for
    /// beneficiaries without address.
    ///
    /// # Errors
    /// What `create_grant` refuses.
    pub fn grant_states(&self, plan: &Plan, now: i64) -> Result<Vec<Grant>, anchor_lang::error::Error> {
        let states = (0u32..).zip(&self.grants).map(|(index, grant)| {
            let args = grant.terms.args(index, &grant.beneficiary_or_stand_in());
            crate::terms::grant(plan, &args, now)
        });
        states.collect()
    }

    /// What is unwise about the price and the values of grants although the program accepts it, in words. The price
    /// under silence stands for that of today.
    ///
    /// # Errors
    /// None for a file that was checked; the program's otherwise.
    pub fn cautions(&self) -> Result<Vec<String>, ProjectionError> {
        let authority = self.roles.authority.as_ref().map(Party::stand_in);
        let plan = self.draft(&authority.unwrap_or_default())?;
        let mut cautions: Vec<String> = caution_of_price(&plan).into_iter().collect();
        let Some((_, price)) = plan.price() else {
            return Ok(cautions);
        };
        let states = self.grant_states(&plan, self.terms.start_ts.saturating_sub(1))?;
        for (named, state) in self.grants.iter().zip(&states) {
            let caution = caution_of_cap(&plan, state, price.default_price)?;
            cautions.extend(caution.map(|caution| format!("{}: {caution}", named.name)));
        }
        Ok(cautions)
    }

    /// Line of a field, like `plan.start`; none for a field that the file does not have.
    pub fn line(&self, field: &str) -> Option<usize> {
        self.lines.get(field).copied()
    }
}

fn read<'a>(document: &'a DeTable<'a>, folder: &Path, check: &Check, notes: &mut Notes) -> Option<PlanFile> {
    let needs_keys = check.authority.is_some();
    let mut top = Section::new("", 0, document);
    let addresses = Addresses::read(top.optional_table(notes, "addresses"), notes);
    let token = top.table(notes, "token");
    let token = token.map(|table| Token::read(table, &addresses, needs_keys, notes));
    let tables = Tables {
        plan: top.table(notes, "plan"),
        windows: top.table(notes, "windows"),
        limits: top.table(notes, "limits"),
        roles: top.table(notes, "roles"),
    };
    let plan_at = tables.plan.as_ref().map_or(0, |table| table.at);
    let limits_at = tables.limits.as_ref().map_or(0, |table| table.at);
    let terms = terms::read(tables, token.as_ref(), &addresses, check, notes);

    let kpi_tables = top.tables(notes, "kpi");
    let price_table = top.optional_table(notes, "price");
    if kpi_tables.is_empty() && price_table.is_none() {
        notes.add(plan_at, "kpi", "the plan needs at least one [[kpi]], or a [price]");
    }
    let places = kpi_tables.iter().chain(&price_table).map(|table| table.at);
    let (count, most) = (places.clone().count(), usize::from(MAX_KPIS));
    if let Some(extra) = places.clone().nth(most) {
        let what = format!("the plan has {count} KPIs; expected at most {MAX_KPIS}");
        notes.add(extra, "kpi", what);
    }
    let mut kpis: Vec<kpi::ReadKpi> = Vec::new();
    for table in kpi_tables {
        kpis.push(kpi::read(table, folder, terms.attest_secs, notes));
    }
    let price = price_table.map(|table| {
        let (price, kpi) = price::read(table, folder, terms.attest_secs, notes);
        kpis.push(kpi);
        price
    });
    let mut kpi_names: BTreeSet<&str> = BTreeSet::new();
    for kpi in &kpis {
        if let Some(name) = kpi.name.as_deref().filter(|name| !kpi_names.insert(name)) {
            let field = match kpi.is_price {
                true => format!("{}.kpi", kpi.header),
                false => format!("{} name", kpi.header),
            };
            notes.add(kpi.at, field, format!("there are two KPIs named {name:?}"));
        }
    }
    let mut grants: Vec<grant::ReadGrant> = Vec::new();
    let grant_tables = top.tables(notes, "grant");
    let grant_count = grant_tables.len();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let context = grant::Context {
        kpis: &kpis,
        plan: &terms,
        token: token.as_ref(),
        price: price.as_ref(),
        addresses: &addresses,
    };
    for table in grant_tables {
        let (at, header) = (table.at, table.name.clone());
        if header.ends_with('"') {
            if names.contains(&header) {
                let name = header.trim_start_matches("grant ");
                notes.add(
                    at,
                    format!("{header} name"),
                    format!("there are two grants named {name}"),
                );
            }
            names.insert(header);
        }
        grants.extend(grant::read(table, &context, notes));
    }
    if let Some(max_grants) = &terms.max_grants
        && u32::try_from(grant_count).is_ok_and(|count| count > max_grants.value)
    {
        let what = format!("max_grants is {}, but there are {grant_count} grants", max_grants.value);
        notes.add(limits_at, &max_grants.field, what);
    }
    top.finish(notes);

    let (token, mut args) = (token?, terms.args?);
    if let Some(price) = price {
        (args.unit, args.unit_decimals) = (price.unit?, price.unit_decimals?);
    }
    let periods = match period_names(&args) {
        Ok(periods) => periods,
        Err(error) => {
            notes.add(plan_at, "plan", error);
            return None;
        }
    };
    let authority = check
        .authority
        .or_else(|| terms.roles.authority.as_ref().map(Party::stand_in));
    let plan = whole(&authority.unwrap_or_default(), &args, &kpis, token.decimals?, notes)?;
    let kpis: Option<Vec<KpiArgs>> = kpis.into_iter().map(|kpi| kpi.args).collect();
    let kpis = kpis?;
    let now = check.now.unwrap_or_else(|| args.start_ts.saturating_sub(1));
    let states = grant::judge(&grants, &plan, now, notes);
    let reserves = states.iter().map(|grant| u128::from(grant.reserved));
    let most = token.supply.as_ref().map_or(u64::MAX, |supply| supply.value);
    if reserves.sum::<u128>() > most.into() {
        match &token.supply {
            Some(supply) => supply.wrong(notes, "the grants together can earn more than the supply"),
            None => notes.add(
                limits_at,
                "grant",
                "the grants together can earn more than 64 bits of base units hold",
            ),
        }
    }
    Some(PlanFile {
        token: TokenTerms {
            mint: token.mint.and_then(|mint| mint.value.key),
            decimals: token.decimals?,
            supply: token.supply.map(|supply| supply.value),
        },
        terms: args,
        roles: terms.roles,
        kpis,
        grants: grants.into_iter().map(|read| read.grant).collect(),
        periods,
        lines: lines(document, notes),
    })
}

/// The plan with all its KPIs, in the program's own words: nothing that it would refuse gets past this.
fn whole(
    authority: &Pubkey,
    args: &CreatePlanArgs,
    kpis: &[kpi::ReadKpi],
    mint_decimals: u8,
    notes: &mut Notes,
) -> Option<Plan> {
    let mut plan = draft(authority, args, &[]).ok()?;
    // What has a field of its own was noted there already.
    let is_sound = notes.is_empty();
    for kpi in kpis {
        if let Err(error) = plan.push_kpi(kpi.args.as_ref()?) {
            if is_sound {
                notes.add(kpi.at, &kpi.header, crate::terms::message(&error));
            }
            return None;
        }
    }
    if let Some(price) = kpis.iter().find(|kpi| kpi.is_price)
        && plan.fix_exponent(mint_decimals).is_err()
    {
        let what = format!(
            "the decimals of token and price, less those of the unit of account, may be {MAX_EXPONENT} at most either way"
        );
        notes.add(price.at, format!("{}.decimals", price.header), what);
    }
    Some(plan)
}

/// The line of each field of each table.
fn lines(document: &DeTable, notes: &Notes) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for (name, value) in document {
        let name = name.get_ref();
        let mut add = |section: Section| {
            lines.insert(section.name.clone(), notes.line(section.at));
            for (key, value) in section.entries() {
                lines.insert(section.path(key.get_ref()), notes.line(value.span().start));
            }
        };
        if let Some(table) = value.get_ref().as_table() {
            add(Section::new(name, value.span().start, table));
        }
        for (number, item) in (1..).zip(value.get_ref().as_array().into_iter().flatten()) {
            if let Some(table) = item.get_ref().as_table() {
                add(Section::numbered(name, number, item.span().start, table));
            }
        }
    }
    lines
}
