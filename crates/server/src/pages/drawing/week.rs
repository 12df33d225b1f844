//! One day of a week as a column: what is on from when until when, from midnight to midnight. Seven of them stand side by
//! side. Lengths in pixels and shares of the column, so that the text in it is not scaled.

use std::fmt::Write;

use super::{Svg, escaped};

const DAY_MINUTES: u64 = 24 * 60;
/// Three minutes a pixel.
const HEIGHT: u64 = 480;
/// So that what takes a moment is seen, with its sign.
const HEIGHT_MIN: u64 = 15;
/// Below this there is no room for a line of text.
const TEXT_MIN: u64 = 14;
/// Where more stand side by side there is room for the sign of each alone.
const TITLED_LANES_MAX: usize = 2;

/// Something that is on, in minutes of the day.
pub(in crate::pages) struct Block<'a> {
    pub(in crate::pages) begin: u64,
    pub(in crate::pages) end: u64,
    /// The class that gives the colour.
    pub(in crate::pages) class: &'a str,
    pub(in crate::pages) symbol: &'a str,
    pub(in crate::pages) title: &'a str,
    /// Said on hover.
    pub(in crate::pages) whole: &'a str,
    pub(in crate::pages) path: Option<&'a str>,
}

/// `now` is the minute of the day, if it is today. The list beside it says the same to those who cannot see it, so links in
/// it are not stops of the keyboard.
pub(in crate::pages) fn draw(blocks: &[Block<'_>], now: Option<u64>) -> Svg {
    let places: Vec<Place> = blocks.iter().map(place).collect();
    let lanes = lanes(&places);
    let mut svg =
        format!("<svg class=\"day-column\" width=\"100%\" height=\"{HEIGHT}\" aria-hidden=\"true\">");
    for hour in 1..24 {
        let (y, class) = (y_of(hour * 60), if hour % 6 == 0 { "hour strong" } else { "hour" });
        write!(svg, "<line class=\"{class}\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>")
            .expect("a string takes everything");
    }
    for ((block, place), lane) in blocks.iter().zip(&places).zip(&lanes) {
        // Hundredths of a percent, without fractions.
        let share = |n: usize| format!("{}.{:02}%", n * 100 / lane.of, n * 10_000 / lane.of % 100);
        let mut shape = format!(
            "<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title><rect class=\"block {}\" width=\"100%\" height=\"100%\" rx=\"4\"/>",
            share(lane.idx),
            place.top,
            share(1),
            place.height,
            escaped(block.whole),
            block.class
        );
        if place.height >= TEXT_MIN {
            let title = if lane.of > TITLED_LANES_MAX {
                String::new()
            } else {
                format!("<tspan class=\"said\"> {}</tspan>", escaped(block.title))
            };
            write!(shape, "<text x=\"5\" y=\"12\">{}{title}</text>", escaped(block.symbol))
                .expect("a string takes everything");
        }
        shape.push_str("</svg>");
        match block.path {
            Some(path) => write!(svg, "<a href=\"{}\" tabindex=\"-1\">{shape}</a>", escaped(path)),
            None => write!(svg, "{shape}"),
        }
        .expect("a string takes everything");
    }
    if let Some(now) = now {
        let y = y_of(now);
        write!(svg, "<line class=\"now-line\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>")
            .expect("a string takes everything");
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// In pixels from above.
#[derive(Debug, Clone, Copy)]
struct Place {
    top: u64,
    height: u64,
}

const fn y_of(minute: u64) -> u64 {
    let minute = if minute > DAY_MINUTES { DAY_MINUTES } else { minute };
    minute * HEIGHT / DAY_MINUTES
}

fn place(block: &Block<'_>) -> Place {
    let (top, bottom) = (y_of(block.begin), y_of(block.end));
    let height = bottom.saturating_sub(top).max(HEIGHT_MIN);
    // What begins at midnight's end still lies within the column.
    Place { top: top.min(HEIGHT - height), height }
}

/// One of several that stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lane {
    idx: usize,
    of: usize,
}

/// Side by side where they overlap, each in the first lane that is free; what overlaps with nothing has the whole width.
fn lanes(places: &[Place]) -> Vec<Lane> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|it| (places[*it].top, std::cmp::Reverse(places[*it].height)));
    let mut lanes = vec![Lane { idx: 0, of: 1 }; places.len()];
    let mut free_from: Vec<u64> = Vec::new();
    let mut together: Vec<usize> = Vec::new();
    for idx in order {
        let Place { top, height } = places[idx];
        if free_from.iter().all(|it| *it <= top) {
            together.drain(..).for_each(|it| lanes[it].of = free_from.len());
            free_from.clear();
        }
        let lane = free_from.iter().position(|it| *it <= top).unwrap_or_else(|| {
            free_from.push(0);
            free_from.len() - 1
        });
        free_from[lane] = top + height;
        lanes[idx].idx = lane;
        together.push(idx);
    }
    together.into_iter().for_each(|it| lanes[it].of = free_from.len());
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block<'a>(begin: u64, end: u64, title: &'a str) -> Block<'a> {
        Block { begin, end, class: "open", symbol: "○", title, whole: title, path: None }
    }

    #[test]
    fn nothing_lies_on_something_else_or_outside_of_the_day() {
        let times = [(0, 1440), (540, 600), (545, 545), (600, 660), (1439, 1440), (1440, 1440), (9999, 9999)];
        let places: Vec<Place> = times.map(|(begin, end)| place(&block(begin, end, ""))).into();
        let lanes = lanes(&places);
        for (a, (first, lane)) in places.iter().zip(&lanes).enumerate() {
            assert!(first.top + first.height <= HEIGHT, "{first:?}");
            for (second, other) in places.iter().zip(&lanes).skip(a + 1) {
                let apart = first.top + first.height <= second.top || second.top + second.height <= first.top;
                let beside = lane.of == other.of && lane.idx != other.idx;
                assert!(apart || beside, "{first:?} in {lane:?}, {second:?} in {other:?}");
            }
        }
    }

    #[test]
    fn texts_are_escaped_and_stand_where_there_is_room() {
        let drawn = draw(&[block(0, 120, "a <b>")], Some(60)).to_string();
        assert!(
            drawn.contains("○<tspan class=\"said\"> a &#60;b&#62;</tspan></text>")
                && drawn.contains("now-line"),
            "{drawn}"
        );
        let narrow = draw(&["a", "b", "c"].map(|it| block(0, 120, it)), None).to_string();
        assert_eq!(narrow.matches(">○</text>").count(), 3, "{narrow}");
    }

    #[test]
    fn a_column_alone_is_whole() {
        let drawn = draw(&[block(0, 120, "a")], None).to_string();
        assert!(drawn.contains("x=\"0.00%\" y=\"0\" width=\"100.00%\" height=\"40\""), "{drawn}");
        let drawn = draw(&[block(0, 60, "a"), block(0, 60, "b"), block(30, 60, "c")], None).to_string();
        assert!(drawn.contains("x=\"66.66%\"") && drawn.contains("width=\"33.33%\""), "{drawn}");
        let drawn = draw(&[block(0, 60, "a"), block(0, 60, "b"), block(600, 660, "c")], None).to_string();
        assert!(drawn.contains("x=\"50.00%\"") && drawn.contains("width=\"100.00%\""), "{drawn}");
    }
}
