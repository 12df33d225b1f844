//! The catalogue: what the shop sells, and for how much.

use std::borrow::Cow;

use http::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};

use crate::reply::{Reply, json, not_found};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    pub sku: Cow<'static, str>,
    pub name: Cow<'static, str>,
    pub price_cents: u32,
}

static PRODUCTS: [Product; 6] = [
    product("mug", "Enamel mug", 900),
    product("lamp", "Storm lamp", 4200),
    product("rope", "Mooring rope, 10 m", 2650),
    product("flag", "Signal flag", 1500),
    product("knife", "Rigging knife", 3100),
    product("chart", "Harbour chart", 1850),
];

const fn product(sku: &'static str, name: &'static str, price_cents: u32) -> Product {
    Product { sku: Cow::Borrowed(sku), name: Cow::Borrowed(name), price_cents }
}

pub fn answer<Body>(request: &Request<Body>) -> Reply {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/products") => json(StatusCode::OK, &PRODUCTS),
        (&Method::GET, path) => path
            .strip_prefix("/products/")
            .and_then(|sku| PRODUCTS.iter().find(|product| product.sku == sku))
            .map_or_else(not_found, |product| json(StatusCode::OK, product)),
        _ => not_found(),
    }
}
