//! The `earnout` command: everything a project, a contributor, an oracle or an auditor does, from a terminal, on any
//! cluster. Data goes to the standard output, questions, progress and explanations to the standard error.

mod advice;
mod args;
mod commands;
mod context;
mod fault;
mod send;
mod shown;

use {
    args::{Format, GlobalArgs},
    clap::{CommandFactory, Parser, error::ErrorKind},
    commands::Command,
    context::app::App,
    fault::Fault,
    shown::output::Output,
    std::process::ExitCode,
};

/// Plans, grants, attestations and claims of the Earnout program.
#[derive(Debug, Parser)]
#[command(
    name = "earnout",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  $ earnout plan init
  $ earnout --url devnet plan create plan.toml
  $ earnout grant show PLAN/0

A PLAN is its address, or CREATOR/ID. A GRANT is its address, or PLAN/INDEX.
Exit codes: 0 done; 1 not done; 2 done in part, or shown but incomplete; 3 sent, but the outcome is unknown."
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let output = Output::new(&cli.global);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => output.fail(&fault),
    }
}

fn run(cli: Cli) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new("the command cannot start").why(error))?;
    let app = App::new(cli.global);
    runtime.block_on(async {
        match cli.command.run(&app, Cli::command).await {
            Ok(()) => Ok(()),
            Err(fault) => Err(app.diagnose(fault).await),
        }
    })
}

/// Shows help and versions, and what is wrong with the arguments.
fn unparsed(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Whoever reads the output may have read enough.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            // To whom it may help; a program gets an error.
            let _ = error.print();
            let fault = Fault::new("a command is needed").advice("`earnout --help` lists them");
            match Format::asked_for(std::env::args()) {
                Format::Display => fault.exit_code(),
                format => Output::of_format(format).fail(&fault),
            }
        }
        _ => {
            let fault = Fault::of_arguments(error);
            Output::of_format(Format::asked_for(std::env::args())).fail(&fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_ends_with_an_example() {
        fn check(command: &mut clap::Command, path: &str) {
            let help = command.render_long_help().to_string();
            assert!(help.contains("\n  $ earnout"), "{path} has no example:\n{help}");
            for sub in command.get_subcommands_mut() {
                let path = format!("{path} {}", sub.get_name());
                if sub.get_name() != "help" {
                    check(sub, &path);
                }
            }
        }
        check(&mut Cli::command(), "earnout");
    }
}
