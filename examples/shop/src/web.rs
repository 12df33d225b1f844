//! Web: the pages, the cart, and the way to the checkout.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::cart::{Cart, Item};
use crate::instance::Instance;
use crate::neighbours::FailedCall;
use crate::page;
use crate::reply::{Reply, error, html, json, not_found, pass_on};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    sku: String,
    quantity: u32,
}

pub async fn answer(instance: &Instance, request: Request<Bytes>) -> Reply {
    let answer = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => list(instance, &request).await,
        (&Method::POST, "/cart") => fill(instance, &request).await,
        (&Method::POST, "/checkout") => check_out(instance, &request).await,
        _ => Ok(not_found()),
    };
    answer.unwrap_or_else(|fault| error(StatusCode::BAD_GATEWAY, &fault.to_string()))
}

async fn list(instance: &Instance, request: &Request<Bytes>) -> Result<Reply, FailedCall> {
    let products = instance.neighbours.products(request.headers()).await?;
    Ok(html(page::render(&products, &Cart::of(request.headers()), &instance.artifact.version)))
}

async fn fill(instance: &Instance, request: &Request<Bytes>) -> Result<Reply, FailedCall> {
    let wish: Wish = match serde_json::from_slice(request.body()) {
        Ok(wish) => wish,
        Err(fault) => return Ok(error(StatusCode::BAD_REQUEST, &fault.to_string())),
    };
    let products = instance.neighbours.products(request.headers()).await?;
    let Some(product) = products.iter().find(|it| it.sku == wish.sku) else {
        return Ok(error(StatusCode::NOT_FOUND, &format!("there is no product {}", wish.sku)));
    };
    let mut cart = Cart::of(request.headers());
    let item = Item { sku: wish.sku, quantity: wish.quantity, price_cents: product.price_cents };
    if let Err(full) = cart.add(item) {
        return Ok(error(StatusCode::UNPROCESSABLE_ENTITY, &full.to_string()));
    }
    Ok(keep(&cart, json(StatusCode::OK, &json!({ "items": cart }))))
}

async fn check_out(instance: &Instance, request: &Request<Bytes>) -> Result<Reply, FailedCall> {
    let cart = Cart::of(request.headers());
    if cart.items.is_empty() {
        return Ok(error(StatusCode::UNPROCESSABLE_ENTITY, "the cart is empty"));
    }
    let answer = pass_on(instance.neighbours.order(request.headers(), &cart.items).await?);
    // What was bought leaves the cart; after a refusal the customer still has it.
    Ok(if answer.status().is_success() { keep(&Cart::default(), answer) } else { answer })
}

fn keep(cart: &Cart, mut answer: Reply) -> Reply {
    answer.headers_mut().insert(header::SET_COOKIE, cart.set_cookie());
    answer
}
