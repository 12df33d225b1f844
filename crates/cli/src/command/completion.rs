//! `shipway completion`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output;

/// Print what makes a shell complete `shipway`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway completion bash > ~/.local/share/bash-completion/completions/shipway
  shipway completion zsh > ~/.zfunc/_shipway
  shipway completion fish > ~/.config/fish/completions/shipway.fish")]
pub(crate) struct Completion {
    #[arg(value_parser = parse_shell, value_name = "bash|zsh|fish")]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "shipway", &mut script);
        output::print(&String::from_utf8_lossy(&script));
        Ok(Exit::Ok)
    }
}

fn parse_shell(text: &str) -> Result<Shell, String> {
    match text {
        "bash" => Ok(Shell::Bash),
        "zsh" => Ok(Shell::Zsh),
        "fish" => Ok(Shell::Fish),
        _ => Err("the shells are bash, zsh and fish".to_owned()),
    }
}
