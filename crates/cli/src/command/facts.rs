//! `shipway facts`

use clap::Args;
use shipway_api::operations::gate::{GatesQuery, ReadFacts};
use shipway_api::operations::release::ReleasePath;
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;
use shipway_model::gate::facts;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// Show the facts that gates see: the document that Rego modules know as `input`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway facts shop@1.2.0 --env production
  shipway facts shop@1.2.0 --env production -o json")]
pub(crate) struct Facts {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    /// Where the release is to go
    #[arg(long, value_name = "ENV")]
    env: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Facts {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let query = GatesQuery { environment: self.env };
        let facts = connect(connection)?.call::<ReadFacts>(path, query, ()).await?.value;
        self.output.show(&facts, |paint| render(&facts, paint))
    }
}

fn render(facts: &facts::Facts, paint: Paint) -> String {
    let release = paint.strong(&format!("{}@{}", facts.release.name, facts.release.version));
    let mut text = format!("{release} into {}, at {}\n\n", facts.environment, time(facts.at));
    let mut services = Table::new(["SERVICE", "VERSION", "RUNS NOW", "OWNER", "BUILDER", "COMMIT"]);
    for (name, it) in &facts.services {
        let running = it.running.as_ref().map_or("-", |it| it.version.as_str());
        let owner = it.owner.as_ref().map_or("", Name::as_str);
        services.row([name.as_str(), it.version.as_str(), running, owner, &it.builder, &it.commit]);
    }
    text += &services.render(paint, "It has no services.");
    let mut table = Table::new(["EVIDENCE", "ABOUT", "FORMAT", "SERVICES", "SENT", "BY"]);
    let own = facts.evidence.iter().map(|it| ("the release", it));
    for (about, it) in own.chain(facts.baseline.iter().map(|it| ("what runs now", it))) {
        let services: Vec<&str> = it.services.iter().map(Name::as_str).collect();
        let (id, sent) = (it.id.to_string(), time(it.at));
        table.row([id.as_str(), about, &it.format, &services.join(", "), &sent, &it.by]);
    }
    text += &format!("\n{}", table.render(paint, "No evidence is attached."));
    for it in &facts.waivers {
        let waiver = &it.waiver;
        let until = time(waiver.expires);
        text += &format!("waived  {} of {} until {until} ({})\n", waiver.gate, waiver.policy, it.id);
    }
    text + &format!("\n{} shipway facts … -o json shows all that is in it\n", paint.dim("next:"))
}
