//! Likelihood ratios of alternatives to one null, gathered block by block.
//!
//! Of a block under odds r canary's hits give r to their power and the margins a normaliser. So hits are summed and
//! normalisers multiplied, and only once a product has grown great, or somebody asks, is a logarithm taken.

use std::f64::consts::LN_2;

use crate::grid::Chances;

use super::alternatives::{Alternatives, POINTS_MAX, keep};

#[derive(Debug, Clone)]
pub(super) struct Ratios {
    /// Natural logarithms, per alternative, of what was folded.
    logs: Vec<f64>,
    /// Of the blocks since then: canary's hits, and the products of the normalisers, the null's first.
    hits: f64,
    normalisers: Vec<f64>,
}

/// Before a product would be greater than this it is folded; a single normaliser is less than 1e120.
const PRODUCT_MAX: f64 = 1e180;

/// Hits are multiplied with logarithms of odds, which costs digits if there are too many of them.
const HITS_MAX: f64 = 1e5;

impl Ratios {
    /// Each with this logarithm.
    pub(super) fn new(n_alternatives: usize, log: f64) -> Self {
        Self { logs: vec![log; n_alternatives], hits: 0.0, normalisers: vec![1.0; n_alternatives + 1] }
    }

    /// Takes in a block by its chances under the null and the alternatives; further ones are not looked at.
    pub(super) fn add(&mut self, chances: Chances, alternatives: &Alternatives) {
        match chances {
            Chances::Certain => {}
            Chances::Normalised { hits, normalisers } => {
                self.hits += hits;
                for (product, it) in self.normalisers.iter_mut().zip(normalisers) {
                    *product *= it;
                }
                if self.greatest_product() > PRODUCT_MAX || self.hits.abs() > HITS_MAX {
                    self.fold(alternatives);
                }
            }
            Chances::Logs(logs) => {
                let Some((null, logs)) = logs.split_first() else { return };
                for (sum, it) in self.logs.iter_mut().zip(logs) {
                    *sum += it - null;
                }
            }
        }
    }

    /// Alternatives are ordered by their distance to the null, which stands first. A normaliser is a sum of positive multiples of
    /// powers of the ratio, so its logarithm is convex in that of the ratio, and so is that of a product: the greatest is at
    /// either end.
    fn greatest_product(&self) -> f64 {
        let [first, .., last] = self.normalisers[..] else { return self.normalisers[0] };
        if first > last { first } else { last }
    }

    /// Natural logarithms, per alternative.
    pub(super) fn logs<'a>(&self, alternatives: &Alternatives, into: &'a mut [f64; POINTS_MAX]) -> &'a [f64] {
        let null = self.normalisers[0].ln();
        let distances = alternatives.log_distances().iter();
        let parts = self.logs.iter().zip(distances).zip(&self.normalisers[1..]);
        for (found, ((log, distance), product)) in into.iter_mut().zip(parts) {
            *found = log + self.hits * distance - (product.ln() - null);
        }
        &into[..self.logs.len()]
    }

    /// The same without a single logarithm, and so off by at most ln 2.
    fn rough_logs(&self, alternatives: &Alternatives) -> impl Iterator<Item = f64> + Clone {
        let null = exponent(self.normalisers[0]);
        let distances = alternatives.log_distances().iter();
        let parts = self.logs.iter().zip(distances).zip(&self.normalisers[1..]);
        parts.map(move |((log, distance), product)| {
            log + self.hits * distance - f64::from(exponent(*product) - null) * LN_2
        })
    }

    /// A number that no mixture of the ratios reaches, as a logarithm.
    pub(super) fn ceiling(&self, alternatives: &Alternatives) -> f64 {
        self.rough_logs(alternatives).fold(f64::NEG_INFINITY, f64::max) + ROUGH
    }

    /// Adds marks to the alternatives that are within reach of the best one.
    pub(super) fn mark_hopeful(&self, alternatives: &Alternatives, marks: &mut [bool]) {
        for (mark, is_hopeful) in
            marks.iter_mut().zip(Alternatives::are_hopeful(self.rough_logs(alternatives)))
        {
            *mark |= is_hopeful;
        }
    }

    /// Lets each alternative start anew with this share, in addition to what it has: S ← S + share. Tells which of them
    /// have most of their evidence from now on.
    pub(super) fn restart(
        &mut self,
        log_share: f64,
        alternatives: &Alternatives,
        mut restarts: impl FnMut(usize),
    ) {
        self.fold(alternatives);
        for (idx, sum) in self.logs.iter_mut().enumerate() {
            if *sum < log_share {
                restarts(idx);
            }
            *sum = log_sum(*sum, log_share);
        }
    }

    /// Gives up the alternatives that are not marked. `alternatives` still has them.
    pub(super) fn keep(&mut self, is_kept: &[bool], alternatives: &Alternatives) {
        self.fold(alternatives);
        keep(&mut self.logs, is_kept);
        self.normalisers.truncate(self.logs.len() + 1);
    }

    /// Takes points back in, each old one being where `places` says: a point that was given up has lost its evidence and its share
    /// for good. `alternatives` are those until now.
    pub(super) fn widen(&mut self, places: &[Option<usize>], alternatives: &Alternatives) {
        self.fold(alternatives);
        self.logs = places.iter().map(|it| it.map_or(f64::NEG_INFINITY, |idx| self.logs[idx])).collect();
        self.normalisers.resize(self.logs.len() + 1, 1.0);
    }

    fn fold(&mut self, alternatives: &Alternatives) {
        let mut room = [0.0; POINTS_MAX];
        let logs = self.logs(alternatives, &mut room);
        let n_logs = logs.len();
        self.logs.copy_from_slice(&room[..n_logs]);
        self.hits = 0.0;
        self.normalisers.fill(1.0);
    }
}

/// What a logarithm without the digits of a product misses, with room for rounding.
const ROUGH: f64 = LN_2 + 1e-6;

/// The exponent of a positive double, to base two.
fn exponent(it: f64) -> i32 {
    (it.to_bits() >> 52) as i32
}

/// ln(exp(one) + exp(other)).
pub(super) fn log_sum(one: f64, other: f64) -> f64 {
    let (less, more) = if one < other { (one, other) } else { (other, one) };
    // So little more is nothing to a double.
    if less == f64::NEG_INFINITY || less < more - 40.0 { more } else { more + (less - more).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Grid, Workspace};
    use crate::kernel::Table;

    #[test]
    fn blocks_add_up_to_the_sum_of_their_logarithms() {
        let alternatives = Alternatives::even(1.1, (1.15, 60.0), 7);
        let grid = Grid::new(alternatives.points());
        let (mut ratios, mut work) = (Ratios::new(7, 0.0), Workspace::default());
        let mut expected = [0.0; 7];
        for block_idx in 0..200 {
            let table = Table {
                canary_total: 300 + block_idx,
                canary_hits: block_idx % 7 * 20,
                control_total: 400,
                control_hits: block_idx % 5 * 9,
            };
            ratios.add(grid.chances(&table, &mut work), &alternatives);
            for (sum, odds) in expected.iter_mut().zip(&alternatives.points()[1..]) {
                *sum += table.log_probability(*odds) - table.log_probability(1.1);
            }
            let mut room = [0.0; POINTS_MAX];
            let exact = ratios.logs(&alternatives, &mut room);
            let rough = ratios.rough_logs(&alternatives);
            for ((exact, rough), expected) in exact.iter().zip(rough).zip(&expected) {
                assert!((exact - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{exact} or {expected}");
                assert!((exact - rough).abs() <= LN_2, "{exact} or roughly {rough}");
            }
            assert!(alternatives.log_e_value(exact) <= ratios.ceiling(&alternatives));
        }
    }

    #[test]
    fn what_was_given_up_comes_back_without_evidence() {
        let all = Alternatives::even(1.1, (1.15, 60.0), 3);
        let mut some = all.clone();
        let mut ratios = Ratios { logs: vec![1.0, 2.0, 3.0], ..Ratios::new(3, 0.0) };
        ratios.keep(&[true, false, true], &some);
        some.keep(&[true, false, true]);
        let places = some.places_of(&all);
        assert_eq!(places, [Some(0), None, Some(1)]);
        ratios.widen(&places, &some);
        let mut room = [0.0; POINTS_MAX];
        assert_eq!(ratios.logs(&all, &mut room), [1.0, f64::NEG_INFINITY, 3.0]);
    }

    #[test]
    fn sums_of_logarithms_are_logarithms_of_sums() {
        assert!((log_sum(2.0_f64.ln(), 3.0_f64.ln()) - 5.0_f64.ln()).abs() < 1e-12);
        assert_eq!(log_sum(f64::NEG_INFINITY, 1.0), 1.0);
        assert_eq!(log_sum(f64::NEG_INFINITY, f64::NEG_INFINITY), f64::NEG_INFINITY);
    }
}
