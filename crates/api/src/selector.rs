//! How a release is named in a request: by its id, or as `name@version`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Digest, Name, ReleaseId, Version};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String", example = "shop@1.2.0")]
pub enum ReleaseSelector {
    Id(ReleaseId),
    Version(Name, Version),
}

/// Why a text names no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no release: write `NAME@VERSION`, for example `shop@1.2.0`, or an id (`rel_…`)")]
pub struct InvalidSelector(String);

impl FromStr for ReleaseSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidSelector(text.chars().take(80).flat_map(char::escape_debug).collect());
        match text.split_once('@') {
            Some((name, version)) => Ok(Self::Version(
                name.parse().map_err(|_| invalid())?,
                version.parse().map_err(|_| invalid())?,
            )),
            None => text.parse().map(Self::Id).map_err(|_| invalid()),
        }
    }
}

impl fmt::Display for ReleaseSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Version(name, version) => write!(f, "{name}@{version}"),
        }
    }
}

impl TryFrom<String> for ReleaseSelector {
    type Error = InvalidSelector;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ReleaseSelector> for String {
    fn from(selector: ReleaseSelector) -> Self {
        selector.to_string()
    }
}

/// What evidence is about, as a request names it: the digest of an artifact or of a release, or a sealed release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String", example = "shop@1.2.0")]
pub enum SubjectSelector {
    Digest(Digest),
    Release(ReleaseSelector),
}

impl FromStr for SubjectSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sha256:") {
            Some(_) => text.parse().map(Self::Digest).map_err(|error| error.to_string()),
            None => {
                text.parse().map(Self::Release).map_err(|error| format!("{error}, or a digest (`sha256:…`)"))
            }
        }
    }
}

impl fmt::Display for SubjectSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Release(release) => release.fmt(f),
        }
    }
}

impl TryFrom<String> for SubjectSelector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SubjectSelector> for String {
    fn from(selector: SubjectSelector) -> Self {
        selector.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_back_and_paths_cannot_be_climbed() {
        for good in ["shop@1.2.0", "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"] {
            assert_eq!(good.parse::<ReleaseSelector>().unwrap().to_string(), good);
        }
        for bad in ["", "shop", "shop@", "@1", "shop@../1", "Shop@1", "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"]
        {
            assert!(bad.parse::<ReleaseSelector>().is_err(), "{bad}");
        }
    }
}
