//! Checkout: takes orders, and is where the declared defects show.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::cart::{ITEMS_MAX, Item, QUANTITY_MAX};
use crate::catalogue::Product;
use crate::instance::Instance;
use crate::reply::{Reply, error, json, not_found};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    items: Vec<Item>,
}

/// Why an order is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("an order has 1 to {ITEMS_MAX} items, not {0}")]
    Items(usize),
    #[error("an order has 1 to {QUANTITY_MAX} of a product, not {quantity} of {sku}")]
    Quantity { sku: String, quantity: u32 },
    #[error("there is no product {0}")]
    UnknownProduct(String),
    #[error("the price of {sku} is {now_cents} now, no longer {seen_cents}")]
    PriceChanged { sku: String, seen_cents: u32, now_cents: u32 },
}

pub async fn answer(instance: &Instance, request: Request<Bytes>) -> Reply {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/orders") => order(instance, request).await,
        _ => not_found(),
    }
}

async fn order(instance: &Instance, request: Request<Bytes>) -> Reply {
    let number = instance.orders.next();
    let defects = &instance.artifact.defects;
    tokio::time::sleep(defects.extra_latency()).await;
    if defects.fails_order(number) {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "payment provider connection lost");
    }
    let order: Order = match serde_json::from_slice(request.body()) {
        Ok(order) => order,
        Err(fault) => return error(StatusCode::BAD_REQUEST, &fault.to_string()),
    };
    let products = match instance.neighbours.products(request.headers()).await {
        Ok(products) => products,
        Err(fault) => return error(StatusCode::BAD_GATEWAY, &fault.to_string()),
    };
    match total_cents(&order.items, &products) {
        Ok(total) => json(StatusCode::OK, &json!({ "order": instance.orders.id(number), "total": total })),
        Err(refusal @ Refusal::PriceChanged { .. }) => error(StatusCode::CONFLICT, &refusal.to_string()),
        Err(refusal) => error(StatusCode::UNPROCESSABLE_ENTITY, &refusal.to_string()),
    }
}

/// The sum over all items, at prices that the catalogue still holds.
fn total_cents(items: &[Item], products: &[Product]) -> Result<u64, Refusal> {
    if !(1..=ITEMS_MAX).contains(&items.len()) {
        return Err(Refusal::Items(items.len()));
    }
    let mut total = 0;
    for item in items {
        total += u64::from(item.quantity) * u64::from(price_cents(item, products)?);
    }
    Ok(total)
}

fn price_cents(item: &Item, products: &[Product]) -> Result<u32, Refusal> {
    let &Item { ref sku, quantity, price_cents: seen_cents } = item;
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(Refusal::Quantity { sku: sku.clone(), quantity });
    }
    let product =
        products.iter().find(|it| it.sku == *sku).ok_or_else(|| Refusal::UnknownProduct(sku.clone()))?;
    let now_cents = product.price_cents;
    if now_cents != seen_cents {
        return Err(Refusal::PriceChanged { sku: sku.clone(), seen_cents, now_cents });
    }
    Ok(now_cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sku: &str, quantity: u32, price_cents: u32, expect: Result<u64, &str>) {
        let products = [Product { sku: "mug".into(), name: "Mug".into(), price_cents: 900 }];
        let items = [Item { sku: sku.to_owned(), quantity, price_cents }];
        let found = total_cents(&items, &products).map_err(|refusal| refusal.to_string());
        assert_eq!(found, expect.map_err(str::to_owned));
    }

    #[test]
    fn total_is_the_sum_at_current_prices() {
        check("mug", 3, 900, Ok(2700));
    }

    #[test]
    fn orders_that_cannot_be_kept_are_refused() {
        check("mug", 0, 900, Err("an order has 1 to 99 of a product, not 0 of mug"));
        check("cup", 1, 900, Err("there is no product cup"));
        check("mug", 1, 800, Err("the price of mug is 900 now, no longer 800"));
        assert_eq!(total_cents(&[], &[]), Err(Refusal::Items(0)));
    }
}
