//! How much memory the entries of a normal form take. A list is bounded by that, and not by their number alone: an entry may be a
//! word or a page.

use shipway_model::evidence::{Case, Component, Cvss, Finding, Location, Package, Statement, Vex};

/// What points to memory of its own.
pub(super) trait Weigh: Sized {
    /// Bytes that it points to, as the allocator hands them out.
    fn heap_bytes(&self) -> usize;

    /// Bytes altogether.
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.heap_bytes()
    }
}

/// Of one allocation, by glibc's rule: a word before it, in steps of 16, of at least 32.
pub(super) fn allocation(n_bytes: usize) -> usize {
    if n_bytes == 0 { 0 } else { (n_bytes + 8).next_multiple_of(16).max(32) }
}

impl Weigh for String {
    fn heap_bytes(&self) -> usize {
        allocation(self.capacity())
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, Weigh::heap_bytes)
    }
}

impl<T: Weigh> Weigh for Vec<T> {
    fn heap_bytes(&self) -> usize {
        allocation(self.capacity() * size_of::<T>()) + self.iter().map(Weigh::heap_bytes).sum::<usize>()
    }
}

impl<A: Weigh, B: Weigh> Weigh for (A, B) {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes() + self.1.heap_bytes()
    }
}

impl Weigh for Finding {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.title, &self.suppression, &self.fingerprint, &self.published_at];
        let lists = [&self.aliases, &self.taxa];
        self.id.heap_bytes()
            + texts.into_iter().map(Weigh::heap_bytes).sum::<usize>()
            + lists.into_iter().map(Weigh::heap_bytes).sum::<usize>()
            + self.cvss.heap_bytes()
            + self.package.heap_bytes()
            + self.location.heap_bytes()
            + self.vex.heap_bytes()
    }
}

impl Weigh for Cvss {
    fn heap_bytes(&self) -> usize {
        self.version.heap_bytes() + self.vector.heap_bytes()
    }
}

impl Weigh for Package {
    fn heap_bytes(&self) -> usize {
        self.purl.heap_bytes()
            + self.name.heap_bytes()
            + self.version.heap_bytes()
            + self.fixed_in.heap_bytes()
            + self.path.heap_bytes()
    }
}

impl Weigh for Location {
    fn heap_bytes(&self) -> usize {
        self.file.heap_bytes()
    }
}

impl Weigh for Vex {
    fn heap_bytes(&self) -> usize {
        self.justification.heap_bytes() + self.detail.heap_bytes()
    }
}

impl Weigh for Statement {
    fn heap_bytes(&self) -> usize {
        self.vulnerability.heap_bytes()
            + self.aliases.heap_bytes()
            + self.products.heap_bytes()
            + self.subcomponents.heap_bytes()
            + self.vex.heap_bytes()
            + self.at.heap_bytes()
    }
}

impl Weigh for Component {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.reference, &self.purl, &self.version, &self.kind, &self.supplier];
        texts.into_iter().map(Weigh::heap_bytes).sum::<usize>()
            + self.name.heap_bytes()
            + self.licenses.heap_bytes()
            + allocation(self.digests.capacity_bytes())
            + self
                .digests
                .iter()
                .map(|(name, hex)| allocation(name.len()) + allocation(hex.len()))
                .sum::<usize>()
    }
}

impl Weigh for Case {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.class, &self.message, &self.file];
        texts.into_iter().map(Weigh::heap_bytes).sum::<usize>()
            + self.suite.heap_bytes()
            + self.name.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_entry_points_to_weighs() {
        let text = |n: usize| "x".repeat(n);
        assert_eq!([0, 1, 24, 25, 100].map(allocation), [0, 32, 32, 48, 112]);
        let finding = Finding {
            title: Some(text(100)),
            package: Some(Package { name: text(1), path: vec![text(24)], ..Package::default() }),
            ..Finding::default()
        };
        // The title, the name, the list of one and what is in it.
        assert_eq!(finding.weight_bytes(), size_of::<Finding>() + 112 + 32 + 32 + 32);
        let component = Component { name: text(1), licenses: vec![text(3)], ..Component::default() };
        assert_eq!(component.weight_bytes(), size_of::<Component>() + 32 + 32 + 32);
        let pair = (text(1), vec![text(1), text(1)]);
        assert_eq!(pair.weight_bytes(), 48 + 32 + 64 + 64);
    }
}
