//! What was measured of a plan with so many grants.

use {
    crate::process::Measured,
    serde::{Deserialize, Serialize},
    std::{fs, iter::Sum, path::Path, time::Duration},
};

/// Bytes that rent counts for an account beside its own.
const OVERHEAD: u64 = 128;

/// Most resident memory of each tool, KiB: 500 MB.
const MEMORY: u64 = 500_000_000 / 1_024;

/// What one command took, or several of the same kind one after the other.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Step {
    pub time: Duration,
    /// Time that processors worked for it, without the chain's.
    pub cpu: Duration,
    pub transactions: u64,
    /// Lamports.
    pub fees: u64,
    /// Accounts that it made, and their bytes.
    pub accounts: u64,
    pub bytes: u64,
    /// Largest resident memory, KiB.
    pub peak_kib: u64,
}

impl Step {
    /// Of a command that made no accounts and sent nothing.
    ///
    /// # Panics
    /// If it took more memory than a tool may.
    pub fn of(measured: &Measured, what: &str) -> Self {
        let peak_kib = measured.peak_kib;
        assert!(peak_kib < MEMORY, "{what} takes {peak_kib} KiB of memory");
        Self {
            time: measured.elapsed,
            cpu: measured.cpu,
            peak_kib,
            ..Self::default()
        }
    }

    /// Lamports that are locked in its accounts where a byte costs so many.
    pub fn rent(&self, lamports_a_byte: u64) -> u64 {
        (self.bytes + OVERHEAD * self.accounts) * lamports_a_byte
    }
}

impl Sum for Step {
    fn sum<I: Iterator<Item = Self>>(steps: I) -> Self {
        steps.fold(Self::default(), |all, step| Self {
            time: all.time + step.time,
            cpu: all.cpu + step.cpu,
            transactions: all.transactions + step.transactions,
            fees: all.fees + step.fees,
            accounts: all.accounts + step.accounts,
            bytes: all.bytes + step.bytes,
            peak_kib: all.peak_kib.max(step.peak_kib),
        })
    }
}

/// A period, from the first vote to the last claim, in transactions of one version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Period {
    /// The daemon of each oracle.
    pub values: Vec<Step>,
    pub settle: Step,
    pub claim: Step,
}

/// The page of a plan in the web app.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Page {
    pub step: Step,
    /// Requests to load it, and to see whether it is still current.
    pub calls: u64,
    pub checks: u64,
    /// Bytes of all answers.
    pub bytes: u64,
}

/// Everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    pub grants: u32,
    pub import: Step,
    /// In transactions of version 1.
    pub period: Period,
    pub statement: Step,
    /// None if the app gave up: it waits for each answer only so long.
    pub page: Option<Page>,
    /// The next period in transactions of version 0, where that was measured.
    pub version_0: Option<Period>,
}

impl Figures {
    /// What an earlier run wrote, if it did.
    pub fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Keeps it.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for the figures");
        fs::write(file, serde_json::to_vec_pretty(self).expect("JSON")).expect("a file for the figures");
    }

    /// Compares what does not depend on the machine with what was promised for each contributor and period.
    ///
    /// # Panics
    /// If it is more.
    pub fn check(&self, kpis: u64) {
        let grants = u64::from(self.grants);
        let most = |what: &str, found: u64, hundredths: u64| {
            assert!(
                100 * found <= hundredths * grants,
                "{what}: {found} transactions for {grants} grants are more than {hundredths} for a hundred"
            );
        };
        let of_both = [(Some(&self.period), 2, 10), (self.version_0.as_ref(), 10, 20)];
        for (period, values, rest) in of_both {
            let Some(period) = period else { continue };
            let voted: Step = period.values.iter().copied().sum();
            most("values", voted.transactions, values);
            most(
                "settling and claiming",
                period.settle.transactions + period.claim.transactions,
                rest,
            );
            let rent = voted.rent(5_080);
            assert!(rent <= 300_000 * kpis * grants, "{rent} lamports for {grants} grants");
        }
    }
}
