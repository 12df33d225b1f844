//! `shipway release diff`

use std::collections::BTreeSet;

use clap::Args;
use shipway_api::operations::release::{DiffQuery, DiffReleases, ReleasePath};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::release::ReleasePart;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, short};
use crate::settings::ConnectionArgs;

/// Show what differs between two releases
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release diff shop@1.1.0 shop@1.2.0
  shipway release diff shop@1.1.0 shop@1.2.0 -o json")]
pub(crate) struct Diff {
    /// The older, NAME@VERSION or an id
    from: ReleaseSelector,
    /// The newer
    to: ReleaseSelector,
    #[command(flatten)]
    output: OutputArgs,
}

impl Diff {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let (path, query) = (ReleasePath { release: self.to }, DiffQuery { against: self.from });
        let diff = client.call::<DiffReleases>(path, query, ()).await?.value;
        self.output.show(&diff, |paint| {
            let mut table = Table::new(["WHAT", "FROM", "TO", "DECLARATION"]);
            for change in &diff.changes {
                let (from, to) = (change.from.as_ref(), change.to.as_ref());
                table.row([&change.what, &part(from), &part(to), declaration(from, to)]);
                for region in regions(from, to) {
                    let what = format!("{}@{region}", change.what);
                    table.row([&what, &variant(from, region), &variant(to, region), ""]);
                }
            }
            table.render(paint, "Nothing differs.")
        })
    }
}

/// Drafts are bound to no declaration yet, and documents to none ever.
fn declaration(from: Option<&ReleasePart>, to: Option<&ReleasePart>) -> &'static str {
    match (from.and_then(|it| it.configuration), to.and_then(|it| it.configuration)) {
        (Some(from), Some(to)) if from == to => "unchanged",
        (Some(_), Some(_)) => "changed",
        _ => "",
    }
}

/// Those whose build differs.
fn regions<'a>(from: Option<&'a ReleasePart>, to: Option<&'a ReleasePart>) -> BTreeSet<&'a Name> {
    let all = from.into_iter().chain(to).flat_map(|it| it.variants.keys());
    let of = |part: Option<&'a ReleasePart>, region: &Name| part.and_then(|it| it.variants.get(region));
    all.filter(|region| of(from, region) != of(to, region)).collect()
}

fn variant(part: Option<&ReleasePart>, region: &Name) -> String {
    part.and_then(|it| it.variants.get(region)).map_or("-".to_owned(), short)
}

fn part(part: Option<&ReleasePart>) -> String {
    match part {
        None => "-".to_owned(),
        Some(it) if it.version.is_empty() => short(&it.digest),
        Some(it) => format!("{} ({})", it.version, short(&it.digest)),
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::Digest;

    use super::*;

    fn part_with(configuration: Option<&str>, variants: &[(&str, &str)]) -> ReleasePart {
        let digest = |it: &str| Digest::of(it.as_bytes());
        let variants = variants.iter().map(|(region, it)| (region.parse().unwrap(), digest(it)));
        let (version, variants) = ("1.0.0".to_owned(), variants.collect());
        ReleasePart { version, digest: digest("web"), configuration: configuration.map(digest), variants }
    }

    #[test]
    fn a_region_whose_build_differs_has_a_line_of_its_own() {
        let from = part_with(None, &[("eu", "one"), ("us", "two")]);
        let to = part_with(None, &[("eu", "other"), ("us", "two"), ("asia", "three")]);
        let named: Vec<&str> = regions(Some(&from), Some(&to)).into_iter().map(Name::as_str).collect();
        assert_eq!(named, ["asia", "eu"]);
        assert_eq!(variant(Some(&from), &"asia".parse().unwrap()), "-");
    }

    #[test]
    fn a_draft_is_not_said_to_change_the_declaration() {
        let (draft, sealed) = (part_with(None, &[]), part_with(Some("one"), &[]));
        assert_eq!(declaration(Some(&sealed), Some(&draft)), "");
        assert_eq!(declaration(Some(&sealed), Some(&sealed)), "unchanged");
        assert_eq!(declaration(Some(&sealed), Some(&part_with(Some("two"), &[]))), "changed");
    }
}
