//! The example shop: three small HTTP services that call one another, made to be released.
//!
//! `web` shows the pages and keeps the cart in a cookie, `catalogue` knows the products and their prices, `checkout`
//! takes orders. Each is a binary of its own; [`run`] is all that they do. What makes one release differ from another
//! is the file `shop.json` beside the binary, which may declare a defect ([`artifact::Defects`]).
//!
//! It stores nothing: a cart lives in its cookie, an order in nobody's memory, so that any instance can serve anyone.
//! Start at [`instance`] for what one process holds and at [`server`] for its life.

pub mod artifact;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod instance;
pub mod neighbours;
pub mod page;
pub mod reply;
pub mod server;
pub mod settings;
pub mod web;

mod journal;
mod life;

pub use instance::{Instance, Service};
pub use life::run;
