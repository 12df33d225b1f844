//! Every part that pages are made of, on one page: to look at when a part is changed, and to copy from.

use askama::Template;
use axum::response::Response;

use super::document::{Area, Motion};
use super::drawing::Svg;
use super::drawing::chart::{Boundary, Chart, Line};
use super::drawing::split::{Split, splits};
use super::moment::{self, Moment};
use super::visit::{Shown, Visit};
use super::words::{self, Badge, Hash, Tone};
use shipway_api::view::traffic::{PoolView, TrafficView};
use shipway_model::{BasisPoints, Digest, Millis};

#[derive(Template)]
#[template(path = "design.html")]
struct Design {
    tones: [Badge; 6],
    moments: [Moment; 3],
    lengths: [String; 4],
    numbers: [String; 3],
    hash: Hash,
    split: Vec<Split>,
    chart: Option<Svg>,
    colours: [&'static str; 10],
    spaces: [u8; 6],
}

pub(super) async fn page(visit: Visit) -> Response {
    let clock = &visit.clock;
    let before =
        |hours: i64| clock.now.saturating_add(jiff::SignedDuration::from_hours(-hours)).unwrap_or(clock.now);
    let content = Design {
        tones: Tone::ALL.map(|it| {
            let word = match it {
                Tone::Good => "succeeded",
                Tone::Bad => "failed",
                Tone::Busy => "running",
                Tone::Hold => "waiting",
                Tone::Undo => "rolled back",
                Tone::Idle => "cancelled",
            };
            it.badge(word)
        }),
        moments: [clock.moment(before(0)), clock.moment(before(30)), clock.moment(before(24 * 400))],
        lengths: [400, 45_000, 185_000, 7_800_000].map(|it| moment::length(Millis(it))),
        numbers: [words::count(12_345u64, "request"), words::bytes(23_400_000), words::count(1u64, "step")],
        hash: Hash(Digest::of(b"design")),
        split: splits(&[traffic()]),
        chart: chart(),
        colours: [
            "paper", "card", "ink", "soft", "edge", "accent", "shade-0", "shade-1", "shade-2", "shade-3",
        ],
        spaces: [1, 2, 3, 4, 5, 6],
    };
    visit.show(&Shown { title: "Design".into(), area: Area::Aside, motion: Motion::Still, content })
}

/// Made up, as everything on this page.
fn traffic() -> TrafficView {
    let pool = |version: &str, percent| PoolView {
        version: version.parse().expect("a version"),
        weight_bp: BasisPoints::from_percent(percent),
        targets: Vec::new(),
    };
    let service = "checkout".parse().expect("a name");
    TrafficView { service, listen: None, pools: vec![pool("1.4.2", 75), pool("1.5.0", 25)] }
}

fn chart() -> Option<Svg> {
    let line = |class, slope: f64| Line {
        class,
        points: (0..40).map(|it| (f64::from(it) * 3000.0, f64::from(it).powf(1.4) * slope)).collect(),
    };
    Chart {
        label: "An example of a chart",
        lines: vec![line("harm", 0.006), line("health", 0.002)],
        boundaries: vec![Boundary { at: 1.0, text: "decides" }],
        value: |it| format!("{:.0} %", it * 100.0),
        time: |it| moment::length(Millis(it as u64)),
    }
    .draw()
}
