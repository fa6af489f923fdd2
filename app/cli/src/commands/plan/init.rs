//! `earnout plan init`.

use {
    crate::{context::app::App, fault::Fault},
    clap::Args,
    earnout_sdk::terms::plan_file::template,
    jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone},
    std::{
        fs::OpenOptions,
        io::{ErrorKind, Write},
        path::{Path, PathBuf},
    },
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
        let name = self.file.display();
        let file = OpenOptions::new().write(true).create_new(true).open(&self.file);
        let mut file = file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Fault::new(format!("{name} exists already; it was left as it is"))
                .advice("name another file, or move this one away"),
            _ => Fault::new(format!("{name} cannot be written"))
                .why(error)
                .advice("check path, permissions and space"),
        })?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| Fault::new(format!("{name} cannot be written")).why(error))?;
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
