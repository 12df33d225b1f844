//! `shipway alert show`

use clap::Args;
use shipway_api::operations::alert::{AlertPath, ShowAlert};
use shipway_api::view::alert::AlertView;
use shipway_model::AlertId;
use shipway_model::alert::Culprit;

use crate::connection::connect;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Show an alert, and what was deployed, declared and marked before it, the likeliest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway alert show alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway alert show alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct Show {
    alert: AlertId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = AlertPath { alert: self.alert };
        let answer = connect(connection)?.call::<ShowAlert>(path, (), ()).await;
        let view = answer.map_err(|error| Failure::from(error).about("ALERT", self.alert))?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &AlertView, paint: Paint) -> String {
    let it = &view.alert;
    let mut text = format!("{}  {}\n", paint.strong(&view.id.to_string()), plain(&it.name));
    let mut line = |name: &str, value: String| text += &format!("  {name:<9} {}\n", plain(&value));
    line(
        "fires",
        match view.ended_at {
            Some(until) => format!("from {} until {}", time(it.starts_at), time(until)),
            None => format!("since {}", time(it.starts_at)),
        },
    );
    line("told", format!("{} by {}", time(view.at), view.by));
    let (service, environment) = (&view.service, &view.environment);
    line(
        "about",
        match (service, environment) {
            (Some(service), Some(environment)) => format!("{service} in {environment}"),
            (Some(service), None) => format!("{service}, in an environment that it does not name"),
            (None, Some(environment)) => format!("{environment}, and no declared service"),
            (None, None) => "no declared service or environment".to_owned(),
        },
    );
    let labels = it.labels.iter().map(|(key, value)| format!("{key}={value}"));
    line("labels", labels.collect::<Vec<_>>().join(" "));
    for (key, value) in &it.annotations {
        line(key, value.clone());
    }
    if let Some(url) = &it.url {
        line("shown at", url.clone());
    }
    let mut table = Table::new(["BEFORE IT", "WHAT", "ENVIRONMENT", "WHY"]);
    for suspect in &view.suspects {
        let environment = suspect.environment.as_ref().map_or("-".to_owned(), ToString::to_string);
        table.row([
            suspect.before.to_string().as_str(),
            &culprit(&suspect.what),
            &environment,
            &plain(&suspect.reason),
        ]);
    }
    let none = format!("Nothing was deployed, declared or marked in the {} before it.", view.horizon);
    text + "\n" + &table.render(paint, &none)
}

/// The rollout and its release, the declaration, or what was told.
pub(super) fn culprit(what: &Culprit) -> String {
    match what {
        Culprit::Rollout { id, release } => format!("{}@{} by {id}", release.name, release.version),
        Culprit::Resource { kind, name, .. } => format!("{kind:?} {name}"),
        Culprit::Marker { what } => plain(what),
    }
}
