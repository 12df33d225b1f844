//! The cart, which lives in the session's cookie, so that any instance of any version can serve any session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

const COOKIE: &str = "shop_session";

/// Bounds what fits into one cookie.
pub const ITEMS_MAX: usize = 20;

/// Of one product.
pub const QUANTITY_MAX: u32 = 99;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cart {
    pub items: Vec<Item>,
}

/// So many of a product, at the price that the customer saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    pub sku: String,
    pub quantity: u32,
    pub price_cents: u32,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FullCart {
    #[error("a cart holds at most {ITEMS_MAX} different products")]
    Items,
    #[error("a cart holds 1 to {QUANTITY_MAX} of a product, not {0}")]
    Quantity(u32),
}

impl Cart {
    /// The cart in the request's cookie; a missing or damaged one is an empty cart.
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split("; "))
            .find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Puts `added` to what is there already of the product.
    pub fn add(&mut self, added: Item) -> Result<(), FullCart> {
        let known = self.items.iter().position(|it| it.sku == added.sku);
        let before = known.map_or(0, |idx| self.items[idx].quantity);
        let quantity = before.saturating_add(added.quantity);
        if added.quantity == 0 {
            return Err(FullCart::Quantity(0));
        }
        if quantity > QUANTITY_MAX {
            return Err(FullCart::Quantity(quantity));
        }
        match known {
            Some(idx) => self.items[idx] = Item { quantity, ..added },
            None if self.items.len() == ITEMS_MAX => return Err(FullCart::Items),
            None => self.items.push(added),
        }
        Ok(())
    }

    /// The value of a `Set-Cookie` header that keeps this cart.
    pub fn set_cookie(&self) -> HeaderValue {
        let json = serde_json::to_vec(self).expect("a cart is always JSON");
        let text = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", URL_SAFE_NO_PAD.encode(json));
        HeaderValue::try_from(text).expect("base64url is printable ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mugs(quantity: u32) -> Item {
        Item { sku: "mug".to_owned(), quantity, price_cents: 900 }
    }

    fn cookie(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn survives_its_cookie() {
        let mut cart = Cart::default();
        cart.add(mugs(2)).unwrap();
        let set = cart.set_cookie();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(Cart::of(&cookie(&format!("theme=dark; {pair}"))), cart);
    }

    #[test]
    fn is_empty_when_the_cookie_is_damaged() {
        for damaged in ["shop_session=%%%", "shop_session=e30", "shop_sessions=W10"] {
            assert_eq!(Cart::of(&cookie(damaged)), Cart::default(), "{damaged}");
        }
    }

    #[test]
    fn adds_up_and_stays_within_its_limits() {
        let mut cart = Cart::default();
        cart.add(mugs(90)).unwrap();
        cart.add(mugs(9)).unwrap();
        assert_eq!(cart.items, [mugs(99)]);
        assert_eq!(cart.add(mugs(1)), Err(FullCart::Quantity(100)));
        assert_eq!(cart.add(mugs(u32::MAX)), Err(FullCart::Quantity(u32::MAX)));
        assert_eq!(cart.add(mugs(0)), Err(FullCart::Quantity(0)));
    }
}
