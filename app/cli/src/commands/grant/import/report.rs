//! What became of the rows, for people, for programs and as a file.

use {
    super::table::Row,
    crate::{
        context::token::{Amount, sol},
        fault::{Exit, Fault},
        shown::text::{cell, either, quoted, safe},
    },
    earnout_sdk::{
        client::bulk::{ImportReport, Progress},
        text::amount::{count, counted},
        wire::pda,
    },
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::{fmt, fs::File, path::Path, time::Duration},
};

/// What an import will take.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    pub plan: String,
    pub plan_name: String,
    pub grants: usize,
    pub allocated: Amount,
    /// The value of the grants in another unit, with the unit; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub transactions: usize,
    pub rent_lamports: u64,
    pub fee_lamports: u64,
}

impl fmt::Display for Forecast {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "plan          {} {}", self.plan, quoted(&self.plan_name))?;
        writeln!(
            out,
            "grants        {}, {} tokens in all",
            count(self.grants),
            self.allocated
        )?;
        if let Some(value) = &self.value {
            writeln!(out, "value         {} in all, at most those tokens", safe(value))?;
        }
        writeln!(out, "transactions  {}", count(self.transactions))?;
        let (rent, fees) = (sol(self.rent_lamports), sol(self.fee_lamports));
        write!(out, "cost          {rent} SOL of rent, {fees} SOL of fees")
    }
}

/// The result of an import.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    plan: String,
    rows: usize,
    made: usize,
    made_before: usize,
    refused: Vec<Refused>,
    /// Lines of the rows that were not reached.
    left: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    transactions: usize,
    /// They came too early for their number, or were refused; only their fee was taken.
    failed_transactions: usize,
    /// Lamports that the payer paid for this run: rent and fees.
    lamports: u64,
    /// Of them rent, which comes back when the grants are closed.
    rent_lamports: u64,
    seconds: f64,
    grants_per_second: f64,
}

#[derive(Serialize)]
struct Refused {
    line: usize,
    why: String,
}

impl Report {
    pub fn new(
        plan: &Pubkey,
        rows: &[Row],
        report: &ImportReport,
        progress: &Progress,
        lamports: u64,
        rent_of_one: u64,
        elapsed: Duration,
    ) -> Self {
        let line = |place: &usize| rows.get(*place).map(|row| row.line).unwrap_or_default();
        let now = report.made.len().saturating_sub(report.made_before);
        let seconds = elapsed.as_secs_f64();
        Self {
            plan: plan.to_string(),
            rows: rows.len(),
            made: report.made.len(),
            made_before: report.made_before,
            refused: report
                .refused
                .iter()
                .map(|fault| Refused {
                    line: line(&fault.row),
                    why: fault.why.clone(),
                })
                .collect(),
            left: report.left.iter().map(line).collect(),
            stopped: report.stopped.clone(),
            transactions: progress.executed,
            failed_transactions: progress.failed,
            lamports,
            rent_lamports: rent_of_one.saturating_mul(u64::try_from(now).unwrap_or(u64::MAX)),
            seconds,
            grants_per_second: rate(now, seconds),
        }
    }

    /// Whether every row is made.
    pub fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.left.is_empty()
    }

    /// Whether no row is made.
    pub fn is_empty(&self) -> bool {
        self.made == 0
    }
}

/// Per second, with one decimal.
#[expect(clippy::float_arithmetic, reason = "a speed for display, not an amount of money")]
fn rate(count: usize, seconds: f64) -> f64 {
    let count = u32::try_from(count).map_or(f64::INFINITY, f64::from);
    if seconds > 0.0 {
        (count / seconds * 10.0).round() / 10.0
    } else {
        0.0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.made.saturating_sub(self.made_before);
        let are = either(self.made, "is", "are");
        write!(
            out,
            "{} of {} {are} made",
            count(self.made),
            counted(self.rows, "grant")
        )?;
        if self.made_before > 0 {
            write!(out, ", {} of them by earlier runs", count(self.made_before))?;
        }
        if self.transactions > 0 {
            write!(
                out,
                "\n{} in {:.1} s ({:.0}/s), {}",
                counted(now, "grant"),
                self.seconds,
                self.grants_per_second,
                counted(self.transactions, "transaction")
            )?;
            if self.failed_transactions > 0 {
                write!(out, ", {} more failed", count(self.failed_transactions))?;
            }
            let fees = self.lamports.saturating_sub(self.rent_lamports);
            write!(
                out,
                "\n{} SOL of rent, {} SOL of fees",
                sol(self.rent_lamports),
                sol(fees)
            )?;
        }
        for refused in &self.refused {
            write!(out, "\nline {}: refused: {}", refused.line, refused.why)?;
        }
        if !self.left.is_empty() {
            write!(
                out,
                "\n{} {} not reached: lines {}",
                counted(self.left.len(), "row"),
                either(self.left.len(), "was", "were"),
                ranges(&self.left)
            )?;
        }
        Ok(())
    }
}

/// Begins the file of grants, before anything is sent.
///
/// # Errors
/// If the file cannot be written.
pub fn create(path: &Path) -> Result<File, Fault> {
    File::create(path).map_err(|error| unwritten(path, &error).advice("check path and permissions; nothing was sent"))
}

/// Writes a line for each grant: what stands in the file of contributors, and where the grant is.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, file: File, plan: &Pubkey, rows: &[Row], report: &ImportReport) -> Result<(), Fault> {
    let failed = |error: csv::Error| {
        let fault = unwritten(path, &error).exit(Exit::Partly);
        fault.advice("the grants are made: run the same command again when there is room for the file")
    };
    let mut writer = csv::Writer::from_writer(file);
    let header = ["line", "name", "beneficiary", "grant_index", "grant", "transaction"];
    writer.write_record(header).map_err(failed)?;
    for made in &report.made {
        let Some(row) = rows.get(made.row) else { continue };
        let record = [
            row.line.to_string(),
            row.name.as_deref().map(cell).unwrap_or_default(),
            row.args.beneficiary.to_string(),
            made.grant_index.to_string(),
            pda::grant(plan, made.grant_index).to_string(),
            made.signature
                .map(|signature| signature.to_string())
                .unwrap_or_default(),
        ];
        writer.write_record(&record).map_err(failed)?;
    }
    writer.flush().map_err(|error| failed(error.into()))
}

fn unwritten(path: &Path, error: &dyn fmt::Display) -> Fault {
    Fault::new(format!("{} cannot be written", path.display())).why(error)
}

/// `2-4, 7` of rising numbers.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let texts = ranges.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_in_ranges() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[2, 3, 4, 7, 9, 10]), "2-4, 7, 9-10");
    }
}
