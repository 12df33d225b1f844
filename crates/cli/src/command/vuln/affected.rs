//! `shipway vuln affected`

use clap::Args;
use shipway_api::operations::vulnerability::{AffectedQuery, ListAffected};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::vulnerability::{Affected as Row, AffectedView};
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Packages on a way that are shown.
const WAY_SHOWN: usize = 4;

/// List what carries known vulnerabilities now, and since when that is known
///
/// From the bills of materials that were attached to artifacts, however deep a package lies in them, and from what was
/// imported. What cannot be compared is told apart: it is not unaffected, nobody can say.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway vuln affected
  shipway vuln affected CVE-2026-1234
  shipway vuln affected GHSA-29mw-wpgm-hmr9 --env production
  shipway vuln affected --release shop@1.2.0 -o json")]
pub(crate) struct Affected {
    /// By any of its names
    #[arg(value_name = "VULNERABILITY")]
    vulnerability: Option<String>,
    /// Only what runs there now
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// Only what is in this release, by NAME@VERSION or id
    #[arg(long)]
    release: Option<ReleaseSelector>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Affected {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query =
            AffectedQuery { vulnerability: self.vulnerability, environment: self.env, release: self.release };
        let view = connect(connection)?.call::<ListAffected>((), query, ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &AffectedView, paint: Paint) -> String {
    let mut table = Table::new([
        "VULNERABILITY",
        "SEVERITY",
        "EPSS",
        "EXPLOITED",
        "PACKAGE",
        "FIXED IN",
        "BUILD",
        "RELEASES",
        "RUNS IN",
        "SINCE",
        "OWNER",
        "WAIVERS",
    ]);
    for it in &view.affected {
        let finding = &it.finding;
        let severity = serde_json::to_value(finding.severity).ok();
        let severity = severity.as_ref().and_then(|it| it.as_str()).unwrap_or_default();
        let epss = finding.epss.map(|it| format!("{it:.3}")).unwrap_or_default();
        let exploited = if finding.known_exploited == Some(true) { "yes" } else { "" };
        let package = finding.package.as_ref();
        let fixed = package.map(|it| plain(&it.fixed_in.join(", "))).unwrap_or_default();
        let waivers: Vec<String> = it.waivers.iter().map(ToString::to_string).collect();
        table.row([
            &plain(&finding.id),
            severity,
            &epss,
            exploited,
            &way(it),
            &fixed,
            &format!("{} {}", it.build.service, it.build.version),
            &it.releases.iter().cloned().collect::<Vec<_>>().join(", "),
            &it.environments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            &time(it.since),
            it.owner.as_ref().map_or("", Name::as_str),
            &waivers.join(", "),
        ]);
    }
    let empty = match view.imported.is_empty() {
        true => "Nothing was imported yet, so nothing is known: `shipway vuln import FILE`.",
        false => "Nothing that can be compared carries a known vulnerability.",
    };
    let mut text = table.render(paint, empty);
    for it in &view.unjudged {
        let (build, n) = (&it.build, it.components);
        let reasons = plain(&it.reasons.join("; "));
        text += &format!(
            "{} {} {}: {n} components cannot be compared: {reasons}\n",
            paint.warn("unknown:"),
            build.service,
            build.version
        );
    }
    for it in &view.unlisted {
        let what = "has no bill of materials, so nothing is known of what it carries";
        text += &format!("{} {} {} {what}\n", paint.warn("unknown:"), it.service, it.version);
    }
    if view.pending > 0 {
        text += &format!(
            "{} {} bills of materials are still to be compared: `shipway vuln import` goes on with them\n",
            paint.warn("waiting:"),
            view.pending
        );
    }
    text
}

/// The package and its version, with what brought it in.
fn way(it: &Row) -> String {
    let Some(package) = &it.finding.package else { return String::new() };
    let version = package.version.as_deref().unwrap_or_default();
    let through: Vec<&str> = package.path.iter().map(String::as_str).collect();
    // Without what the bill is about, and the package itself.
    let between = through.get(1..through.len().saturating_sub(1)).unwrap_or_default();
    let mut text = format!("{} {version}", package.name);
    if !between.is_empty() {
        let more = if between.len() > WAY_SHOWN { " …" } else { "" };
        text += &format!(" through {}{more}", between[..between.len().min(WAY_SHOWN)].join(" › "));
    }
    plain(&text)
}
