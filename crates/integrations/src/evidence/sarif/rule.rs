//! What results leave to their rules: level, classes, messages.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Deserializer};
use shipway_model::evidence::FindingKind;

use crate::evidence::gathered::excerpt;
use crate::evidence::{MESSAGE_CHARS_MAX, advisory};

#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    pub(super) extensions: Option<Vec<Component>>,
}

/// The driver, a plug-in or a taxonomy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) semantic_version: Option<String>,
    pub(super) rules: Option<Vec<Rule>>,
    pub(super) global_message_strings: Option<BTreeMap<String, Text>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: Option<String>,
    short_description: Option<Text>,
    message_strings: Option<BTreeMap<String, Text>>,
    default_configuration: Option<Configuration>,
    relationships: Option<Vec<Relationship>>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
pub(super) struct Text {
    pub(super) text: Option<String>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    target: Reference,
}

/// A pointer to a rule or a class, by any of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
    pub(super) tool_component: Option<Box<ComponentReference>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
pub(super) struct ComponentReference {
    pub(super) name: Option<String>,
    pub(super) index: Option<i64>,
}

/// The bag of properties, as far as the common conventions for it go.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Properties {
    pub(super) tags: Option<Vec<String>>,
    #[serde(rename = "security-severity", default, deserialize_with = "score")]
    pub(super) security_severity: Option<f64>,
}

/// The convention asks for the number as text; some tools write a number, and some write a word or nothing.
fn score<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelt {
        Number(f64),
        Text(String),
        Else(serde::de::IgnoredAny),
    }
    let score = match Spelt::deserialize(deserializer)? {
        Spelt::Number(score) => Some(score),
        Spelt::Text(text) => text.trim().parse().ok(),
        Spelt::Else(_) => None,
    };
    Ok(score.filter(|it| (0.0..=10.0).contains(it)))
}

/// A level that the run was told to give a rule.
#[derive(Deserialize)]
pub(super) struct Override {
    descriptor: Reference,
    configuration: Configuration,
}

/// Everything by which a run's results are completed.
pub(super) struct Rules<'a> {
    tool: &'a Tool,
    overrides: Vec<Override>,
    /// Names by index.
    taxonomies: Vec<String>,
    /// Where rules stand in their component, by their names: the driver's, then those of the extensions.
    places: Vec<HashMap<&'a str, usize>>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(tool: &'a Tool, overrides: Vec<Override>, taxonomies: Vec<String>) -> Self {
        let components = std::iter::once(&tool.driver).chain(tool.extensions.iter().flatten());
        let places = components.map(|it| {
            // From the end, so that the first of a name holds.
            let named = it.rules.as_deref().unwrap_or_default().iter().enumerate().rev();
            named.filter_map(|(idx, rule)| Some((rule.id.as_deref()?, idx))).collect()
        });
        Self { tool, overrides, taxonomies, places: places.collect() }
    }

    /// The rule that a result means: by its index where that fits its name, else by its name, which may be longer
    /// than the rule's by further parts behind `/` (3.27.5).
    pub(super) fn of(&self, meant: &Reference) -> Option<&'a Rule> {
        let (component, places) = self.component(meant);
        let rules = component.rules.as_deref().unwrap_or_default();
        let fits = |rule: &&Rule| match (&meant.id, &rule.id) {
            (Some(meant), Some(id)) => {
                meant.strip_prefix(id.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            _ => true,
        };
        let indexed = meant.index.and_then(|it| rules.get(usize::try_from(it).ok()?)).filter(fits);
        indexed.or_else(|| {
            let mut name = meant.id.as_deref()?;
            loop {
                match places.get(name) {
                    Some(idx) => return rules.get(*idx),
                    None => name = name.rsplit_once('/')?.0,
                }
            }
        })
    }

    /// The component that a result means, and where its rules stand.
    fn component(&self, meant: &Reference) -> (&'a Component, &HashMap<&'a str, usize>) {
        let extensions = self.tool.extensions.as_deref().unwrap_or_default();
        let pointed =
            meant.tool_component.as_ref().and_then(|pointer| match (pointer.index, &pointer.name) {
                (Some(index), _) => usize::try_from(index).ok().filter(|it| *it < extensions.len()),
                (None, Some(name)) => extensions.iter().position(|it| it.name.as_ref() == Some(name)),
                (None, None) => None,
            });
        match pointed {
            Some(idx) => (&extensions[idx], &self.places[idx + 1]),
            None => (&self.tool.driver, &self.places[0]),
        }
    }

    /// The level of a failing result that gives none itself.
    pub(super) fn level(&self, meant: &Reference, rule: Option<&'a Rule>) -> &str {
        let id = meant.id.as_ref().or(rule.and_then(|it| it.id.as_ref()));
        let overridden = self.overrides.iter().find(|it| match &it.descriptor {
            Reference { id: Some(told), .. } => Some(told) == id,
            Reference { index, .. } => index.is_some() && *index == meant.index,
        });
        let default = rule.and_then(|it| it.default_configuration.as_ref());
        overridden
            .and_then(|it| it.configuration.level.as_deref())
            .or(default.and_then(|it| it.level.as_deref()))
            .unwrap_or("warning")
    }

    /// The text of a message given by its name, with its arguments in their places (3.11.5).
    pub(super) fn message(
        &self,
        meant: &Reference,
        rule: Option<&Rule>,
        id: &String,
        arguments: &[String],
    ) -> Option<String> {
        let own = rule.and_then(|it| it.message_strings.as_ref()?.get(id));
        let common = || self.component(meant).0.global_message_strings.as_ref()?.get(id);
        Some(filled(own.or_else(common)?.text.as_deref()?, arguments))
    }

    /// A class: `CWE-79`, or its taxonomy and name.
    pub(super) fn class(&self, reference: &Reference) -> Option<String> {
        let pointer = reference.tool_component.as_ref();
        let named = pointer.and_then(|it| it.name.as_deref());
        let indexed = || Some(self.taxonomies.get(usize::try_from(pointer?.index?).ok()?)?.as_str());
        let id = reference.id.as_deref()?;
        match named.or_else(indexed) {
            Some("CWE") => advisory::cwe(id),
            Some(taxonomy) if !taxonomy.is_empty() => Some(format!("{taxonomy}-{id}")),
            _ => Some(id.to_owned()),
        }
    }

    /// What a result is about, from its rule's tags and name and from the tool, where these say so.
    pub(super) fn kind(&self, id: &str, tags: &[&str]) -> FindingKind {
        let tagged =
            |names: &[&str]| tags.iter().any(|tag| names.contains(&tag.to_ascii_lowercase().as_str()));
        let tool = self.tool.driver.name.as_deref().unwrap_or_default().to_ascii_lowercase();
        if ["gitleaks", "trufflehog", "detect-secrets"].contains(&tool.as_str())
            || tagged(&["secret", "secrets"])
        {
            FindingKind::Secret
        } else if ["CVE-", "GHSA-", "RUSTSEC-", "PYSEC-", "OSV-"].iter().any(|it| id.starts_with(it))
            || tagged(&["vulnerability"])
        {
            FindingKind::Vulnerability
        } else if tagged(&["misconfiguration"]) {
            FindingKind::Misconfiguration
        } else if tagged(&["license", "licence"]) {
            FindingKind::Licence
        } else {
            FindingKind::Static
        }
    }
}

/// Puts arguments in the places of `{0}`, `{1}`. No longer than is kept: a hostile text is nothing but places.
fn filled(text: &str, arguments: &[String]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{').filter(|_| filled.len() <= 4 * MESSAGE_CHARS_MAX) {
        filled.push_str(before);
        let place = after
            .split_once('}')
            .and_then(|(index, after)| Some((arguments.get(index.parse::<usize>().ok()?)?, after)));
        rest = match place {
            Some((argument, after)) => {
                filled.push_str(&excerpt(argument));
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    excerpt(&filled)
}

impl Rule {
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().filter_map(|it| it.tags.as_ref()).flatten().map(String::as_str)
    }

    pub(super) fn security_severity(&self) -> Option<f64> {
        self.properties.as_ref()?.security_severity
    }

    pub(super) fn description(&self) -> Option<String> {
        self.short_description.as_ref()?.text.clone()
    }

    /// The classes that the rule itself belongs to.
    pub(super) fn classes(&self) -> impl Iterator<Item = &Reference> {
        self.relationships.iter().flatten().map(|it| &it.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_stand_in_their_places_once() {
        let arguments = ["one {1}".to_owned(), "two".to_owned()];
        assert_eq!(filled("{0} and {1}, {2} {x} {{ }", &arguments), "one {1} and two, {2} {x} {{ }");
        let bomb = filled(&"{0}".repeat(100_000), &["x".repeat(100_000)]);
        assert_eq!(bomb.chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
