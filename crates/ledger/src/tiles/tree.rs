//! A tree as its right edge of tiles: enough to append to it and to know its root.

use shipway_model::Digest;

use super::{Tile, WIDTH};
use crate::tree::{empty_root, node_hash};

/// What must be kept of a tiled tree to append to it: at each level the hashes of the tile that is not full yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TiledTree {
    size: u64,
    /// The lowest level first. The top one is never empty.
    edge: Vec<Vec<Digest>>,
}

impl TiledTree {
    /// The tree of `size` leaves, whose partial tiles `read` hands over.
    ///
    /// Nothing is checked but for `read`: compare [`TiledTree::root`] with a checkpoint.
    pub fn resume<E>(size: u64, mut read: impl FnMut(Tile) -> Result<Vec<Digest>, E>) -> Result<Self, E> {
        let mut edge = Vec::new();
        for level in levels(size) {
            edge.push(match partial(level, size) {
                Some(tile) => read(tile)?,
                None => Vec::new(),
            });
        }
        Ok(Self { size, edge })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and hands every tile that it fills to `full`, the lowest first.
    pub fn push(&mut self, leaf: Digest, mut full: impl FnMut(Tile, Vec<Digest>)) {
        let mut hash = leaf;
        for level in 0_u8.. {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::with_capacity(WIDTH.into()));
            }
            let tile = &mut self.edge[usize::from(level)];
            tile.push(hash);
            if tile.len() < usize::from(WIDTH) {
                break;
            }
            let hashes = std::mem::take(tile);
            hash = perfect_root(&hashes);
            full(Tile::hashes(level, self.size >> (8 * (u32::from(level) + 1)), WIDTH), hashes);
        }
        self.size += 1;
    }

    /// The tiles that are not full, the lowest first.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (Tile, &[Digest])> {
        let tiles = levels(self.size).filter_map(|level| partial(level, self.size));
        tiles.zip(self.edge.iter().filter(|it| !it.is_empty()).map(Vec::as_slice))
    }

    /// The root over all leaves.
    pub fn root(&self) -> Digest {
        let mut root = None;
        for hashes in &self.edge {
            // Like the bits of a number: each 1 bit of the width is a perfect subtree, the smallest on the right.
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (left, subtree) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let hash = perfect_root(subtree);
                root = Some(root.map_or(hash, |right| node_hash(&hash, &right)));
                rest = left;
            }
        }
        root.unwrap_or_else(empty_root)
    }
}

/// Those at which a tree of `size` leaves has hashes.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..8).take_while(move |level| size >> (8 * level) > 0)
}

/// The partial tile of a level, unless it is empty; `level` is below 8.
fn partial(level: u8, size: u64) -> Option<Tile> {
    let n_hashes = size >> (8 * level);
    let width = (n_hashes % u64::from(WIDTH)) as u16;
    (width > 0).then(|| Tile::hashes(level, n_hashes / u64::from(WIDTH), width))
}

/// The root over `hashes`, of which there are a power of two.
fn perfect_root(hashes: &[Digest]) -> Digest {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::tree::{Frontier, leaf_hash};

    fn leaf(idx: u64) -> Digest {
        leaf_hash(&idx.to_be_bytes())
    }

    #[test]
    fn has_the_tiles_of_the_specifications_example() {
        let mut tree = TiledTree::default();
        let mut full: HashMap<u64, u64> = HashMap::new();
        for idx in 0..70_000 {
            tree.push(leaf(idx), |tile, hashes| {
                assert_eq!((tile.width, hashes.len()), (256, 256));
                let super::super::Content::Hashes { level } = tile.content else {
                    panic!("a tile of hashes")
                };
                let next = full.entry(level.into()).or_default();
                assert_eq!(tile.index, *next);
                *next += 1;
            });
        }
        assert_eq!(full, HashMap::from([(0, 273), (1, 1)]));
        let partial: Vec<_> =
            tree.partial_tiles().map(|(tile, hashes)| (tile.to_string(), hashes.len())).collect();
        let expected = [("tile/0/273.p/112", 112), ("tile/1/001.p/17", 17), ("tile/2/000.p/1", 1)];
        assert_eq!(partial, expected.map(|(path, width)| (path.to_owned(), width)));
    }

    #[test]
    fn has_the_root_of_the_leaves_at_every_size_and_resumes_from_its_tiles() {
        let mut frontier = Frontier::default();
        let mut tree = TiledTree::default();
        assert_eq!(tree.root(), frontier.root());
        for idx in 0..1_100 {
            frontier.push(leaf(idx));
            tree.push(leaf(idx), |_, _| {});
            assert_eq!((tree.size(), tree.root()), (frontier.size(), frontier.root()));
            let kept: HashMap<_, _> = tree.partial_tiles().map(|(tile, it)| (tile, it.to_vec())).collect();
            let read = |tile: Tile| kept.get(&tile).cloned().ok_or(tile);
            assert_eq!(TiledTree::resume(idx + 1, read), Ok(tree.clone()));
        }
        let missing = TiledTree::resume(257, Err::<Vec<Digest>, _>);
        assert_eq!(missing, Err(Tile::hashes(0, 1, 1)));
    }
}
