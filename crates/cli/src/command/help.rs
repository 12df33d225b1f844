//! `shipway help`

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::{manual, output};

/// Explain a verb, or a topic: exit-codes, config
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway help rollout start
  shipway help exit-codes
  shipway help config")]
pub(crate) struct Help {
    /// A verb, or `exit-codes`, or `config`
    words: Vec<String>,
}

impl Help {
    pub(crate) fn run(self) -> Outcome {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let text = match words[..] {
            ["exit-codes"] => manual::exit_codes(),
            ["config"] => manual::CONFIG.to_owned(),
            _ => of_verb(&words)?,
        };
        output::print(&text);
        Ok(Exit::Ok)
    }
}

fn of_verb(words: &[&str]) -> Result<String, Failure> {
    let mut command = Cli::command();
    command.build();
    for word in words {
        command = match command.find_subcommand(word) {
            Some(found) => found.clone(),
            None => {
                return Err(Failure::usage(format!("there is no verb or topic `{word}`"), "shipway help"));
            }
        };
    }
    Ok(command.render_long_help().to_string())
}
