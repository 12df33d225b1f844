//! Lines over time, with the boundaries that mean something to whoever decides by them.

use std::fmt::Write;

use super::{Svg, escaped};

/// In units of the drawing, which is scaled to the width that there is.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;

pub(in crate::pages) struct Chart<'a> {
    /// For those who cannot see it: what it shows, in a sentence.
    pub(in crate::pages) label: &'a str,
    pub(in crate::pages) lines: Vec<Line<'a>>,
    pub(in crate::pages) boundaries: Vec<Boundary<'a>>,
    /// How a value is written at the axis.
    pub(in crate::pages) value: fn(f64) -> String,
    /// How a time is written, from its milliseconds.
    pub(in crate::pages) time: fn(f64) -> String,
}

pub(in crate::pages) struct Line<'a> {
    /// The class that gives the colour and the dash.
    pub(in crate::pages) class: &'a str,
    /// Milliseconds and values, the earliest first. What is not finite is left out.
    pub(in crate::pages) points: Vec<(f64, f64)>,
}

/// A value that changes what is decided.
pub(in crate::pages) struct Boundary<'a> {
    pub(in crate::pages) at: f64,
    pub(in crate::pages) text: &'a str,
}

impl Chart<'_> {
    /// Nothing while no line has two points.
    pub(in crate::pages) fn draw(&self) -> Option<Svg> {
        let points = || self.lines.iter().flat_map(|it| finite(&it.points));
        if !self.lines.iter().any(|it| finite(&it.points).count() > 1) {
            return None;
        }
        let (mut first, mut last) = (f64::MAX, f64::MIN);
        let (mut low, mut high) = (0.0_f64, f64::MIN);
        for (at, value) in points() {
            (first, last) = (first.min(at), last.max(at));
            (low, high) = (low.min(value), high.max(value));
        }
        for boundary in &self.boundaries {
            (low, high) = (low.min(boundary.at), high.max(boundary.at));
        }
        if high <= low {
            high = low + 1.0;
        }
        high += (high - low) * 0.08;
        let span = (last - first).max(1.0);
        let x = |at: f64| LEFT + (at - first) / span * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escaped(self.label)
        );
        for value in ticks(low, high) {
            let at = y(value);
            let text = escaped(&(self.value)(value));
            write!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/><text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                WIDTH - RIGHT, LEFT - 6.0, at + 4.0
            )
            .expect("a string takes everything");
        }
        for (at, anchor) in [(first, "start"), (last, "end")] {
            let text = escaped(&(self.time)(at));
            write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
                x(at),
                HEIGHT - 6.0
            )
            .expect("a string takes everything");
        }
        for boundary in &self.boundaries {
            let at = y(boundary.at);
            write!(
                svg,
                "<path class=\"boundary\" d=\"M{LEFT} {at:.1}H{}\"/><text class=\"tick strong\" x=\"{}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT, LEFT + 6.0, at - 4.0, escaped(boundary.text)
            )
            .expect("a string takes everything");
        }
        for line in &self.lines {
            let mut path = String::new();
            for (at, value) in finite(&line.points) {
                let verb = if path.is_empty() { 'M' } else { 'L' };
                write!(path, "{verb}{:.1} {:.1}", x(at), y(value)).expect("a string takes everything");
            }
            write!(svg, "<path class=\"line {}\" d=\"{path}\"/>", line.class)
                .expect("a string takes everything");
        }
        svg.push_str("</svg>");
        Some(Svg(svg))
    }
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().copied().filter(|(at, value)| at.is_finite() && value.is_finite())
}

/// Three to six round values between the two.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 4.0;
    let size = 10.0_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * size).find(|it| *it >= rough).unwrap_or(size * 10.0);
    let first = (low / step).ceil();
    (0..8).map(|idx| (first + f64::from(idx)) * step).take_while(|it| *it <= high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Option<Svg> {
        let lines = vec![Line { class: "new", points }];
        let boundaries = vec![Boundary { at: 3.0, text: "harm <" }];
        Chart {
            label: "evidence",
            lines,
            boundaries,
            value: |it| format!("{it}"),
            time: |it| format!("{it}"),
        }
        .draw()
    }

    #[test]
    fn a_chart_needs_two_points_and_escapes_its_texts() {
        assert_eq!(chart(vec![(0.0, 1.0)]), None);
        assert_eq!(chart(vec![(0.0, 1.0), (1.0, f64::NAN)]), None);
        let drawn = chart(vec![(0.0, 0.0), (10.0, 2.0)]).unwrap().to_string();
        assert!(drawn.contains("harm &#60;") || drawn.contains("harm &lt;"), "{drawn}");
        assert!(!drawn.contains("NaN") && drawn.contains("class=\"line new\" d=\"M48.0 "), "{drawn}");
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0.0, 10.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(0.0, 0.9), [0.0, 0.5]);
        for (low, high) in [(0.0, 1e-9), (-3.0, 1e9), (0.02, 0.03)] {
            let n = ticks(low, high).len();
            assert!((1..=8).contains(&n), "{n} for {low}..{high}");
        }
    }
}
