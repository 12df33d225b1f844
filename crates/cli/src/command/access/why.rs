//! `shipway access why`

use clap::Args;
use shipway_api::operations::access::{WhyAccess, WhyQuery};
use shipway_api::permission::role_word;
use shipway_api::view::access::Explanation;

use super::resource::ResourceArgs;
use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Show whether somebody may do something, and which policies make it so
///
/// With --as-of, by the tokens, accounts, policies and deeds of then.
///
/// The exit code is 1 when they may not. One name may stand for several tokens with different roles; each is answered.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access why ana startRollout environment/production
  shipway access why ben approveStep rollout/rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway access why ci registerArtifact service/checkout -o json")]
pub(crate) struct Why {
    /// The name on a token or an account
    principal: String,
    /// An operation of the API, for example `startRollout`
    action: String,
    #[command(flatten)]
    resource: ResourceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Why {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let named = self.resource.named();
        let query = WhyQuery {
            principal: self.principal,
            action: self.action,
            environment: named.environment,
            service: named.service,
            release: named.release,
            rollout: named.rollout,
        };
        let answers = connect(connection)?.call::<WhyAccess>((), query, ()).await?.value;
        self.output.show(&answers, |paint| answers.iter().map(|it| render(it, paint)).collect())?;
        let may = answers.iter().any(|it| it.ruling.allowed || it.grant.is_some());
        Ok(if may { Exit::Ok } else { Exit::Failed })
    }
}

fn render(answer: &Explanation, paint: Paint) -> String {
    let Explanation { question, ruling, deeds, grant } = answer;
    let word = match (ruling.allowed, grant) {
        (true, _) => paint.good("allowed"),
        (false, Some(_)) => paint.good("allowed for a time"),
        (false, None) => paint.bad("refused"),
    };
    let roles: Vec<&str> = question.principal.roles.iter().map(|it| role_word(*it)).collect();
    let mut text = format!(
        "{word}: {} {} ({}) {} {}\n",
        question.principal.kind.as_str(),
        plain(&question.principal.name),
        roles.join(", "),
        question.action,
        plain(&question.resource.to_string()),
    );
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("  {} {}\n", paint.dim(label), plain(value));
        }
    };
    line("because", &ruling.because.join(", "));
    if ruling.because.is_empty() && ruling.errors.is_empty() {
        line("because", "no policy permits it");
    }
    line("grant  ", &grant.map_or_else(String::new, |it| it.to_string()));
    for error in &ruling.errors {
        line("failed ", error);
    }
    for deed in deeds {
        line("deed   ", deed);
    }
    text
}
