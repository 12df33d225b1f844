//! `shipway evidence show`

use clap::Args;
use shipway_api::operations::evidence::{EvidencePath, ShowEvidence};
use shipway_api::view::evidence::EvidenceView;
use shipway_model::{EvidenceId, Name};

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, size, time};
use crate::settings::ConnectionArgs;

/// Show what is recorded of a document
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence show evi_0198f3c0e1b27c3d8a4f5e6d7c8b9a33
  shipway evidence show evi_0198f3c0e1b27c3d8a4f5e6d7c8b9a33 -o json")]
pub(crate) struct Show {
    evidence: EvidenceId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = EvidencePath { evidence: self.evidence };
        let view = connect(connection)?.call::<ShowEvidence>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &EvidenceView, paint: Paint) -> String {
    let it = &view.evidence;
    let mut text = format!("{}  {}\n", paint.strong(&view.id.to_string()), it.format);
    let mut line = |name: &str, value: String| text += &format!("  {name:<9} {value}\n");
    line("sent", format!("{} by {}", time(view.at), view.by));
    for subject in &it.subject {
        line("subject", subject.to_string());
    }
    if let Some(name) = &it.file_name {
        line("file", name.clone());
    }
    line("original", format!("{} ({})", it.original, size(it.size_bytes)));
    if let Some(normal) = &it.normal {
        line("normal", normal.to_string());
        line("speaks of", it.kinds.iter().map(word).collect::<Vec<_>>().join(", "));
    }
    if let Some(ran) = &it.ran {
        let over = ran.data.iter().map(|(name, n)| format!("{n} of {name}")).collect::<Vec<_>>().join(", ");
        let place = ran.environment.as_ref().map_or("", Name::as_str);
        line(
            "ran",
            [place, &over].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", over "),
        );
    }
    if let Some(said) = &it.statement {
        line("statement", said.kind.to_string());
        line("issuer", said.issuer.clone());
        line("scope", said.scope.clone());
        line("expires", time(said.expires));
    }
    text
}

/// The wire's own word for a value without content.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
