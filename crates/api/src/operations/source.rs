//! From where releases come, and what hotfixes owe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::source::{MergeBack, Source};

use super::operations;
use super::release::ReleasePath;
use crate::page::Page;
use crate::payload::Json;
use crate::view::release::ReleaseView;
use crate::view::source::OwedMergeBack;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceList {
    #[schemars(length(min = 1, max = 100))]
    pub sources: Vec<Source>,
}

operations! {
    /// Say from which branches or tags a release comes, before it is sealed.
    RecordSources "recordSources": Post "/api/v1/releases/{release}/sources", Builder {
        path: ReleasePath,
        body: Json<SourceList>,
        answer: Json<ReleaseView>,
        errors: [UnknownRelease, ReleaseSealed, InvalidSource],
    }

    /// Say in which branches what a hotfix mended is found again.
    RecordMergeBack "recordMergeBack": Post "/api/v1/releases/{release}/merge-backs", Builder {
        path: ReleasePath,
        body: Json<MergeBack>,
        answer: Json<Page<OwedMergeBack>>,
        errors: [UnknownRelease, InvalidSource],
    }

    /// List hotfixes that were not merged back yet, the first to be due first.
    ListMergeBacks "listMergeBacks": Get "/api/v1/merge-backs", Viewer {
        answer: Json<Page<OwedMergeBack>>,
    }
}
