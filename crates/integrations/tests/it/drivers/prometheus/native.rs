//! Native histograms: a shop that is scraped as protobuf, the only form that has them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shipway_model::analysis::{Block, Histogram};

use super::super::server::{Answer, Server, text};
use super::super::world::wait_until;
use super::{scene, start_prometheus_with};

const MEDIA: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// The fields of `io.prometheus.client.MetricFamily` (metrics.proto of client_model) that are told.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    /// As `sint32` and `sint64` are written.
    fn signed(self, field: u64, value: i64) -> Self {
        self.number(field, zigzag(value))
    }

    fn double(mut self, field: u64, value: f64) -> Self {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    fn message(self, field: u64, value: Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Each behind its length.
    fn delimited(all: impl IntoIterator<Item = Self>) -> Vec<u8> {
        let mut out = Self::default();
        for it in all {
            out.varint(it.0.len() as u64);
            out.0.extend(it.0);
        }
        out.0
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const COUNTER: u64 = 0;
const HISTOGRAM: u64 = 4;

fn label(name: &str, value: &str) -> Message {
    Message::default().bytes(1, name.as_bytes()).bytes(2, value.as_bytes())
}

fn counter(version: &str, more: Option<(&str, &str)>, value: u64) -> Message {
    let metric = Message::default().message(1, label("version", version));
    let metric = more.into_iter().fold(metric, |metric, (name, value)| metric.message(1, label(name, value)));
    metric.message(3, Message::default().double(1, value as f64))
}

/// So many durations between 2^-3.375 and 2^-3.25 seconds, and so many between 2^-0.125 and 1: two buckets of schema 3.
fn histogram(version: &str, n_short: u64, n_long: u64) -> Message {
    const SHORT: i64 = -26;
    let span = |offset: i64| Message::default().signed(1, offset).number(2, 1);
    let (short, long) = (n_short.cast_signed(), n_long.cast_signed());
    let histogram = Message::default()
        .number(1, n_short + n_long)
        .double(2, 1.0)
        .signed(5, 3)
        .double(6, 1e-6)
        .number(7, 0)
        .message(12, span(SHORT))
        // From behind the first one's end to index 0.
        .message(12, span(-SHORT - 1))
        .signed(13, short)
        .signed(13, long - short);
    Message::default().message(1, label("version", version)).message(7, histogram)
}

fn family(name: &str, kind: u64, metrics: impl IntoIterator<Item = Message>) -> Message {
    let family = Message::default().bytes(1, name.as_bytes()).number(3, kind);
    metrics.into_iter().fold(family, |family, metric| family.message(4, metric))
}

/// As the other shop, but for its form: ten more sessions of each version with every look, and so many of them short as buy.
fn told(looks: u64) -> Answer {
    const ORDERS: [(&str, u64); 2] = [("1.0.0", 3), ("1.1.0", 1)];
    let families = [
        family("shop_sessions_total", COUNTER, ORDERS.map(|(version, _)| counter(version, None, 10 * looks))),
        family(
            "shop_orders_total",
            COUNTER,
            ORDERS.map(|(version, orders)| counter(version, Some(("kind", "paid")), orders * looks)),
        ),
        family(
            "shop_seconds",
            HISTOGRAM,
            ORDERS.map(|(version, orders)| histogram(version, orders * looks, (10 - orders) * looks)),
        ),
    ];
    let mut answer = text(200, Message::delimited(families));
    answer.headers_mut().insert("content-type", MEDIA.parse().unwrap());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn native_histograms_are_asked_for_by_arm() {
    let n_looks = AtomicU64::new(0);
    let shop = Server::start(move |_| Some(told(n_looks.fetch_add(1, Relaxed)))).await;
    let prometheus = start_prometheus_with(shop.address, &["--enable-feature=native-histograms"]).await;
    let scene = scene(prometheus.address, "1m").await;
    let latency = |block: &Block| {
        let of = |arm: &shipway_model::analysis::Arm| arm.metrics.get("latency")?.latency.clone();
        Some((of(&block.control)?, of(&block.canary)?))
    };
    wait_until("three blocks with the latency of both", async || {
        scene.world.blocks(scene.id, "analyse").await.iter().filter_map(latency).count() >= 3
    })
    .await;
    let count = |it: &Histogram, bound_ms: f64| {
        let place = it.bounds_ms.iter().position(|bound| (bound - bound_ms).abs() < 1e-6).expect("a bound");
        it.counts[place]
    };
    let blocks = scene.world.blocks(scene.id, "analyse").await;
    for (control, canary) in blocks.iter().filter_map(latency) {
        for (it, orders) in [(control, 3), (canary, 1)] {
            // Of schema 1, 2^-3.5 to 2^-3 and 2^-0.5 to 1.
            let (short, long) = (count(&it, 125.0), count(&it, 1000.0));
            assert_eq!(short * (10 - orders), long * orders, "{it:?}");
            assert_eq!(short + long, it.counts.iter().sum::<u64>(), "{it:?}");
        }
    }
}
