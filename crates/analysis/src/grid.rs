//! Chances of one table under many odds ratios at once.
//!
//! All of them weigh the same coefficients `C(a,u)·C(b,m−u)`, so the coefficients are made once, outward from the greatest,
//! and the normalisers of all odds are the values of two polynomials, found by Horner's rule side by side.
//!
//! Of many coefficients every h-th one is enough. Canary's count of hits is a sum of independent indicators, as its
//! generating polynomial has real roots only (Vatutin & Mikhailov, "Limit theorems for the number of empty cells in an
//! equiprobable scheme for group allocation of particles", 1982). Each indicator's characteristic function has the square
//! 1 − 2p(1 − p)(1 − cos t), so that of the count is at most exp(−σ²(1 − cos t)), and by Poisson's summation formula h times
//! the sum over every h-th count differs from the whole sum by at most the part Σ_{0<j<h} exp(−σ²(1 − cos 2πj/h)). The
//! factor h is common to all odds.

use crate::kernel::Table;

/// Odds ratios (or ratios of rates) with their logarithms.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    odds: Vec<f64>,
    log_odds: Vec<f64>,
    /// Geometric mean of the extremes: the coefficients are scaled by its powers, so that none overflows.
    middle: f64,
    /// The odds in units of it, and their inverses.
    scaled: Vec<f64>,
    inverse: Vec<f64>,
    /// How many times the extremes are from it.
    spread: f64,
    /// Where the extremes stand. A normaliser is a sum of positive multiples of powers of the odds, so its logarithm is convex in
    /// that of the odds, and the greatest one is at an extreme.
    ends: [usize; 2],
}

/// What a table says about the odds of a grid, up to a constant common to all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chances<'a> {
    /// Nothing: its margins leave only one possible table.
    Certain,
    /// The chance under odds r is r to the power of `hits`, by the normaliser; each of those is at least one.
    Normalised { hits: f64, normalisers: &'a [f64] },
    /// Natural logarithms of the chances.
    Logs(&'a [f64]),
}

/// Memory that is used again for each table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workspace {
    /// Outward from the start, above and below it.
    coefficients: Vec<[f64; 2]>,
    found: Vec<f64>,
}

/// Lanes that are carried through Horner's rule together; as many as stay in registers, and half as many for the rest.
const LANES: usize = 8;
const HALF: usize = LANES / 2;

/// So few steps from the first possible table to the last: all of them are summed from the first one on, in one direction. With
/// more of them the sums in units of the first one grow so great that logarithms would have to be taken often.
const FEW: usize = 12;

/// Terms are left out when, under every odds, they are less than this part of the greatest one.
const TERM_SHARE_MIN: f64 = 1e-14;

/// What is left out between every h-th count is under 2·exp(−32) of the whole, some 1e-14.
const EXPONENT_MIN: f64 = 32.0;

/// Terms that are made between two looks at whether they still count.
const TERMS_BETWEEN: usize = 4;

/// Beyond such sizes doubles are near their end: logarithms are summed then.
const TERM_MAX: f64 = 1e120;
const COEFFICIENT_MIN: f64 = 1e-280;

impl Grid {
    pub(crate) fn new(mut odds: Vec<f64>) -> Self {
        // Whole lanes: the padding is computed and thrown away.
        let n_points = odds.len();
        odds.resize(n_points.next_multiple_of(HALF), odds[n_points - 1]);
        let mut ends = [0, 0];
        for (idx, it) in odds.iter().enumerate() {
            if *it < odds[ends[0]] {
                ends[0] = idx;
            }
            if *it > odds[ends[1]] {
                ends[1] = idx;
            }
        }
        let [least, greatest] = ends.map(|it| odds[it]);
        let log_odds = odds.iter().map(|it| it.ln()).collect();
        let middle = (least * greatest).sqrt();
        let scaled = odds.iter().map(|it| it / middle).collect();
        let inverse = odds.iter().map(|it| middle / it).collect();
        Self {
            odds,
            log_odds,
            middle,
            scaled,
            inverse,
            spread: (greatest / middle).max(middle / least),
            ends,
        }
    }

    /// The chances of `table` given its margins.
    pub(crate) fn chances<'a>(&self, table: &Table, work: &'a mut Workspace) -> Chances<'a> {
        let (least, greatest) = (table.hits_min(), table.hits_max());
        if least == greatest {
            return Chances::Certain;
        }
        let n_steps = (greatest - least) as usize;
        let (start, is_summed) = if n_steps <= FEW {
            self.sum_few(table, least, n_steps, &mut work.found);
            (least, true)
        } else {
            let start = table.mode(self.middle);
            let stride = stride(self.least_variance(table));
            let is_filled = self.fill(table, start, stride, work);
            if is_filled {
                self.normalise(stride, work);
            }
            (start, is_filled)
        };
        // Also false of what is no number.
        if is_summed && self.ends.iter().all(|&it| work.found[it] <= TERM_MAX) {
            let hits = table.canary_hits as f64 - start as f64;
            return Chances::Normalised { hits, normalisers: &work.found };
        }
        work.found.clear();
        work.found.extend(self.odds.iter().map(|&odds| table.log_probability(odds)));
        Chances::Logs(&work.found)
    }

    /// The sums of all terms, in units of the one at `least`, the first of so many steps.
    fn sum_few(&self, table: &Table, least: u64, n_steps: usize, found: &mut Vec<f64>) {
        let mut coefficients = [0.0; FEW];
        let mut falling = [(table.canary_total - least) as f64, (table.hits() - least) as f64];
        let mut rising = [least as f64 + 1.0, (table.control_total + least - table.hits()) as f64 + 1.0];
        let mut coefficient = 1.0;
        for it in &mut coefficients[..n_steps] {
            coefficient *= falling[0] * falling[1] * self.middle / (rising[0] * rising[1]);
            *it = coefficient;
            falling = falling.map(|it| it - 1.0);
            rising = rising.map(|it| it + 1.0);
        }
        let coefficients = &coefficients[..n_steps];
        found.resize(self.odds.len(), 0.0);
        let (whole, rest) = found.as_chunks_mut::<LANES>();
        let (lanes, lanes_rest) = self.scaled.as_chunks::<LANES>();
        for (found, lanes) in whole.iter_mut().zip(lanes) {
            *found = horner_upward(coefficients, *lanes);
        }
        for (found, lanes) in rest.as_chunks_mut::<HALF>().0.iter_mut().zip(lanes_rest.as_chunks::<HALF>().0)
        {
            *found = horner_upward(coefficients, *lanes);
        }
    }

    /// No odds of the grid have a lesser one. A harmonic sum is concave in its cells, and so in the likeliest count, which rises with
    /// the odds: it is least at an extreme. A tenth less is taken, as it is near to the variance and not the variance.
    fn least_variance(&self, table: &Table) -> f64 {
        let all = table.canary_total + table.control_total;
        let margins = [table.canary_total, table.control_total, table.hits(), all - table.hits()];
        // Two cells of one margin have a harmonic sum of a quarter of it at most: mostly too little for any stride.
        let bound = margins.into_iter().min().unwrap_or(0) as f64 / 4.0;
        if bound < EXPONENT_MIN / 2.0 {
            return bound;
        }
        let least = variance(table, table.mode(self.odds[self.ends[0]]));
        let greatest = variance(table, table.mode(self.odds[self.ends[1]]));
        0.9 * if least < greatest { least } else { greatest }
    }

    /// `C(a,u)·C(b,m−u)·middleᵘ` at every stride-th count on either side of `start`, in units of that at it. False if the
    /// odds are too far from each other for doubles.
    fn fill(&self, table: &Table, start: u64, stride: u32, work: &mut Workspace) -> bool {
        let canary_rest = (table.canary_total - start) as f64;
        let hits_rest = (table.hits() - start) as f64;
        let control_rest = (table.control_total + start - table.hits()) as f64;
        let hits = start as f64;
        let sides = Sides {
            falling: [[canary_rest, hits], [hits_rest, control_rest]],
            rising: [[hits + 1.0, canary_rest + 1.0], [control_rest + 1.0, hits_rest + 1.0]],
            factor: [self.middle, 1.0 / self.middle],
            factor_of_four: [self.middle.powi(4), self.middle.powi(-4)],
        };
        let reach = if stride == 1 { self.spread } else { self.spread.powi(stride as i32) };
        sides.fill(stride, reach, &mut work.coefficients)
    }

    /// The sums of all terms, in units of that at the start.
    fn normalise(&self, stride: u32, work: &mut Workspace) {
        let Workspace { coefficients, found } = work;
        found.resize(self.odds.len(), 0.0);
        let (whole, rest) = found.as_chunks_mut::<LANES>();
        let (above, above_rest) = self.scaled.as_chunks::<LANES>();
        let (below, below_rest) = self.inverse.as_chunks::<LANES>();
        for ((found, above), below) in whole.iter_mut().zip(above).zip(below) {
            *found = horner(coefficients, raised(*above, stride), raised(*below, stride));
        }
        let rest = rest.as_chunks_mut::<HALF>().0.iter_mut();
        let (above, below) = (above_rest.as_chunks::<HALF>().0, below_rest.as_chunks::<HALF>().0);
        for ((found, above), below) in rest.zip(above).zip(below) {
            *found = horner(coefficients, raised(*above, stride), raised(*below, stride));
        }
    }

    /// The same for events without a denominator, the totals being exposures. Given the events of both arms, those of
    /// canary are binomial with `p = ρr/(ρr + 1 − ρ)`, ρ being its share of the exposure, whatever the rate common to
    /// both does (Lindon & Malek, "Anytime-valid inference for multinomial count data", 2022).
    pub(crate) fn chances_of_counts<'a>(&self, table: &Table, work: &'a mut Workspace) -> Chances<'a> {
        if table.canary_total == 0 || table.control_total == 0 || table.hits() == 0 {
            return Chances::Certain;
        }
        let total = table.canary_total as f64 + table.control_total as f64;
        let share = table.canary_total as f64 / total;
        let (canary, control) = (table.canary_hits as f64, table.control_hits as f64);
        work.found.clear();
        work.found.extend(self.odds.iter().zip(&self.log_odds).map(|(odds, log_odds)| {
            canary * log_odds - (canary + control) * (share * odds + 1.0 - share).ln()
        }));
        Chances::Logs(&work.found)
    }
}

impl Chances<'_> {
    /// Of the odds in this range of the grid.
    pub(crate) fn of(&self, range: std::ops::Range<usize>) -> Self {
        match *self {
            Self::Certain => Self::Certain,
            Self::Normalised { hits, normalisers } => {
                Self::Normalised { hits, normalisers: &normalisers[range] }
            }
            Self::Logs(logs) => Self::Logs(&logs[range]),
        }
    }
}

/// Both directions from the start, upward first: a coefficient by the one before it is the product of `falling` by that of
/// `rising`, all of which then change by one.
struct Sides {
    falling: [[f64; 2]; 2],
    rising: [[f64; 2]; 2],
    factor: [f64; 2],
    /// To the fourth power.
    factor_of_four: [f64; 2],
}

impl Sides {
    /// Coefficients until those that follow no longer count under any odds, `reach` being what the farthest odds gain on
    /// the middle per stride. As odds nearer to the middle weigh what is far out less, they lose less.
    fn fill(mut self, stride: u32, reach: f64, into: &mut Vec<[f64; 2]>) -> bool {
        into.clear();
        let mut coefficients = [1.0; 2];
        let (mut farthest, mut greatest) = ([1.0; 2], [1.0_f64; 2]);
        loop {
            // Looking after every term would cost as much as the terms.
            let mut terms = [[0.0; 2]; TERMS_BETWEEN];
            for term in &mut terms {
                let ratios = self.stride(stride);
                for side in 0..2 {
                    coefficients[side] *= ratios[side];
                    farthest[side] *= ratios[side] * reach;
                    greatest[side] =
                        if farthest[side] > greatest[side] { farthest[side] } else { greatest[side] };
                }
                *term = coefficients;
            }
            into.extend_from_slice(&terms);
            let is_over = |side: usize| farthest[side] < greatest[side] * TERM_SHARE_MIN;
            if is_over(0) && is_over(1) {
                return true;
            }
            let fits = |side: usize| {
                farthest[side] <= TERM_MAX && (coefficients[side] >= COEFFICIENT_MIN || is_over(side))
            };
            if !(fits(0) && fits(1)) {
                return false;
            }
        }
    }

    fn stride(&mut self, stride: u32) -> [f64; 2] {
        match stride {
            1 => self.steps::<1>(),
            2 => self.steps::<2>(),
            3 => self.steps::<3>(),
            4 => self.four_steps(),
            _ => {
                let mut ratios = [1.0; 2];
                for _ in 0..stride / 4 {
                    let steps = self.four_steps();
                    ratios = [ratios[0] * steps[0], ratios[1] * steps[1]];
                }
                ratios
            }
        }
    }

    /// A few steps with one division; from the end of the support on a factor is zero.
    fn steps<const N: usize>(&mut self) -> [f64; 2] {
        let (mut above, mut below) = ([1.0; 2], [1.0; 2]);
        for _ in 0..N {
            for side in 0..2 {
                above[side] *= self.falling[0][side] * self.falling[1][side] * self.factor[side];
                below[side] *= self.rising[0][side] * self.rising[1][side];
            }
            self.move_by(1.0);
        }
        [above[0] / below[0], above[1] / below[1]]
    }

    /// Four steps at once: the product of four numbers in a row is (t² − 1/4)(t² − 9/4), t being their middle. Four that pass the
    /// end of the support have zero among them, and halves are exact.
    fn four_steps(&mut self) -> [f64; 2] {
        let of_four = |middle: f64| {
            let square = middle * middle;
            (square - 0.25) * (square - 2.25)
        };
        let (falling, rising) = (self.falling, self.rising);
        self.move_by(4.0);
        std::array::from_fn(|side| {
            let above = of_four(falling[0][side] - 1.5) * of_four(falling[1][side] - 1.5);
            let below = of_four(rising[0][side] + 1.5) * of_four(rising[1][side] + 1.5);
            above * self.factor_of_four[side] / below
        })
    }

    fn move_by(&mut self, n_steps: f64) {
        for side in 0..2 {
            for (falling, rising) in self.falling.iter_mut().zip(&mut self.rising) {
                falling[side] -= n_steps;
                rising[side] += n_steps;
            }
        }
    }
}

/// The variance of canary's hits where `mode` is the likeliest, by N/(N − 1) more: of four cells, one over the sum of their
/// inverses (McCullagh & Nelder, "Generalized Linear Models", 2nd ed. 1989, 7.3.2).
fn variance(table: &Table, mode: u64) -> f64 {
    let (canary_hits, canary_rest) = (mode as f64, (table.canary_total - mode) as f64);
    let control_hits = (table.hits() - mode) as f64;
    let control_rest = (table.control_total + mode - table.hits()) as f64;
    let (canary, control) = (canary_hits * canary_rest, control_hits * control_rest);
    let of_canary = (canary_hits + canary_rest) * control;
    canary * control / (of_canary + (control_hits + control_rest) * canary)
}

/// The greatest distance between counts that may be left out at this variance; a multiple of four from there on.
fn stride(variance: f64) -> u32 {
    let half_turns = EXPONENT_MIN / variance;
    // 1 − cos(2π/h) is 2, 3/2 and 1 for the first three, and 2π²/h² a little less for the others.
    if half_turns > 2.0 || half_turns.is_nan() {
        1
    } else if half_turns > 1.5 {
        2
    } else if half_turns > 1.0 {
        3
    } else {
        4 * ((4.3 / half_turns.sqrt() / 4.0) as u32).clamp(1, STRIDES_MAX)
    }
}

/// In fours; as far as the variance of ten million hits allows.
const STRIDES_MAX: u32 = 500;

/// One and the coefficients times powers of each lane.
fn horner_upward<const N: usize>(coefficients: &[f64], lanes: [f64; N]) -> [f64; N] {
    let mut sums = [0.0; N];
    for coefficient in coefficients.iter().rev() {
        for lane in 0..N {
            sums[lane] = (sums[lane] + coefficient) * lanes[lane];
        }
    }
    sums.map(|it| 1.0 + it)
}

/// One and the coefficients above times powers of `above`, and those below times powers of `below`.
fn horner<const N: usize>(coefficients: &[[f64; 2]], above: [f64; N], below: [f64; N]) -> [f64; N] {
    let (mut up, mut down) = ([0.0; N], [0.0; N]);
    for [coefficient_up, coefficient_down] in coefficients.iter().rev() {
        for lane in 0..N {
            up[lane] = (up[lane] + coefficient_up) * above[lane];
            down[lane] = (down[lane] + coefficient_down) * below[lane];
        }
    }
    std::array::from_fn(|lane| 1.0 + up[lane] + down[lane])
}

/// To the power of `exponent`, by squaring.
fn raised<const N: usize>(mut base: [f64; N], mut exponent: u32) -> [f64; N] {
    if exponent == 1 {
        return base;
    }
    let mut found = [1.0; N];
    while exponent > 0 {
        if exponent % 2 == 1 {
            found.iter_mut().zip(base).for_each(|(it, base)| *it *= base);
        }
        base = base.map(|it| it * it);
        exponent /= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ODDS: [f64; 9] = [0.5, 1.0, 1.1, 1.5, 2.0, 6.0, 11.0, 30.0, 66.0];

    /// Logarithms of chances in units of that under the second of the odds.
    fn logs(odds: &[f64], chances: Chances) -> Vec<f64> {
        let logs: Vec<f64> = match chances {
            Chances::Certain => vec![0.0; odds.len()],
            Chances::Normalised { hits, normalisers } => {
                odds.iter().zip(normalisers).map(|(odds, it)| hits * odds.ln() - it.ln()).collect()
            }
            Chances::Logs(logs) => logs[..odds.len()].to_vec(),
        };
        logs.iter().map(|it| it - logs[1]).collect()
    }

    /// Compares with one table and one of the odds at a time, every term being summed.
    fn check(odds: &[f64], table: Table) {
        let grid = Grid::new(odds.to_vec());
        let mut work = Workspace::default();
        let found = logs(odds, grid.chances(&table, &mut work));
        for (idx, it) in odds.iter().enumerate() {
            let expected = table.log_probability(*it) - table.log_probability(odds[1]);
            // Of millions, the logarithms of factorials lose more digits than this module does.
            let size = 1.0 + expected.abs() + table.canary_total.max(table.control_total) as f64 * 1e-3;
            let difference = found[idx] - expected;
            assert!(difference.abs() < 1e-10 * size, "{table:?} under {it}: {} or {expected}", found[idx]);
        }
    }

    #[test]
    fn agree_with_one_table_at_a_time() {
        for (a, x, b, y) in [
            (500, 1, 500, 0),
            (500, 0, 500, 3),
            (500, 260, 490, 240),
            (3, 3, 900, 11),
            (100, 0, 500, 250),
            (5000, 5000, 5000, 0),
            (40_000, 900, 36_000, 400),
            (2_000_000, 40, 1_900_000, 10),
        ] {
            check(&ODDS, Table { canary_total: a, canary_hits: x, control_total: b, control_hits: y });
        }
    }

    #[test]
    fn strides_are_as_long_as_their_bound_allows() {
        for variance in [1.0, 17.9, 18.1, 24.1, 36.1, 124.0, 500.0, 1e4, 1e6] {
            let h = stride(variance);
            let left_out: f64 = (1..h)
                .map(|j| {
                    (-variance * (1.0 - (std::f64::consts::TAU * f64::from(j) / f64::from(h)).cos())).exp()
                })
                .sum();
            assert!(left_out < 4e-14, "{variance}: {h}, {left_out}");
        }
        assert_eq!((stride(15.9), stride(62.0), stride(200.0)), (1, 4, 8));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

        #[test]
        fn any_table_has_the_chances_of_the_plain_sum(
            (a, b) in (1..6000_u64, 1..6000_u64),
            shares in (0.0..1.0_f64, 0.0..1.0_f64),
            (least, width) in (0.05..20.0_f64, 1.001..80.0_f64),
        ) {
            let of = |total: u64, share: f64| (total as f64 * share * share) as u64;
            let table = Table {
                canary_total: a,
                canary_hits: of(a, shares.0),
                control_total: b,
                control_hits: of(b, shares.1),
            };
            let odds: Vec<f64> = (0..11).map(|idx| least * f64::powf(width, f64::from(idx) / 10.0)).collect();
            check(&odds, table);
        }
    }

    #[test]
    fn of_counts_are_binomial_given_the_sum() {
        let odds = [2.0, 1.0];
        let table = Table { canary_total: 30, canary_hits: 3, control_total: 70, control_hits: 1 };
        let mut work = Workspace::default();
        let found = logs(&odds, Grid::new(odds.to_vec()).chances_of_counts(&table, &mut work));
        let p: f64 = 0.6 / 1.3;
        let expected = 3.0 * (p / 0.3).ln() + ((1.0 - p) / 0.7).ln();
        assert!((found[0] - expected).abs() < 1e-12);
    }
}
