//! The split of a service's traffic, as a bar with its legend.

use askama::filters::HtmlSafe;
use shipway_api::view::traffic::TrafficView;
use std::fmt::{self, Write};

use super::escaped;

/// One service's versions with their shares. It writes itself as a figure.
pub(in crate::pages) struct Split {
    service: String,
    parts: Vec<Part>,
}

struct Part {
    version: String,
    share: String,
    /// In basis points of the whole bar.
    start: u32,
    width: u16,
}

/// Colours that the style sheet knows.
const SHADES: usize = 4;

pub(in crate::pages) fn splits(traffic: &[TrafficView]) -> Vec<Split> {
    traffic.iter().map(split).collect()
}

fn split(traffic: &TrafficView) -> Split {
    let mut start = 0;
    let part = |pool: &shipway_api::view::traffic::PoolView| {
        let width = pool.weight_bp.get();
        let at = start;
        start += u32::from(width);
        Part { version: pool.version.to_string(), share: pool.weight_bp.to_string(), start: at, width }
    };
    Split { service: traffic.service.to_string(), parts: traffic.pools.iter().map(part).collect() }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = escaped(&self.service);
        write!(
            f,
            "<figure class=\"split\"><figcaption>{service}</figcaption>\
             <svg class=\"bar\" viewBox=\"0 0 10000 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"track\" width=\"10000\" height=\"100\"/>"
        )?;
        for (idx, part) in self.parts.iter().enumerate() {
            let (shade, start, width) = (idx.min(SHADES - 1), part.start, part.width);
            write!(f, "<rect class=\"shade-{shade}\" x=\"{start}\" width=\"{width}\" height=\"100\"/>")?;
        }
        f.write_str("</svg><p class=\"legend\">")?;
        for (idx, part) in self.parts.iter().enumerate() {
            let mut item = String::new();
            write!(item, "<span><i class=\"dot shade-{}\"></i>", idx.min(SHADES - 1))?;
            write!(item, "{} <b>{}</b></span> ", escaped(&part.version), escaped(&part.share))?;
            f.write_str(&item)?;
        }
        if self.parts.is_empty() {
            f.write_str("<span class=\"soft\">nothing is routed</span>")?;
        }
        f.write_str("</p></figure>")
    }
}

/// Texts are escaped above.
impl HtmlSafe for Split {}
