//! Which environments are protected, kept as they are declared: every rollout asks whether it touches one, and there may be
//! ten thousand.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::Name;

use super::Catalogue;

#[derive(Debug, Clone, Default)]
pub(super) struct Protected {
    names: BTreeSet<Name>,
    /// Environments that inherit, by the one from which they do so directly.
    heirs: BTreeMap<Name, BTreeSet<Name>>,
    /// From which each of those inherits.
    parents: BTreeMap<Name, Name>,
}

impl Protected {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// Remembers that `name` inherits from `parent` alone.
    fn adopt(&mut self, name: &Name, parent: Option<&Name>) {
        if let Some(former) = self.parents.remove(name)
            && let Some(heirs) = self.heirs.get_mut(&former)
        {
            heirs.remove(name);
            if heirs.is_empty() {
                self.heirs.remove(&former);
            }
        }
        if let Some(parent) = parent {
            self.parents.insert(name.clone(), parent.clone());
            self.heirs.entry(parent.clone()).or_default().insert(name.clone());
        }
    }

    /// `name` and all that inherit from it, directly or through others.
    fn line(&self, name: &Name) -> BTreeSet<Name> {
        let (mut line, mut open) = (BTreeSet::new(), vec![name]);
        while let Some(next) = open.pop() {
            // What inherits in a circle is refused, and must not be walked for ever while it is looked at.
            if line.insert(next.clone()) {
                open.extend(self.heirs.get(next).into_iter().flatten());
            }
        }
        line
    }
}

impl Catalogue {
    /// An environment was declared: it and its heirs may be protected from now on, or no longer.
    pub(super) fn note_protection(&mut self, name: &Name, parent: Option<&Name>) {
        self.protected.adopt(name, parent);
        for name in self.protected.line(name) {
            if self.environment(&name).is_some_and(|it| it.is_protected()) {
                self.protected.names.insert(name);
            } else {
                self.protected.names.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;
    use shipway_model::resource::Resource;

    use super::*;

    const NAMES: [&str; 5] = ["dev", "test", "uat", "prod", "edge"];

    /// A name, what it extends, and whether it says that it is protected.
    fn declaration() -> impl Strategy<Value = Resource> {
        let parent = prop::option::of(prop::sample::select(&NAMES[..]));
        let protected = prop::option::of(any::<bool>());
        let policy = prop::option::of(Just("strict"));
        (prop::sample::select(&NAMES[..]), parent, protected, policy).prop_map(
            |(name, extends, protected, policy)| {
                let spec = json!({"extends": extends, "protected": protected, "changePolicy": policy});
                let json = json!({
                    "apiVersion": "shipway.dev/v1",
                    "kind": "Environment",
                    "metadata": {"name": name},
                    "spec": spec,
                });
                serde_json::from_value(json).expect("a resource")
            },
        )
    }

    proptest! {
        /// In whatever order environments are declared and declared anew, parents after their heirs or in a circle.
        #[test]
        fn what_is_kept_is_what_looking_at_all_of_them_finds(
            declared in prop::collection::vec(declaration(), 1..20),
        ) {
            let mut catalogue = Catalogue::default();
            for resource in declared {
                catalogue.apply(&Arc::new(resource.clone()), resource.digest());
                let is_protected = |it: &&Name| {
                    catalogue.environment(it).is_some_and(|it| it.is_protected())
                };
                let looked_up: Vec<&Name> = catalogue.environments().filter(is_protected).collect();
                let kept: Vec<&Name> = catalogue.protected_environments().collect();
                prop_assert_eq!(kept, looked_up);
            }
        }
    }
}
