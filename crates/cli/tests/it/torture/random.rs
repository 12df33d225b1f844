//! Seeded choices: SplitMix64 (Steele, Lea & Flood, 2014), as the simulator draws.

pub(super) struct Random(u64);

/// That of `SHIPWAY_TORTURE_SEED`, or one that nobody has tried.
pub(super) fn seed() -> u64 {
    super::seconds("SHIPWAY_TORTURE_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        u32::from_be_bytes(bytes).into()
    })
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From `low` to `high`, both included.
    pub(super) const fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + (it ^ (it >> 31)) % (high - low + 1)
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.between(0, (items.len() as u64).max(1) - 1) as usize)
    }
}
