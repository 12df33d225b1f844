//! `shipway env parity`

use clap::Args;
use shipway_api::operations::environment::{CompareEnvironments, EnvironmentPath, ParityQuery};
use shipway_model::Name;
use shipway_model::gate::facts::Comparison;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table};
use crate::settings::ConnectionArgs;

/// Say where one environment is not like another: topology, capacity, versions, settings, the way in
///
/// The exit code is 1 where something differs. A gate of kind `parity` asks the same before a release leaves the first one
/// for the second.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway env parity staging production
  shipway env parity staging production --ignore 'capacity/*' -o json")]
pub(crate) struct Parity {
    /// The one that releases come from
    with: Name,
    /// The one that they go to
    environment: Name,
    /// Differences that are meant to be, by name; one that ends in `*` covers what begins with the rest. Repeatable
    #[arg(long, value_name = "NAME")]
    ignore: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Parity {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = EnvironmentPath { environment: self.environment.clone() };
        let query = ParityQuery { with: self.with };
        let mut view = connect(connection)?.call::<CompareEnvironments>(path, query, ()).await?.value;
        let is_meant = |name: &str| {
            self.ignore
                .iter()
                .any(|it| it.strip_suffix('*').map_or(name == it, |start| name.starts_with(start)))
        };
        view.differences.retain(|it| !is_meant(&it.name));
        self.output.show(&view, |paint| render(&view, &self.environment, paint))?;
        Ok(if view.differences.is_empty() { Exit::Ok } else { Exit::Failed })
    }
}

fn render(view: &Comparison, here: &Name, paint: Paint) -> String {
    if view.differences.is_empty() {
        return format!("{} {} {here}\n", view.with, paint.good("is like"));
    }
    let mut table = Table::new(["DIFFERENCE", "THERE", "HERE"]);
    let shown = |it: &Option<String>| it.as_deref().unwrap_or("absent").to_owned();
    for it in &view.differences {
        table.row([&it.name, &shown(&it.there), &shown(&it.here)]);
    }
    format!("there: {}, here: {here}\n\n{}", view.with, table.render(paint, ""))
}
