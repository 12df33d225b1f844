//! What needs what, as boxes and arrows: consumers on the left, what they need on the right.

use std::fmt::Write;

use super::{Svg, escaped};

/// In pixels; text is not scaled. Boxes are as wide as the longest title in them needs, within these.
const WIDTH_MIN: f64 = 64.0;
const WIDTH_MAX: f64 = 184.0;
const CHAR_WIDTH: f64 = 6.7;
const PADDING: f64 = 10.0;
const HEIGHT: f64 = 38.0;
const GAP_X: f64 = 56.0;
/// Of long chains, which would leave the page otherwise.
const GAP_X_MIN: f64 = 22.0;
const LAYERS_WIDE_MAX: usize = 5;
const GAP_Y: f64 = 14.0;
const MARGIN: f64 = 4.0;
/// Longer names are cut; the whole name is in the title.
const CHARS_MAX: usize = 22;
/// Rounds in which boxes are moved beside what they are joined to.
const ROUNDS: usize = 4;

pub(in crate::pages) struct Node {
    pub(in crate::pages) title: String,
    /// Where it leads, if it has a page.
    pub(in crate::pages) path: Option<String>,
    /// What the style sheet calls its kind.
    pub(in crate::pages) class: &'static str,
}

/// `edges` lead from the one that needs to the one that is needed, by index. A cycle is drawn with an arrow back.
pub(in crate::pages) fn draw(label: &str, nodes: &[Node], edges: &[(usize, usize)]) -> Svg {
    let layers = layers(nodes.len(), edges);
    let n_layers = layers.iter().max().map_or(0, |it| it + 1);
    let rows = rows(&layers, n_layers, edges);
    let n_rows =
        (0..n_layers).map(|layer| layers.iter().filter(|it| **it == layer).count()).max().unwrap_or(0);
    let longest = nodes.iter().map(|it| it.title.chars().count().min(CHARS_MAX)).max().unwrap_or(0);
    let box_width = (longest as f64 * CHAR_WIDTH + 2.0 * PADDING).clamp(WIDTH_MIN, WIDTH_MAX).ceil();
    let gap = if n_layers > LAYERS_WIDE_MAX { GAP_X_MIN } else { GAP_X };
    let (width, height) = (
        2.0 * MARGIN + n_layers as f64 * (box_width + gap) - gap,
        2.0 * MARGIN + n_rows as f64 * (HEIGHT + GAP_Y) - GAP_Y,
    );
    let x = |idx: usize| MARGIN + layers[idx] as f64 * (box_width + gap);
    let y = |idx: usize| MARGIN + rows[idx] as f64 * (HEIGHT + GAP_Y);
    let mut svg = format!(
        "<svg class=\"graph\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"{}\">",
        escaped(label)
    );
    for (from, to) in edges {
        let (x1, y1) = (x(*from) + box_width, y(*from) + HEIGHT / 2.0);
        let (x2, y2) = (x(*to), y(*to) + HEIGHT / 2.0);
        let bend = (gap / 2.0).max((x2 - x1).abs() / 2.5);
        write!(
            svg,
            "<path class=\"edge\" d=\"M{x1} {y1}C{:.1} {y1} {:.1} {y2} {:.1} {y2}\"/><path class=\"tip\" d=\"M{x2} {y2}l-7 -4v8z\"/>",
            x1 + bend, x2 - bend, x2 - 6.0
        )
        .expect("a string takes everything");
    }
    for (idx, node) in nodes.iter().enumerate() {
        let (x, y) = (x(idx), y(idx));
        let short: String = match node.title.chars().count() {
            0..=CHARS_MAX => node.title.clone(),
            _ => node.title.chars().take(CHARS_MAX - 1).chain(['…']).collect(),
        };
        let shape = format!(
            "<g class=\"node {}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{box_width}\" height=\"{HEIGHT}\" rx=\"9\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            node.class,
            escaped(&node.title),
            x + PADDING,
            y + HEIGHT / 2.0 + 4.5,
            escaped(&short)
        );
        match &node.path {
            Some(path) => write!(svg, "<a href=\"{}\">{shape}</a>", escaped(path)),
            None => write!(svg, "{shape}"),
        }
        .expect("a string takes everything");
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// Each one layer to the right of the furthest of those that need it. In a cycle that ends after as many rounds as
/// there are nodes.
fn layers(n_nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0; n_nodes];
    for _ in 0..n_nodes {
        let mut moved = false;
        for (from, to) in edges {
            if layers[*to] <= layers[*from] && layers[*from] + 1 < n_nodes {
                layers[*to] = layers[*from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

/// Within each layer, beside the middle of what a node is joined to in the layers around.
fn rows(layers: &[usize], n_layers: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); n_layers];
    for (idx, layer) in layers.iter().enumerate() {
        order[*layer].push(idx);
    }
    let mut rows = vec![0; layers.len()];
    let place = |order: &[Vec<usize>], rows: &mut Vec<usize>| {
        for layer in order {
            for (row, idx) in layer.iter().enumerate() {
                rows[*idx] = row;
            }
        }
    };
    place(&order, &mut rows);
    for _ in 0..ROUNDS {
        for layer in &mut order {
            let middle = |idx: &usize| {
                let joined = edges.iter().filter_map(|(from, to)| match *idx {
                    it if it == *from => Some(rows[*to]),
                    it if it == *to => Some(rows[*from]),
                    _ => None,
                });
                let joined: Vec<usize> = joined.collect();
                // Halves of rows, so that two neighbours are told apart without fractions.
                joined.iter().sum::<usize>() * 2 / joined.len().max(1)
            };
            layer.sort_by_cached_key(|idx| (middle(idx), rows[*idx]));
            for (row, idx) in layer.iter().enumerate() {
                rows[*idx] = row;
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_stands_to_the_right() {
        let edges = [(0, 1), (1, 2), (0, 2), (3, 2)];
        assert_eq!(layers(4, &edges), [0, 1, 2, 0]);
    }

    #[test]
    fn a_cycle_is_drawn_all_the_same() {
        let node = |title: &str| Node { title: title.to_owned(), path: None, class: "vendor" };
        let drawn = draw("x", &[node("a"), node("b <")], &[(0, 1), (1, 0)]).to_string();
        assert_eq!(drawn.matches("class=\"edge\"").count(), 2);
        assert!(!drawn.contains("b <"), "{drawn}");
    }

    #[test]
    fn no_two_boxes_lie_on_each_other() {
        let edges = [(0, 3), (1, 3), (2, 4), (0, 4), (1, 4)];
        let layers = layers(5, &edges);
        let rows = rows(&layers, 2, &edges);
        let places: std::collections::BTreeSet<_> = layers.iter().zip(&rows).collect();
        assert_eq!(places.len(), 5);
    }
}
