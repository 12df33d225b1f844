//! Seeded numbers: xoshiro256++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
//! filled by SplitMix64 as its authors advise.

/// A stream of numbers, always the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
    /// The other half of a pair of normal numbers.
    spare: Option<f64>,
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
        Self { state: [next(), next(), next(), next()], spare: None }
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
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.share() - 1.0, 2.0 * self.share() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Poisson with this mean: by products of shares, a great mean in parts.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut found = 0;
        let mut left = mean;
        while left > 0.0 {
            let part = left.min(POISSON_PART);
            left -= part;
            let limit = (-part).exp();
            let mut product = self.share();
            while product > limit {
                found += 1;
                product *= self.share();
            }
        }
        found
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

/// exp(−500) is far from the least double.
const POISSON_PART: f64 = 500.0;

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
            let values: Vec<f64> = (0..20_000).map(|_| draw(&mut random)).collect();
            let n = values.len() as f64;
            let found = values.iter().sum::<f64>() / n;
            let spread = values.iter().map(|it| (it - found).powi(2)).sum::<f64>() / n;
            assert!((found - mean).abs() < 5.0 * (variance / n).sqrt(), "{name}: mean {found} for {mean}");
            assert!((spread / variance - 1.0).abs() < 0.1, "{name}: variance {spread} for {variance}");
        };
        check("share", 0.5, 1.0 / 12.0, &mut Random::share);
        check("normal", 0.0, 1.0, &mut Random::normal);
        check("few", 5.0, 5.0, &mut |it| it.poisson(5.0) as f64);
        check("many", 800.0, 800.0, &mut |it| it.poisson(800.0) as f64);
        check("hits", 30.0, 21.0, &mut |it| it.binomial(100, 0.3) as f64);
    }
}
