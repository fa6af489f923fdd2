//! The file of contributors: one grant a row, all mistakes at once.

use {
    super::super::price,
    crate::context::{reference::kpi_name, token::Token},
    earnout::{instructions::CreateGrantArgs, state::Plan},
    earnout_core::FULL_SCORE,
    earnout_sdk::{
        client::bulk,
        terms::{
            self,
            plan_file::{Mistake, one_line},
        },
        text::{
            amount, names,
            table::{Record, Table},
        },
    },
    solana_program::pubkey::Pubkey,
    std::{collections::HashMap, str::FromStr},
};

/// What stands before the name or number of a KPI in the header.
const WEIGHT: &str = "weight:";

/// A time at which no period has begun and no enrolment has ended: for what does not depend on the time.
const ALWAYS: i64 = i64::MIN;

const BENEFICIARY: &str = "beneficiary";
const ALLOCATION: &str = "allocation";
const FIRST_PERIOD: &str = "first_period";
const PERIODS: &str = "periods";
const CLIFF: &str = "cliff";
const TIME_WEIGHT: &str = "time_weight";
const REVOCABLE: &str = "revocable";
const TRANSFERABLE: &str = "transferable";
const NAME: &str = "name";
const VALUE: &str = "value";

const REQUIRED: [&str; 6] = [BENEFICIARY, ALLOCATION, CLIFF, TIME_WEIGHT, REVOCABLE, TRANSFERABLE];
const OPTIONAL: [&str; 4] = [NAME, VALUE, FIRST_PERIOD, PERIODS];

/// A grant to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line, counted from 1.
    pub line: usize,
    /// What the file calls it.
    pub name: Option<String>,
    /// Its terms. The number is not known yet.
    pub args: CreateGrantArgs,
}

/// What is accepted although it is often a mistake.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leniency {
    /// Beneficiaries that are not a key of a wallet, such as the address of a multisig vault.
    pub off_curve: bool,
    /// More than one grant for a beneficiary.
    pub several_each: bool,
}

/// Reads the rows of a file for grants of `plan`. What depends on the time or on other accounts is not checked.
///
/// # Errors
/// Every mistake, in the order of the lines.
pub fn read(text: &str, plan: &Plan, token: &Token, leniency: Leniency) -> Result<Vec<Row>, Vec<Mistake>> {
    let mut reader = Reader {
        plan,
        token,
        leniency,
        mistakes: Vec::new(),
        rows: HashMap::new(),
        beneficiaries: HashMap::new(),
    };
    let expected = format!("a header with the columns {}", REQUIRED.join(","));
    let table = Table::read(text, &expected).map_err(|mistake| vec![mistake])?;
    let Some(columns) = reader.columns(&table) else {
        return Err(reader.mistakes);
    };
    let rows: Vec<_> = table
        .records
        .iter()
        .filter_map(|record| reader.row(record, &columns))
        .collect();
    reader.mistakes.extend(table.mistakes);
    reader.mistakes.sort_by_key(|mistake| mistake.line);
    if rows.is_empty() && reader.mistakes.is_empty() {
        let what = "there is no row below the header; expected one for each grant";
        reader.wrong(table.line, "", what.to_owned());
    }
    if reader.mistakes.is_empty() {
        Ok(rows)
    } else {
        Err(reader.mistakes)
    }
}

/// Where each column stands.
struct Columns {
    by_name: HashMap<&'static str, usize>,
    /// KPI and place.
    weights: Vec<(usize, usize)>,
}

struct Reader<'a> {
    plan: &'a Plan,
    token: &'a Token,
    leniency: Leniency,
    mistakes: Vec<Mistake>,
    /// Lines by the identity of their rows, and by beneficiary.
    rows: HashMap<String, usize>,
    beneficiaries: HashMap<Pubkey, usize>,
}

impl Reader<'_> {
    fn wrong(&mut self, line: usize, field: &str, what: String) {
        self.mistakes.push(Mistake {
            line: Some(line),
            field: field.to_owned(),
            what: one_line(what),
        });
    }

    fn columns(&mut self, table: &Table) -> Option<Columns> {
        let line = table.line;
        let mut columns = Columns {
            by_name: HashMap::new(),
            weights: Vec::new(),
        };
        let before = self.mistakes.len();
        for (place, name) in table.columns.iter().enumerate() {
            let known = REQUIRED.into_iter().chain(OPTIONAL).find(|known| known == name);
            let is_new = if let Some(known) = known {
                columns.by_name.insert(known, place).is_none()
            } else if let Some(kpi) = name.strip_prefix(WEIGHT) {
                let kpi = match self.kpi(kpi.trim()) {
                    Ok(kpi) => kpi,
                    Err(what) => {
                        self.wrong(line, name, what);
                        continue;
                    }
                };
                let is_new = columns.weights.iter().all(|(other, _)| *other != kpi);
                columns.weights.push((kpi, place));
                is_new
            } else {
                let expected = REQUIRED.into_iter().chain(OPTIONAL).collect::<Vec<_>>().join(", ");
                self.wrong(line, name, format!("is not a column; expected {expected}, {WEIGHT}KPI"));
                continue;
            };
            if !is_new {
                self.wrong(line, name, "the column is there twice".to_owned());
            }
        }
        for required in REQUIRED {
            if !columns.by_name.contains_key(required) {
                self.wrong(line, required, "the column is missing".to_owned());
            }
        }
        (self.mistakes.len() == before).then_some(columns)
    }

    /// Number of the KPI that the text means.
    fn kpi(&self, text: &str) -> Result<usize, String> {
        let all: Vec<_> = self.plan.kpis().iter().map(kpi_name).collect();
        let kpi = names::kpi(&all, text).map_err(|why| format!("the plan has no such KPI; {why}"))?;
        let price = self.plan.price().map(|(number, _)| usize::from(number));
        if price == Some(kpi) {
            return Err("the price has no score; expected weights on other KPIs".to_owned());
        }
        Ok(kpi)
    }

    fn row(&mut self, record: &Record, columns: &Columns) -> Option<Row> {
        let (line, fields) = (record.line, &record.fields);
        let field = |name: &str| {
            columns
                .by_name
                .get(name)
                .and_then(|place| fields.get(*place))
                .map(String::as_str)
        };
        let required = |name: &str| field(name).unwrap_or_default();
        let before = self.mistakes.len();
        let beneficiary = self.beneficiary(line, required(BENEFICIARY));
        let allocation = self.allocation(line, required(ALLOCATION));
        let unit_allocation = match field(VALUE) {
            // A grant in tokens.
            None | Some("") => Some(0),
            Some(text) => self.value(line, text),
        };
        let first_period = match field(FIRST_PERIOD) {
            None | Some("") => Some(0),
            Some(text) => self.number(line, FIRST_PERIOD, text),
        };
        let periods = match field(PERIODS) {
            // All that are left.
            None | Some("") => first_period.map(|first| self.plan.period_count.saturating_sub(first)),
            Some(text) => self.number(line, PERIODS, text),
        };
        let cliff_periods = self.number(line, CLIFF, required(CLIFF));
        let time_weight = self.weight(line, TIME_WEIGHT, required(TIME_WEIGHT));
        let mut kpi_weights = vec![0; self.plan.kpis().len()];
        for (kpi, place) in &columns.weights {
            let text = fields.get(*place).map_or("", String::as_str);
            let text = if text.is_empty() { "0" } else { text };
            let name = format!(
                "{WEIGHT}{}",
                self.plan.kpis().get(*kpi).map(kpi_name).unwrap_or_default()
            );
            if let (Some(weight), Some(slot)) = (self.weight(line, &name, text), kpi_weights.get_mut(*kpi)) {
                *slot = weight;
            }
        }
        let revocable = self.flag(line, REVOCABLE, required(REVOCABLE));
        let transferable = self.flag(line, TRANSFERABLE, required(TRANSFERABLE));
        if self.mistakes.len() > before {
            return None;
        }
        let args = CreateGrantArgs {
            grant_index: 0,
            beneficiary: beneficiary?,
            allocation: allocation?,
            unit_allocation: unit_allocation?,
            first_period: first_period?,
            periods: periods?,
            cliff_periods: cliff_periods?,
            time_weight: time_weight?,
            kpi_weights,
            revocable: revocable?,
            transferable: transferable?,
        };
        self.check(line, &args, required(ALLOCATION))?;
        let name = field(NAME).filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Row { line, name, args })
    }

    /// What can be said of a whole row.
    fn check(&mut self, line: usize, args: &CreateGrantArgs, allocation: &str) -> Option<()> {
        let weights = args.kpi_weights.iter().map(|weight| u32::from(*weight));
        let sum = weights.sum::<u32>().saturating_add(u32::from(args.time_weight));
        if sum != u32::from(FULL_SCORE) {
            let what = format!("{TIME_WEIGHT} and the weights of the KPIs sum to {sum}; expected {FULL_SCORE}");
            self.wrong(line, "", what);
            return None;
        }
        if !(self.plan.min_allocation..=self.plan.max_allocation).contains(&args.allocation) {
            let (least, most) = (self.plan.min_allocation, self.plan.max_allocation);
            let (least, most) = (self.token.amount(least), self.token.amount(most));
            self.wrong(
                line,
                ALLOCATION,
                format!(
                    "the plan allows from {least} to {most} for a grant{}",
                    amount::hint(allocation)
                ),
            );
            return None;
        }
        let last = u32::from(args.first_period).saturating_add(u32::from(args.periods));
        if args.periods == 0 || last > u32::from(self.plan.period_count) {
            let count = self.plan.period_count;
            let what = format!("expected at least one period, and all within the plan's {count}, counted from 0");
            self.wrong(line, PERIODS, what);
            return None;
        }
        if args.cliff_periods > args.periods {
            let what = format!("the cliff lies beyond the {} periods of the grant", args.periods);
            self.wrong(line, CLIFF, what);
            return None;
        }
        // Whatever else the program would refuse.
        if let Err(error) = terms::grant(self.plan, args, ALWAYS) {
            self.wrong(line, "", terms::message(&error));
            return None;
        }
        if let Some(other) = self.rows.insert(bulk::row_id(args), line) {
            self.wrong(line, "", format!("the row repeats line {other}"));
            return None;
        }
        if let Some(other) = self.beneficiaries.insert(args.beneficiary, line)
            && !self.leniency.several_each
        {
            let what = format!("line {other} has the same one; if both are meant, say --several-grants-each");
            self.wrong(line, BENEFICIARY, what);
            return None;
        }
        Some(())
    }

    fn beneficiary(&mut self, line: usize, text: &str) -> Option<Pubkey> {
        let Ok(key) = Pubkey::from_str(text) else {
            self.wrong(
                line,
                BENEFICIARY,
                format!("{text:?} is not an address; expected 32 bytes in base58"),
            );
            return None;
        };
        if !key.is_on_curve() && !self.leniency.off_curve {
            let what = format!(
                "{key} is not a key of a wallet but an address that only a program can sign for, such as a token account or \
                 a multisig vault; if that is meant, say --allow-off-curve"
            );
            self.wrong(line, BENEFICIARY, what);
            return None;
        }
        Some(key)
    }

    fn allocation(&mut self, line: usize, text: &str) -> Option<u64> {
        match amount::parse(text, self.token.decimals) {
            Ok(amount) => Some(amount),
            Err(error) => {
                self.wrong(line, ALLOCATION, format!("{text:?} {error}"));
                None
            }
        }
    }

    fn value(&mut self, line: usize, text: &str) -> Option<u64> {
        match price::units(self.plan, text) {
            Ok(units) => Some(units),
            Err(what) => {
                self.wrong(line, VALUE, what);
                None
            }
        }
    }

    fn number(&mut self, line: usize, field: &str, text: &str) -> Option<u16> {
        let number = amount::parse(text, 0)
            .ok()
            .and_then(|number| u16::try_from(number).ok());
        if number.is_none() {
            let most = u16::MAX;
            self.wrong(line, field, format!("{text:?} is not a whole number from 0 to {most}"));
        }
        number
    }

    fn weight(&mut self, line: usize, field: &str, text: &str) -> Option<u16> {
        let points = amount::basis_points(text).ok();
        let weight = points.and_then(|points| u16::try_from(points).ok());
        if weight.is_none() {
            let what = format!("{text:?} cannot be a weight; expected basis points, like 6000, or percent, like 60%");
            self.wrong(line, field, what);
        }
        weight
    }

    /// Spreadsheets write `TRUE`.
    fn flag(&mut self, line: usize, field: &str, text: &str) -> Option<bool> {
        let flag = text.to_ascii_lowercase().parse().ok();
        if flag.is_none() {
            self.wrong(line, field, format!("{text:?} is neither true nor false"));
        }
        flag
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable, earnout::state::Kpi};

    const HEADER: &str =
        "beneficiary,allocation,first_period,periods,cliff,time_weight,weight:users,revocable,transferable";
    const KEY: &str = "4Nd1mYcvsTSt5FqVqQHnAqtvQxQxB4QqQ2n1LKLmYB7A";

    fn plan() -> Plan {
        let mut plan = Plan::zeroed();
        plan.period_count = 8;
        plan.cadence_kind = 1;
        plan.cadence_length = 3;
        plan.start_ts = 1_800_000_000;
        plan.enrolment_end = 1_800_000_000;
        plan.min_allocation = 1_000_000;
        plan.max_allocation = 500_000_000;
        plan.max_grants = 100;
        plan.kpi_count = 1;
        let mut kpi = Kpi::zeroed();
        kpi.name[..5].copy_from_slice(b"users");
        kpi.point_count = 1;
        kpi.curve_scores[0] = 10_000;
        plan.kpis[0] = kpi;
        plan
    }

    fn token() -> Token {
        Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
            decimals: 6,
        }
    }

    /// Keys of wallets, all different.
    fn key(number: u8) -> String {
        use solana_signer::Signer;
        solana_keypair::Keypair::new_from_array([number; 32])
            .pubkey()
            .to_string()
    }

    fn mistakes(text: &str) -> Vec<String> {
        match read(text, &plan(), &token(), Leniency::default()) {
            Ok(rows) => panic!("read {} rows", rows.len()),
            Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn rows_are_read_with_exact_amounts() {
        let (first, second) = (key(1), key(2));
        let text = format!(
            "name,{HEADER}\nAda,{first},1_25.5,1,4,2,4_000,6000,true,false\n,,,,,\n\"B, C\",{second},3,,,0,10000,,false,true\n"
        );
        let rows = read(&text, &plan(), &token(), Leniency::default()).expect("two rows");
        let terms = |row: &Row| {
            (
                row.line,
                row.name.clone(),
                row.args.allocation,
                row.args.first_period,
                row.args.periods,
            )
        };
        assert_eq!(terms(&rows[0]), (2, Some("Ada".to_owned()), 125_500_000, 1, 4));
        assert_eq!(
            terms(&rows[1]),
            (4, Some("B, C".to_owned()), 3_000_000, 0, 8),
            "all periods unless it says less"
        );
        assert_eq!(
            (rows[0].args.time_weight, &rows[0].args.kpi_weights[..]),
            (4_000, &[6_000][..])
        );
        assert_eq!(
            (rows[1].args.time_weight, &rows[1].args.kpi_weights[..]),
            (10_000, &[0][..])
        );
        assert_eq!((rows[0].args.revocable, rows[0].args.transferable), (true, false));
    }

    #[test]
    fn everything_wrong_is_said_at_once_with_its_line() {
        let (a, b) = (key(1), key(2));
        let off_curve = earnout_sdk::wire::pda::vault(&Pubkey::new_unique());
        let text = format!(
            "{HEADER}\n\
             {a},100,0,8,2,4000,6000,true,false\n\
             {KEY}x,100,0,8,2,4000,6000,true,false\n\
             {off_curve},100,0,8,2,4000,6000,true,false\n\
             {b},0.0000001,0,8,2,4000,6000,true,false\n\
             {b},1e3,0,8,2,4000,6000,true,false\n\
             {b},100,0,8,2,4000,5999,true,false\n\
             {b},501,0,8,2,4000,6000,true,false\n\
             {b},100,4,5,2,4000,6000,true,false\n\
             {b},100,0,2,3,4000,6000,true,false\n\
             {b},100,-1,2,1,4000,6000,ja,false\n\
             {b},100,0,2\n\
             {a},100,0,8,2,4000,6000,true,false\n\
             {a},200,0,8,2,4000,6000,true,false\n"
        );
        let expected = [
            "3: beneficiary: ",
            "4: beneficiary: ",
            "5: allocation: \"0.0000001\" has more than 6 decimals and would have to be rounded",
            "6: allocation: \"1e3\" is not a number",
            "7: time_weight and the weights of the KPIs sum to 9999; expected 10000",
            "8: allocation: the plan allows from 1 to 500 for a grant",
            "9: periods: expected at least one period, and all within the plan's 8",
            "10: cliff: the cliff lies beyond the 2 periods",
            "11: first_period: \"-1\" is not a whole number",
            "11: revocable: \"ja\" is neither true nor false",
            "12: the row has 4 fields; expected 9",
            "13: the row repeats line 2",
            "14: beneficiary: line 2 has the same one",
        ];
        let found = mistakes(&text);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
    }

    #[test]
    fn columns_are_known_complete_and_there_once() {
        let found = mistakes("beneficiary,allocation,salary,weight:users,weight:0,weight:mau,cliff\n");
        let expected = [
            "1: salary: is not a column",
            "1: weight:0: the column is there twice",
            "1: weight:mau: the plan has no such KPI; its KPIs are: 0 users",
            "1: time_weight: the column is missing",
            "1: revocable: the column is missing",
            "1: transferable: the column is missing",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
        assert!(mistakes("")[0].contains("the file is empty"));
        assert!(mistakes(HEADER)[0].contains("no row below the header"));
    }

    #[test]
    fn what_is_often_a_mistake_can_be_meant() {
        let a = key(1);
        let off_curve = earnout_sdk::wire::pda::vault(&Pubkey::new_unique());
        let text = format!(
            "{HEADER}\n{a},100,0,8,2,4000,6000,true,false\n{a},200,0,8,2,4000,6000,true,false\n\
             {off_curve},100,0,8,2,4000,6000,true,false\n"
        );
        assert_eq!(mistakes(&text).len(), 2);
        let lenient = Leniency {
            off_curve: true,
            several_each: true,
        };
        assert_eq!(read(&text, &plan(), &token(), lenient).expect("three rows").len(), 3);
    }
}
