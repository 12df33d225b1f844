//! Seeded numbers: xoshiro256++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
//! filled by SplitMix64 as its authors advise.

use std::sync::LazyLock;

use crate::kernel::log_factorial;

/// A stream of numbers, always the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut seed = seed;
        let mut next = || {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut it = seed;
            it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            it ^ (it >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let found = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        found
    }

    /// From zero to less than one.
    pub fn share(&mut self) -> f64 {
        share_of(self.bits())
    }

    /// Standard normal, by the ziggurat of Doornik, "An improved ziggurat method to generate normal random samples", 2005.
    pub fn normal(&mut self) -> f64 {
        let layers = &*LAYERS;
        loop {
            let bits = self.bits();
            // The layer is told by bits that the place in it does not use.
            let (layer, place) = ((bits % N_LAYERS as u64) as usize, 2.0 * share_of(bits) - 1.0);
            let (width, inner) = (layers[layer], layers[layer + 1]);
            let found = place * width;
            if found.abs() < inner {
                return found;
            }
            if layer == 0 {
                return self.normal_beyond(TAIL).copysign(place);
            }
            let density = |at: f64| (-0.5 * (at * at - found * found)).exp();
            if density(inner) + self.share() * (density(width) - density(inner)) < 1.0 {
                return found;
            }
        }
    }

    /// Standard normal given that it is greater than `least` (Marsaglia, "Generating a variable from the tail of the
    /// normal distribution", 1964).
    fn normal_beyond(&mut self, least: f64) -> f64 {
        loop {
            let x = (1.0 - self.share()).ln() / least;
            let y = (1.0 - self.share()).ln();
            if -2.0 * y >= x * x {
                return least - x;
            }
        }
    }

    /// Poisson with this mean: a small one by products of shares, a great one by Hörmann, "The transformed rejection method
    /// for generating Poisson random variables", 1993 (algorithm PTRS).
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean < POISSON_FEW {
            let (limit, mut product, mut found) = ((-mean).exp(), self.share(), 0);
            while product > limit {
                found += 1;
                product *= self.share();
            }
            return found;
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let log_scale = (1.1239 + 1.1328 / (b - 3.4)).ln();
        let safe = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let (u, v) = (self.share() - 0.5, self.share());
            let edge = 0.5 - u.abs();
            let found = ((2.0 * a / edge + b) * u + mean + 0.43).floor();
            if edge >= 0.07 && v <= safe {
                return found as u64;
            }
            if found < 0.0 || (edge < 0.013 && v > edge) {
                continue;
            }
            let log_chance = found * mean.ln() - mean - log_factorial(found as u64);
            if v.ln() + log_scale - (a / (edge * edge) + b).ln() <= log_chance {
                return found as u64;
            }
        }
    }

    /// How many of `n` are hit, each with this chance: by the distances between hits.
    pub fn binomial(&mut self, n: u64, chance: f64) -> u64 {
        if chance <= 0.0 {
            return 0;
        }
        if chance >= 1.0 {
            return n;
        }
        let log_miss = (1.0 - chance).ln();
        let (mut hits, mut place) = (0, 0.0);
        loop {
            place += ((1.0 - self.share()).ln() / log_miss).floor() + 1.0;
            if place > n as f64 {
                return hits;
            }
            hits += 1;
        }
    }
}

/// Where the other method begins to be good, and faster.
const POISSON_FEW: f64 = 10.0;

/// The ziggurat's layers are of equal area; where its tail begins follows from their number.
const N_LAYERS: usize = 128;
const TAIL: f64 = 3.442_619_855_899;
const LAYER_AREA: f64 = 9.912_563_035_262_17e-3;

/// The layers' right ends, from the base, which has the tail's area as well, to the top.
static LAYERS: LazyLock<[f64; N_LAYERS + 1]> = LazyLock::new(|| {
    let density = |at: f64| (-0.5 * at * at).exp();
    let mut layers = [0.0; N_LAYERS + 1];
    layers[0] = LAYER_AREA / density(TAIL);
    layers[1] = TAIL;
    for idx in 2..N_LAYERS {
        layers[idx] = (-2.0 * (LAYER_AREA / layers[idx - 1] + density(layers[idx - 1])).ln()).sqrt();
    }
    layers
});

/// The upper 53 bits as a number from zero to less than one.
fn share_of(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.share(), random.normal(), random.poisson(7.0), random.binomial(90, 0.3))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn means_and_variances_are_those_of_the_distributions() {
        let mut random = Random::new(7);
        let mut check = |name: &str, mean: f64, variance: f64, draw: &mut dyn FnMut(&mut Random) -> f64| {
            let values: Vec<f64> = (0..200_000).map(|_| draw(&mut random)).collect();
            let n = values.len() as f64;
            let found = values.iter().sum::<f64>() / n;
            let spread = values.iter().map(|it| (it - found).powi(2)).sum::<f64>() / n;
            assert!((found - mean).abs() < 5.0 * (variance / n).sqrt(), "{name}: mean {found} for {mean}");
            assert!((spread / variance - 1.0).abs() < 0.1, "{name}: variance {spread} for {variance}");
        };
        check("share", 0.5, 1.0 / 12.0, &mut Random::share);
        check("normal", 0.0, 1.0, &mut Random::normal);
        check("tail", 0.0013499, 0.0013499 * 0.9986501, &mut |it| f64::from(u8::from(it.normal() > 3.0)));
        check("few", 5.0, 5.0, &mut |it| it.poisson(5.0) as f64);
        check("some", 20.0, 20.0, &mut |it| it.poisson(20.0) as f64);
        check("many", 800.0, 800.0, &mut |it| it.poisson(800.0) as f64);
        check("hits", 30.0, 21.0, &mut |it| it.binomial(100, 0.3) as f64);
    }
}
