//! `shipway release show`

use clap::Args;
use shipway_api::operations::release::{ReleasePath, ShowRelease};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::ReleaseView;
use shipway_api::view::release::Seal;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, short, time};
use crate::settings::ConnectionArgs;

/// Show a release
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release show shop@1.2.0
  shipway release show shop@1.2.0 -o yaml")]
pub(crate) struct Show {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let view = connect(connection)?.call::<ShowRelease>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

pub(super) fn render(view: &ReleaseView, paint: Paint) -> String {
    let bundle = &view.bundle;
    let name = paint.strong(&format!("{}@{}", bundle.name, bundle.version));
    let mut text = match &view.seal {
        Seal::Open {} => format!("{name}  {}\n  id      {}\n", paint.warn("open"), view.id),
        Seal::Sealed { digest, at, by } => {
            let state = paint.good("sealed");
            format!(
                "{name}  {state}\n  id      {}\n  digest  {digest}\n  sealed  {} by {by}\n",
                view.id,
                time(*at)
            )
        }
    };
    let mut table = Table::new(["SERVICE", "VERSION", "ARTIFACT", "DECLARATION", "VARIANTS"]);
    for (service, part) in &bundle.parts {
        let declaration = part.configuration.as_ref().map(short).unwrap_or_default();
        let variants: Vec<&str> = part.variants.keys().map(|it| it.as_str()).collect();
        let artifact = short(&part.artifact);
        table.row([service.as_str(), part.version.as_str(), &artifact, &declaration, &variants.join(", ")]);
    }
    text += &format!("\n{}", table.render(paint, "It has no parts."));
    for (document, digest) in &bundle.documents {
        text += &format!("document {}  {}\n", word(document), short(digest));
    }
    text += &known_errors(view, paint);
    for source in &view.sources {
        let (kind, name) = (source.reference.kind(), plain(source.reference.name()));
        text += &format!("source {} {kind} {name} at {}\n", source.repository, plain(&source.commit));
    }
    for (team, services) in &view.consumers {
        let services: Vec<&str> = services.iter().map(|it| it.as_str()).collect();
        text += &format!("told    team {team}, whose {} depend on it\n", services.join(", "));
    }
    if view.seal == (Seal::Open {}) {
        text +=
            &format!("\n{} shipway release seal {}@{}\n", paint.dim("next:"), bundle.name, bundle.version);
    }
    text
}

/// What operations has to know: what goes wrong, how it is noticed, what to do then, and who looks after it.
fn known_errors(view: &ReleaseView, paint: Paint) -> String {
    let bundle = &view.bundle;
    let mut text = String::new();
    for (name, it) in &bundle.known_errors {
        text += &format!("\n{} {}\n", paint.warn("known error"), paint.strong(name.as_str()));
        text += &format!("  defect      {}\n  monitor     {}\n", plain(&it.defect), plain(&it.monitor));
        text += &format!("  mitigation  {}\n", plain(&it.mitigation));
        text += &format!("  owner       team {}, until {}\n", it.owner, time(it.expires));
    }
    for name in &bundle.mended_errors {
        text += &format!("\n{} {}\n", paint.good("mends"), paint.strong(name.as_str()));
    }
    for it in &view.accepted {
        text += &format!(
            "\n{} {} by {} {}\n",
            paint.good("accepted"),
            time(it.at),
            plain(&it.by),
            plain(&it.note)
        );
    }
    let is_owed = !bundle.known_errors.is_empty() && view.accepted.is_empty();
    if is_owed && view.seal != (Seal::Open {}) {
        let next = paint.dim("next, by somebody who had no hand in it:");
        text += &format!("\n{next} shipway release accept {}@{}\n", bundle.name, bundle.version);
    }
    text
}

/// The wire's own word for a value without content.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
