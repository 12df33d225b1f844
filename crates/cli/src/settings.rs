//! Which control plane, with which token, and where each was said.
//!
//! A flag wins over the environment, the environment over the config file, the file over the default.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::sessions;

/// Where `shipway serve` listens unless it is told otherwise.
pub(crate) const SERVER_DEFAULT: &str = "http://127.0.0.1:7000";

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The control plane's address [env: SHIPWAY_SERVER] [default: http://127.0.0.1:7000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The access token [env: SHIPWAY_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The config file [env: SHIPWAY_CONFIG] [default: ~/.config/shipway/config.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Show what was known at this instant, for example 2026-03-01T12:00:00Z; whatever changes something is refused
    #[arg(long, global = true, value_name = "INSTANT")]
    pub(crate) as_of: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) server: Setting,
    /// None when nobody gave one.
    pub(crate) token: Option<Setting>,
    /// The file that is read, whether or not it exists.
    pub(crate) config: Option<PathBuf>,
}

/// A value and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    File(PathBuf),
    Default,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfigFile {
    server: Option<String>,
    token: Option<String>,
    /// A file that holds the token, relative to the config file.
    token_file: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn resolve(args: &ConnectionArgs) -> Result<Self, Failure> {
        Self::resolve_with(args, |name| std::env::var(name).ok().filter(|it| !it.is_empty()))
    }

    fn resolve_with(
        args: &ConnectionArgs,
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let of_variable =
            |name| variable(name).map(|value| Setting { value, origin: Origin::Variable(name) });
        let of_flag = |flag, value: &Option<String>| {
            value.clone().map(|value| Setting { value, origin: Origin::Flag(flag) })
        };
        let asked = args.config.clone().or_else(|| variable("SHIPWAY_CONFIG").map(PathBuf::from));
        let config = asked.clone().or_else(|| default_path(&variable));
        let file = match &config {
            Some(path) => ConfigFile::read(path, asked.is_some())?,
            None => ConfigFile::default(),
        };
        let of_file = |value: Option<String>| {
            let origin = Origin::File(config.clone().unwrap_or_default());
            value.map(|value| Setting { value, origin })
        };
        let server = of_flag("--server", &args.server)
            .or_else(|| of_variable("SHIPWAY_SERVER"))
            .or_else(|| of_file(file.server.clone()))
            .unwrap_or_else(|| Setting { value: SERVER_DEFAULT.to_owned(), origin: Origin::Default });
        let given = of_flag("--token", &args.token).or_else(|| of_variable("SHIPWAY_TOKEN"));
        let token = match given.or_else(|| of_file(file.token.clone())) {
            Some(given) => Some(given),
            None => match token_beside(&file, config.as_deref())? {
                Some(beside) => Some(beside),
                None => signed_in(&server.value, config.as_deref()),
            },
        };
        Ok(Self { server, token, config })
    }
}

/// The token that `shipway login` has kept for this control plane.
fn signed_in(server: &str, config: Option<&Path>) -> Option<Setting> {
    let path = sessions::path(config?);
    let value = sessions::token(&path, server)?;
    Some(Setting { value, origin: Origin::File(path) })
}

impl ConfigFile {
    fn read(path: &Path, asked: bool) -> Result<Self, Failure> {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::usage(
                    format!("the config file {shown} cannot be read: {error}"),
                    "shipway help config",
                ));
            }
        };
        let options = serde_saphyr::options! { strict_booleans: true };
        serde_saphyr::from_str_with_options::<Option<Self>>(&text, options)
            .map(Option::unwrap_or_default)
            .map_err(|error| {
                Failure::usage(format!("the config file {shown} is wrong: {error}"), "shipway help config")
            })
    }
}

fn token_beside(file: &ConfigFile, config: Option<&Path>) -> Result<Option<Setting>, Failure> {
    let (Some(name), Some(folder)) = (&file.token_file, config.and_then(Path::parent)) else {
        return Ok(None);
    };
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Setting { value: text.trim_end().to_owned(), origin: Origin::File(path) })),
        Err(error) => {
            let message = format!("the token file {} cannot be read: {error}", path.display());
            Err(Failure::usage(message, "shipway help config"))
        }
    }
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn default_path(variable: &impl Fn(&'static str) -> Option<String>) -> Option<PathBuf> {
    let folder = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")))?;
    Some(folder.join("shipway/config.yaml"))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "the flag {name}"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &ConnectionArgs, variables: &[(&'static str, &str)]) -> Settings {
        let variable = |name: &'static str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::resolve_with(args, variable).unwrap_or_else(|failure| panic!("{}", failure.message()))
    }

    #[test]
    fn flags_win_over_variables_over_files_over_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("shipway")).expect("a folder");
        let file = folder.path().join("shipway/config.yaml");
        let home = folder.path().to_str().expect("a plain path");

        let settings = resolve(&ConnectionArgs::default(), &[("XDG_CONFIG_HOME", home)]);
        assert_eq!((settings.server.origin, settings.token), (Origin::Default, None));

        std::fs::write(folder.path().join("shipway/token"), "from-token-file\n").expect("written");
        std::fs::write(&file, "server: http://file:1\ntokenFile: token\n").expect("written");
        let settings = resolve(&ConnectionArgs::default(), &[("XDG_CONFIG_HOME", home)]);
        assert_eq!(
            settings.server,
            Setting { value: "http://file:1".into(), origin: Origin::File(file.clone()) }
        );
        assert_eq!(settings.token.map(|it| it.value).as_deref(), Some("from-token-file"));

        let variables = [
            ("XDG_CONFIG_HOME", home),
            ("SHIPWAY_SERVER", "http://variable:1"),
            ("SHIPWAY_TOKEN", "of-variable"),
        ];
        let settings = resolve(&ConnectionArgs::default(), &variables);
        assert_eq!(settings.server.origin, Origin::Variable("SHIPWAY_SERVER"));

        let args = ConnectionArgs { server: Some("http://flag:1".into()), ..ConnectionArgs::default() };
        let settings = resolve(&args, &variables);
        assert_eq!(settings.server.value, "http://flag:1");
        assert_eq!(settings.token.map(|it| it.value).as_deref(), Some("of-variable"));
    }

    #[test]
    fn a_wrong_config_file_is_a_usage_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mine.yaml");
        std::fs::write(&file, "sever: http://x\n").expect("written");
        let args = ConnectionArgs { config: Some(file), ..ConnectionArgs::default() };
        let failure = Settings::resolve_with(&args, |_| None).expect_err("`sever` is not known");
        assert_eq!(failure.exit, crate::exit::Exit::Usage);
        assert!(failure.message().contains("sever"), "{}", failure.message());
        let args = ConnectionArgs { config: Some("/does/not/exist".into()), ..args };
        assert!(Settings::resolve_with(&args, |_| None).is_err(), "a file that was asked for must be there");
    }
}
