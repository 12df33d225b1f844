//! The manual page: what `docs/cli.md` says is rendered from the verbs themselves, and a test compares them.

use crate::exit::Exit;

/// `shipway help config`
pub(crate) const CONFIG: &str = "\
Which control plane, and with which token, is taken from the first that says so:

  1. the flags --server and --token
  2. the variables SHIPWAY_SERVER and SHIPWAY_TOKEN
  3. the config file: --config, else SHIPWAY_CONFIG, else ~/.config/shipway/config.yaml
     (or $XDG_CONFIG_HOME/shipway/config.yaml)
  4. the default server, http://127.0.0.1:7000

The config file is YAML:

  server: http://127.0.0.1:7000
  token: shipway_tok_…        # or, better:
  tokenFile: token            # a file beside it that only you can read

The flag --as-of INSTANT, with any verb that reads, shows what was known then; nothing but the flag sets it.

`shipway config show` says which value holds, and who gave it.
";

/// `shipway help exit-codes`
pub(crate) fn exit_codes() -> String {
    let lines: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("  {}  {}\n", exit.code(), exit.meaning())).collect();
    format!("Exit codes:\n\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{Command, CommandFactory, Parser};

    use super::*;
    use crate::cli::Cli;

    /// Every verb that does something, with its words.
    fn verbs() -> Vec<(String, Command)> {
        fn collect(prefix: &str, command: &Command, found: &mut Vec<(String, Command)>) {
            let words = format!("{prefix} {}", command.get_name()).trim().to_owned();
            let mut inner = command.get_subcommands().peekable();
            if inner.peek().is_none() {
                found.push((words, command.clone()));
            } else {
                inner.for_each(|it| collect(&words, it, found));
            }
        }
        let mut root = Cli::command();
        root.build();
        let mut found = Vec::new();
        collect("", &root, &mut found);
        found
    }

    fn examples(command: &Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
        examples.lines().take_while(|it| !it.is_empty()).map(|it| it.trim().to_owned()).collect()
    }

    fn render() -> String {
        let mut text = "# The command line\n\n\
             This page is rendered from the verbs; `UPDATE_DOCS=1 cargo test -p shipway-cli` writes it.\n\n"
            .to_owned();
        text += "## Exit codes\n\n| code | meaning |\n|---|---|\n";
        for exit in Exit::ALL {
            text += &format!("| {} | {} |\n", exit.code(), exit.meaning());
        }
        text += &format!("\n## Settings\n\n```text\n{CONFIG}```\n\n## Verbs\n");
        for (words, command) in verbs() {
            let mut command = command.term_width(100);
            text += &format!(
                "\n### {words}\n\n```text\n{}\n```\n",
                command.render_long_help().to_string().trim_end()
            );
        }
        text.lines().map(|it| format!("{}\n", it.trim_end())).collect()
    }

    #[test]
    fn the_page_is_what_the_verbs_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
        let rendered = render();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &rendered).expect("docs can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == rendered, "docs/cli.md is old: run `UPDATE_DOCS=1 cargo test -p shipway-cli`");
    }

    #[test]
    fn every_verb_has_examples_that_parse() {
        for (words, command) in verbs() {
            let examples = examples(&command);
            assert!(!examples.is_empty(), "{words} has no examples");
            for example in examples {
                // Pipes, redirections, variables in front and remarks behind are the shell's and the reader's.
                let own = example.rsplit("| ").next().unwrap_or_default();
                let own = own.split(" > ").next().unwrap_or_default();
                let own = own.split("   ").next().unwrap_or_default().trim_end();
                let own = own.find("shipway ").map_or(own, |start| &own[start..]);
                let parsed = Cli::try_parse_from(shell_words(own));
                assert!(
                    parsed.is_ok(),
                    "`{example}`: {}",
                    parsed.err().map(|it| it.to_string()).unwrap_or_default()
                );
                assert!(own.starts_with(&words), "`{example}` is of another verb than {words}");
            }
        }
    }

    /// What a CI is told to run has to be there.
    #[test]
    fn commands_of_the_snippets_for_ci_parse() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci");
        let mut n_commands = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines().map(|it| it.trim().trim_start_matches("- ")) {
                if !line.starts_with("shipway ") {
                    continue;
                }
                n_commands += 1;
                // What the shell fills in.
                let digest = format!("sha256:{}", "0".repeat(64));
                let line = line.replace("\"$VERSION\"", "1.2.0").replace("\"$digest\"", &digest);
                let parsed = Cli::try_parse_from(shell_words(&line));
                let why = parsed.err().map(|it| it.to_string()).unwrap_or_default();
                assert!(why.is_empty(), "{}: `{line}`: {why}", path.display());
            }
        }
        assert!(n_commands >= 6, "{n_commands}");
    }

    #[test]
    fn the_command_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Splits at spaces outside of double quotes.
    fn shell_words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for it in line.chars() {
            match it {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().expect("there is one").push(it),
            }
        }
        words.retain(|it| !it.is_empty());
        words
    }
}
