//! `earnout plan init`.

use {
    crate::{context::app::App, fault::Fault, shown::output::write_new},
    clap::Args,
    earnout_sdk::terms::plan_file::template,
    jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone},
    std::path::{Path, PathBuf},
};

/// Months of a quarter.
const QUARTER: i8 = 3;

/// Write a commented plan file to begin with
///
/// Its calendar starts with the next quarter. An existing file is never overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan init
  $ earnout plan init - > my-plan.toml")]
pub struct Init {
    /// The file to be written, `-` for the standard output
    #[arg(value_name = "FILE", default_value = "plan.toml")]
    file: PathBuf,
}

impl Init {
    pub fn run(&self, app: &App) -> Result<(), Fault> {
        let text = template(next_quarter(&Timestamp::now())?);
        if self.file == Path::new("-") {
            return app.output().raw(&text);
        }
        write_new(&self.file, text.as_bytes())?;
        let name = self.file.display();
        app.output()
            .note(format!("Wrote {name}: replace the texts in <angle brackets>"));
        Ok(())
    }
}

/// The beginning of the quarter after the one that contains `now`, Unix seconds.
fn next_quarter(now: &Timestamp) -> Result<i64, Fault> {
    let today = now.to_zoned(TimeZone::UTC).date().first_of_month();
    let months = QUARTER - (today.month() - 1) % QUARTER;
    let start = today
        .checked_add(months.months())
        .and_then(|start| start.to_zoned(TimeZone::UTC));
    let start: Zoned = start.map_err(|error| Fault::new("this machine's clock shows no possible time").why(error))?;
    Ok(start.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_starts_with_the_next_quarter() {
        for (now, start) in [
            ("2026-11-25T03:00:00Z", "2027-01-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            ("2027-01-01T00:00:00Z", "2027-04-01T00:00:00Z"),
            ("2027-08-31T12:00:00Z", "2027-10-01T00:00:00Z"),
        ] {
            let (now, start): (Timestamp, Timestamp) = (now.parse().expect("a time"), start.parse().expect("a time"));
            assert_eq!(next_quarter(&now).expect("a quarter"), start.as_second(), "{now}");
        }
    }
}
