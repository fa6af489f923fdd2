//! `earnout completions`.

use {
    crate::{context::app::App, fault::Fault},
    clap::Args,
    clap_complete::Shell,
};

/// Write a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout completions bash > ~/.local/share/bash-completion/completions/earnout
  $ earnout completions zsh > ~/.zfunc/_earnout
  $ earnout completions fish > ~/.config/fish/completions/earnout.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Writes the script for the arguments that `cli` describes.
    pub fn run(&self, app: &App, cli: fn() -> clap::Command) -> Result<(), Fault> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli(), "earnout", &mut script);
        app.output().raw(&String::from_utf8_lossy(&script))
    }
}
