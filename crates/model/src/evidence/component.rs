//! What a build consists of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Digests;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// What `dependencies` calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SPDX expressions or names, as they stand in the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// By algorithm as `sha256`, in lower-case hex.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub digests: Digests,
    /// `library`, `application`, `container`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
}

/// A package URL without its version, qualifiers and subpath (ECMA-427: `scheme:type/namespace/name@version?qualifiers#subpath`).
pub fn package_without_version(purl: &str) -> &str {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let path = &purl[..end];
    // A version stands behind the name; an `@` before the last `/` belongs to a scope that somebody did not encode.
    let name = path.rfind('/').map_or(0, |it| it + 1);
    path[name..].find('@').filter(|it| *it > 0).map_or(path, |it| &path[..name + it])
}

#[cfg(test)]
mod tests {
    use super::package_without_version;

    #[test]
    fn packages_are_one_whatever_their_version() {
        for (purl, package) in [
            ("pkg:npm/%40shop/money@1.2.0", "pkg:npm/%40shop/money"),
            ("pkg:npm/@shop/money@1.2.0?arch=x#lib/a", "pkg:npm/@shop/money"),
            ("pkg:npm/@shop", "pkg:npm/@shop"),
            ("pkg:maven/org.example/money?type=jar", "pkg:maven/org.example/money"),
            ("pkg:cargo/money", "pkg:cargo/money"),
            ("", ""),
        ] {
            assert_eq!(package_without_version(purl), package, "{purl}");
        }
    }
}
