//! Whether a version of a package carries a vulnerability: the evaluation of the OSV schema, with a third answer where
//! its rules do not reach.

use std::cmp::Ordering;

use super::osv::{Affected, Event, Range, RangeKind};
use super::version::Rule;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    Affected,
    NotAffected,
    /// Nobody can say, and why.
    Unknown(String),
}

/// `rule` orders the versions of the package's ecosystem, where there is one.
pub(super) fn judge(affected: &Affected, ecosystem: &str, version: &str) -> Judgement {
    let rule = Rule::of(ecosystem);
    let is_same = |it: &String| {
        it == version || rule.and_then(|rule| rule.compare(it, version)) == Some(Ordering::Equal)
    };
    if affected.versions.iter().any(is_same) {
        return Judgement::Affected;
    }
    let mut ranges = affected.ranges.iter().filter(|it| it.kind != RangeKind::Git).peekable();
    if ranges.peek().is_none() {
        return match affected.versions.is_empty() {
            true => Judgement::Unknown("of which the database names commits alone".to_owned()),
            false => Judgement::NotAffected,
        };
    }
    let mut unknown = None;
    for range in ranges {
        let rule = if range.kind == RangeKind::Semver { Some(Rule::Semver) } else { rule };
        let Some(rule) = rule else {
            unknown = Some(format!("of {ecosystem}, whose versions are not put in order"));
            continue;
        };
        match holds(range, rule, version) {
            Some(true) => return Judgement::Affected,
            Some(false) => {}
            None => unknown = Some(format!("of {ecosystem} with a version that is none there")),
        }
    }
    unknown.map_or(Judgement::NotAffected, Judgement::Unknown)
}

/// Whether the version lies in the range; None where it, or a bound, cannot be put in order.
fn holds(range: &Range, rule: Rule, version: &str) -> Option<bool> {
    // What lies between: the events in the order of their versions, each switching it on or off.
    let mut events: Vec<&Event> = range.events.iter().collect();
    let mut is_sound = true;
    events.sort_by(|one, other| match (bound(one), bound(other)) {
        ("0", "0") => Ordering::Equal,
        ("0", _) => Ordering::Less,
        (_, "0") => Ordering::Greater,
        (one, other) => rule.compare(one, other).unwrap_or_else(|| {
            is_sound = false;
            Ordering::Equal
        }),
    });
    let mut is_in = false;
    for event in events {
        let at = match bound(event) {
            "0" => Ordering::Greater,
            bound => rule.compare(version, bound)?,
        };
        match event {
            Event::Introduced(_) if at.is_ge() => is_in = true,
            Event::Fixed(_) | Event::Limit(_) if at.is_ge() => is_in = false,
            Event::LastAffected(_) if at.is_gt() => is_in = false,
            _ => {}
        }
    }
    is_sound.then_some(is_in)
}

fn bound(event: &Event) -> &str {
    let (Event::Introduced(it) | Event::Fixed(it) | Event::LastAffected(it) | Event::Limit(it)) = event;
    // `*` is the schema's word for no limit.
    if it == "*" { "99999999999999" } else { it }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn affected(value: serde_json::Value) -> Affected {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn ranges_begin_and_end_as_the_schema_says() {
        let it = affected(json!({"ranges": [{"type": "SEMVER", "events": [
            {"fixed": "1.2.0"}, {"introduced": "0"}, {"introduced": "2.0.0"}, {"last_affected": "2.1.3"},
        ]}]}));
        for (version, expect) in [
            ("0.0.1", Judgement::Affected),
            ("1.2.0-rc.1", Judgement::Affected),
            ("1.2.0", Judgement::NotAffected),
            ("1.9.9", Judgement::NotAffected),
            ("2.0.0", Judgement::Affected),
            ("2.1.3", Judgement::Affected),
            ("2.1.4", Judgement::NotAffected),
        ] {
            assert_eq!(judge(&it, "npm", version), expect, "{version}");
        }
    }

    #[test]
    fn listed_versions_are_affected_in_any_spelling() {
        let it = affected(json!({"versions": ["1.0", "1.1rc1"]}));
        assert_eq!(judge(&it, "PyPI", "1.0.0"), Judgement::Affected);
        assert_eq!(judge(&it, "PyPI", "1.1-rc.1"), Judgement::Affected);
        assert_eq!(judge(&it, "PyPI", "1.1"), Judgement::NotAffected);
        assert_eq!(judge(&it, "Somewhere", "1.0"), Judgement::Affected, "equal texts need no order");
    }

    #[test]
    fn what_cannot_be_put_in_order_is_not_taken_for_unaffected() {
        let ranges = json!([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]);
        let it = affected(json!({"ranges": ranges}));
        assert!(
            matches!(judge(&it, "Somewhere", "1"), Judgement::Unknown(why) if why.contains("not put in order"))
        );
        assert!(matches!(judge(&it, "npm", "latest"), Judgement::Unknown(_)));
        let git = affected(json!({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}));
        assert!(matches!(judge(&git, "npm", "1.0.0"), Judgement::Unknown(why) if why.contains("commits")));
    }
}
