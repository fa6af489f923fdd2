//! The command line.

use {
    clap::{Parser, ValueEnum},
    earnout::state::UnearnedPolicy,
    earnout_embedded::Chain,
    earnout_sdk::terms::plan_file::Mistakes,
    std::path::{Path, PathBuf},
};

/// Runs the whole life of a plan on a chain inside this process.
///
/// Without options: the team of three of examples/team over a year. With --team examples/usd-pay: a team paid in US
/// dollars with a token whose price crashes and recovers. With --team examples/strategies: five trading strategies,
/// measured by the oracle daemon's code from their equity curves, between which tokens move. With --contributions: a
/// contributor programme computed from a contribution record.
#[derive(Debug, Parser)]
#[command(
    name = "earnout-demo",
    bin_name = "cargo xtask demo",
    after_help = "\
Exit codes: 0 all went well and the sums reconcile, 2 an input is wrong (nothing was sent), 1 anything else.

The number of transactions counts everything sent from the first to the last, the making of the token and of token
accounts included. Compute units are those of each single instruction; of an even number of them the median is the
lower middle one."
)]
pub struct Args {
    /// Contribution record: a CSV file with the columns quarter (2024-Q1), contributor, commits, test_files_changed and
    /// doc_files_changed
    #[arg(long, value_name = "FILE.csv")]
    pub contributions: Option<PathBuf>,

    /// What becomes of the unearned part of a tranche [default: return]
    #[arg(long, value_enum, requires = "contributions")]
    unearned: Option<Unearned>,

    /// Writes the result to this file; all amounts are decimal strings of base units
    #[arg(long, value_name = "OUT")]
    pub json: Option<PathBuf>,

    /// Folder with the plan.toml of the team, and its oracle.toml or values.csv [default: examples/team]
    #[arg(long, value_name = "DIR", conflicts_with = "contributions")]
    team: Option<PathBuf>,

    /// Where the picture of a plan with a [price], or of one that redistributes, is drawn, SVG
    /// [default: target/demo/NAME.svg, after the folder]
    #[arg(long, value_name = "FILE", conflicts_with = "contributions")]
    picture: Option<PathBuf>,

    /// The built program
    #[arg(long, value_name = "PATH", hide = true)]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unearned {
    /// Back to the treasury
    Return,
    /// Into the contributor's next quarter
    CarryOver,
    /// To the other contributors of the quarter, by results
    Redistribute,
}

impl Args {
    /// What can be found wrong before the inputs are read.
    pub fn check(&self) -> Result<(), Mistakes> {
        for (file, what) in [(&self.json, "result"), (&self.picture, "picture")] {
            let Some(file) = file else {
                continue;
            };
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                let what = format!("the folder for the {what} does not exist");
                return Err(Mistakes::of_file(file, &what));
            }
            if file.is_dir() {
                let what = format!("is a folder; expected a file for the {what}");
                return Err(Mistakes::of_file(file, &what));
            }
        }
        Ok(())
    }

    /// Where the picture of a plan goes, which may have nothing to draw; none then.
    pub fn picture(&self, plan_file: &Path, is_drawn: bool) -> Result<Option<PathBuf>, Mistakes> {
        match &self.picture {
            Some(_) if !is_drawn => Err(Mistakes::of_file(
                plan_file,
                "--picture draws the price, or what moves; expected a [price] or `unearned = \"redistribute\"` in the plan",
            )),
            Some(file) => Ok(Some(file.clone())),
            None => Ok(is_drawn.then(|| {
                let folder = self.team().canonicalize().unwrap_or_default();
                let name = folder.file_name().unwrap_or("plan".as_ref()).to_string_lossy();
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
                let pictures = root.unwrap_or(Path::new("")).join("target/demo");
                from_here(&pictures.join(format!("{name}.svg")))
            })),
        }
    }

    pub fn unearned_policy(&self) -> UnearnedPolicy {
        match self.unearned {
            None | Some(Unearned::Return) => UnearnedPolicy::Return,
            Some(Unearned::CarryOver) => UnearnedPolicy::CarryOver,
            Some(Unearned::Redistribute) => UnearnedPolicy::Redistribute,
        }
    }

    pub fn team(&self) -> PathBuf {
        self.team.clone().unwrap_or_else(|| {
            let team = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("team");
            from_here(&team)
        })
    }

    pub fn program(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(Chain::built_program)
    }
}

/// A path as it is from the current folder, if that contains it.
fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_path_buf()
}
