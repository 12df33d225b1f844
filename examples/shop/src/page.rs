//! The one page.

use crate::cart::Cart;
use crate::catalogue::Product;

/// The products and the cart as HTML.
pub fn render(products: &[Product], cart: &Cart, version: &str) -> String {
    let rows: String = products
        .iter()
        .map(|it| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escape(&it.sku),
                escape(&it.name),
                price(it.price_cents)
            )
        })
        .collect();
    let n_items: u32 = cart.items.iter().map(|it| it.quantity).fold(0, u32::saturating_add);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Shop</title>\n<h1>Shop</h1>\n\
         <table>\n{rows}</table>\n<p>In your cart: {n_items}</p>\n<footer>Version {}</footer>\n</html>\n",
        escape(version)
    )
}

fn price(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_products_and_escapes_their_names() {
        let product = Product { sku: "mug".into(), name: "<b>Mug</b>".into(), price_cents: 905 };
        let page = render(&[product], &Cart::default(), "1.0.0");
        assert!(page.contains("<td>mug</td><td>&lt;b&gt;Mug&lt;/b&gt;</td><td>9.05</td>"), "{page}");
    }
}
