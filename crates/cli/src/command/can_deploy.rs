//! `shipway can-deploy`

use clap::Args;
use shipway_api::operations::contract::{CanDeploy as Ask, CanDeployQuery};
use shipway_api::operations::environment::EnvironmentPath;
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::contract::CanDeployView;
use shipway_model::Name;
use shipway_model::contract::{Fit, FitReason};

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Say whether a build may go into an environment: true, false, or not known
///
/// Asked are the pacts and contracts that are attached, against what runs there and whatever a rollout under way or queued
/// brings there; with `--release`, of every mixture of old and new too. The exit code is 0 for true, 1 for false, and 5 where
/// nobody has shown either.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway can-deploy checkout@1.2.0 --env production
  shipway can-deploy shop@1.2.0 --release --env production
  shipway can-deploy checkout@1.2.0 --env production -o json")]
pub(crate) struct CanDeploy {
    /// SERVICE@VERSION of a registered build, or NAME@VERSION of a sealed release
    build: ReleaseSelector,
    /// Where it is to go
    #[arg(long, value_name = "ENV")]
    env: Name,
    /// A release is meant, and not the build of one service
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl CanDeploy {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = match self.build {
            release if self.release => {
                CanDeployQuery { service: None, version: None, release: Some(release) }
            }
            ReleaseSelector::Version(service, version) => {
                CanDeployQuery { service: Some(service), version: Some(version), release: None }
            }
            ReleaseSelector::Id(id) => {
                let message = format!("{id} is the id of a release, and a build is asked about");
                return Err(Failure::usage(
                    message,
                    format!("shipway can-deploy {id} --release --env {}", self.env),
                ));
            }
        };
        let path = EnvironmentPath { environment: self.env };
        let view = connect(connection)?.call::<Ask>(path, query, ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        Ok(match view.answer {
            Fit::True => Exit::Ok,
            Fit::False => Exit::Failed,
            Fit::Unknown => Exit::Unknown,
        })
    }
}

fn render(view: &CanDeployView, paint: Paint) -> String {
    let (subject, environment) = (plain(&view.subject), &view.environment);
    let mut text = match view.answer {
        Fit::True => format!("{subject} {} {environment}\n", paint.good("may go into")),
        Fit::False => format!("{subject} {} {environment}\n", paint.bad("may not go into")),
        Fit::Unknown => {
            format!("{} whether {subject} may go into {environment}\n", paint.warn("it is not known"))
        }
    };
    for it in &view.reasons {
        text += &reason(it, paint);
    }
    text
}

fn reason(it: &FitReason, paint: Paint) -> String {
    let word = match it.answer {
        Fit::True => paint.good("true   "),
        Fit::False => paint.bad("false  "),
        Fit::Unknown => paint.warn("unknown"),
    };
    let met = it.meets.as_deref().map(|met| format!(" and {}", plain(met))).unwrap_or_default();
    let mut text = format!("\n{word}  {}{met}\n    {}\n", it.service, plain(&it.why));
    if !it.evidence.is_empty() {
        let ids: Vec<String> = it.evidence.iter().map(ToString::to_string).collect();
        text += &format!("    {}\n", paint.dim(&ids.join(" ")));
    }
    if let Some(next) = &it.next {
        text += &format!("    {} {}\n", paint.dim("next:"), plain(next));
    }
    text
}
