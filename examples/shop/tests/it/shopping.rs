//! What customers do.

use serde_json::json;

use crate::process::Process;

const HEALTHY: &str = r#"{"version":"1.0.0"}"#;

/// All three services, the checkout with its own `shop.json`.
struct Shop {
    web: Process,
    catalogue: Process,
    checkout: Process,
}

impl Shop {
    fn open(checkout_json: &str) -> Self {
        let catalogue = Process::start(env!("CARGO_BIN_EXE_shop-catalogue"), HEALTHY, &[]);
        let to_catalogue = ("CATALOGUE_URL", catalogue.url());
        let checkout = Process::start(
            env!("CARGO_BIN_EXE_shop-checkout"),
            checkout_json,
            std::slice::from_ref(&to_catalogue),
        );
        let to_checkout = ("CHECKOUT_URL", checkout.url());
        let web = Process::start(env!("CARGO_BIN_EXE_shop-web"), HEALTHY, &[to_catalogue, to_checkout]);
        Self { web, catalogue, checkout }
    }
}

#[test]
fn a_customer_browses_fills_a_cart_and_checks_out() {
    let shop = Shop::open(HEALTHY);
    let page = shop.web.get("/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Enamel mug"), "{page:?}");

    let one = shop.web.send("POST", "/cart", "", r#"{"sku":"mug","quantity":2}"#);
    let two = shop.web.send("POST", "/cart", &one.cookie(), r#"{"sku":"lamp","quantity":1}"#);
    assert_eq!((one.status, two.status), (200, 200));
    assert!(shop.web.send("GET", "/", &two.cookie(), "").body.contains("In your cart: 3"));

    let bought = shop.web.send("POST", "/checkout", &two.cookie(), "");
    assert_eq!((bought.status, &bought.json()["total"]), (200, &json!(2 * 900 + 4200)));
    assert!(bought.json()["order"].as_str().unwrap().starts_with("order-"));
    let again = shop.web.send("POST", "/checkout", &bought.cookie(), "");
    assert_eq!((again.status, again.json()), (422, json!({ "error": "the cart is empty" })));
}

#[test]
fn any_instance_serves_any_session() {
    let shop = Shop::open(HEALTHY);
    let environment = [("CATALOGUE_URL", shop.catalogue.url()), ("CHECKOUT_URL", shop.checkout.url())];
    let other = Process::start(env!("CARGO_BIN_EXE_shop-web"), r#"{"version":"2.0.0"}"#, &environment);
    let filled = shop.web.send("POST", "/cart", "", r#"{"sku":"mug","quantity":1}"#);
    assert_eq!(other.send("POST", "/checkout", &filled.cookie(), "").json()["total"], 900);
}

#[test]
fn what_cannot_be_bought_is_refused() {
    let shop = Shop::open(HEALTHY);
    for (body, status) in [
        (r#"{"sku":"yacht","quantity":1}"#, 404),
        (r#"{"sku":"mug","quantity":100}"#, 422),
        (r#"{"sku":"mug"}"#, 400),
    ] {
        assert_eq!(shop.web.send("POST", "/cart", "", body).status, status, "{body}");
    }
    let cheap = r#"{"items":[{"sku":"mug","quantity":1,"priceCents":1}]}"#;
    let answer = shop.checkout.send("POST", "/orders", "", cheap);
    assert_eq!(
        (answer.status, answer.json()),
        (409, json!({ "error": "the price of mug is 900 now, no longer 1" }))
    );
}

#[test]
fn a_declared_share_of_orders_fails_and_web_says_502() {
    let shop = Shop::open(r#"{"version":"1.2.0","defects":{"errorShare":0.25,"extraLatencyMs":1}}"#);
    let filled = shop.web.send("POST", "/cart", "", r#"{"sku":"mug","quantity":1}"#);
    let statuses: Vec<u16> =
        (0..100).map(|_| shop.web.send("POST", "/checkout", &filled.cookie(), "").status).collect();
    let n_failed = statuses.iter().filter(|&&status| status == 502).count();
    assert!((23..=27).contains(&n_failed), "{n_failed} of 100 failed");
    assert!(statuses.iter().all(|status| [200, 502].contains(status)), "{statuses:?}");
    let line = shop.checkout.wait_for_line(|line| line["status"] == 500);
    assert_eq!((&line["version"], &line["path"]), (&json!("1.2.0"), &json!("/orders")));
}

#[test]
fn web_says_502_when_nobody_is_there() {
    let mut shop = Shop::open(HEALTHY);
    shop.catalogue.terminate();
    assert!(shop.catalogue.wait().success());
    assert_eq!(shop.web.get("/").status, 502);
}

#[test]
fn a_trace_goes_through_every_service() {
    let shop = Shop::open(HEALTHY);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let filled = shop.web.send("POST", "/cart", "", r#"{"sku":"mug","quantity":1}"#);
    let headers = format!("traceparent: {trace}\r\n{}", filled.cookie());
    assert_eq!(shop.web.send("POST", "/checkout", &headers, "").status, 200);
    for service in [&shop.web, &shop.checkout, &shop.catalogue] {
        service.wait_for_line(|line| line["traceparent"] == trace);
    }
}
