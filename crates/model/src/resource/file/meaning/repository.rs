//! Repositories: something has to be able to yield a release.

use super::{Site, way};
use crate::resource::Repository;
use crate::resource::repository::Refs;

pub(super) fn check(repository: &Repository, site: &mut Site<'_, '_, '_, '_>) {
    if repository.candidates.as_ref().is_some_and(|it| *it == Refs::default()) {
        let message = "no branch and no tag may yield a release";
        let help = "name `branches` or `tags`, or leave `candidates` out for what the model says";
        site.fault(way!["candidates"], message, help);
    }
}
