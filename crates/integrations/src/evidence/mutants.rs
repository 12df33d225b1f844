//! Mutants of all tools, as they are counted.

use shipway_model::evidence::{Location, Mutant, Mutation, Normal};

/// Most survivors that are listed.
const SURVIVORS_MAX: usize = 50_000;

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Killed,
    Survived,
    Timeout,
    NoCoverage,
    Ignored,
}

#[derive(Default)]
pub(super) struct Mutants {
    mutation: Mutation,
    n_beyond: u64,
}

impl Mutants {
    /// `what` is asked for those that lived.
    pub(super) fn take(&mut self, fate: Fate, what: impl FnOnce() -> (Location, String)) {
        let mutation = &mut self.mutation;
        let count = match fate {
            Fate::Killed => &mut mutation.killed,
            Fate::Survived => &mut mutation.survived,
            Fate::Timeout => &mut mutation.timeout,
            Fate::NoCoverage => &mut mutation.no_coverage,
            Fate::Ignored => &mut mutation.ignored,
        };
        *count += 1;
        if !matches!(fate, Fate::Survived | Fate::NoCoverage) {
            return;
        }
        if mutation.survivors.len() == SURVIVORS_MAX {
            self.n_beyond += 1;
            return;
        }
        let (location, mutation) = what();
        self.mutation.survivors.push(Mutant { location, mutation });
    }

    pub(super) fn finish(mut self, normal: &mut Normal) {
        let it = &mut self.mutation;
        let detected = it.killed + it.timeout;
        let valid = detected + it.survived + it.no_coverage;
        it.score = (valid > 0).then(|| detected as f64 / valid as f64);
        if self.n_beyond > 0 {
            normal.omitted.insert("mutation.survivors".to_owned(), self.n_beyond);
        }
        normal.mutation = Some(self.mutation);
    }
}
