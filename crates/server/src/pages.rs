//! The pages for people: what ships, what it waits for, and what can be done about it.
//!
//! Everything is drawn here, on the server: a page can be read, and everything on it done, without any script. Where
//! there is one, it only spares the reader the reload. Templates are askama's: they are checked when this crate is
//! compiled, and they escape whatever is put into them. What is shown comes from the same views as the API's answers,
//! and what is done goes the way of the same commands.
//!
//! Start at [`visit`], which every page goes through; `/design` shows every part that pages are made of.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

mod alert;
mod alerts;
mod alike;
mod asset;
mod board;
mod boards;
mod bookings;
mod calendar;
mod change;
mod changes;
mod csrf;
mod decide;
mod design;
mod document;
mod drawing;
mod environment;
mod environments;
mod evidence;
mod exceptions;
mod gates;
mod ledger;
mod live;
mod me;
mod moment;
mod now;
mod oidc;
mod people;
mod plan;
mod press;
mod prose;
mod reading;
mod release;
mod releases;
mod reviews;
mod risk;
mod rollout;
mod rollouts;
mod same_origin;
mod search;
mod service;
mod services;
mod session;
mod sign_in;
mod step;
mod tally;
mod visit;
mod war_room;
mod who_can;
mod words;

pub(crate) use alike::Alike;
pub(crate) use session::Sessions;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(now::page))
        .route("/rollouts", get(rollouts::page))
        .route("/rollouts/{rollout}", get(rollout::page))
        .route("/rollouts/{rollout}/steps/{step}", get(step::page))
        .route("/rollouts/{rollout}/{verb}", get(decide::page).post(decide::act))
        .route("/releases", get(releases::page))
        .route("/releases/{release}", get(release::page))
        .route("/releases/{release}/seal", post(release::seal))
        .route("/releases/{release}/war-room", get(war_room::page))
        .route("/releases/{release}/war-room/note", post(war_room::note))
        .route("/releases/{release}/war-room/decider", post(war_room::name_decider))
        .route("/plan", get(plan::page).post(plan::start))
        .route("/changes", get(changes::page))
        .route("/changes/{change}", get(change::page))
        .route("/changes/{change}/sign", post(change::sign::give))
        .route("/changes/{change}/withdraw", post(change::sign::withdraw))
        .route("/changes/{change}/met", post(change::meet))
        .route("/cab", get(boards::page))
        .route("/cab/{board}", get(board::page))
        .route("/reviews", get(reviews::page))
        .route("/reviews/{change}/hold", post(reviews::hold))
        .route("/reviews/{change}/done", post(reviews::finish))
        .route("/access", get(who_can::page))
        .route("/me", get(me::page))
        .route("/me/passkeys", post(me::register))
        .route("/me/keys/revoke", post(me::revoke))
        .route("/me/delegations", post(me::delegate))
        .route("/me/delegations/end", post(me::end_delegation))
        .route("/alerts", get(alerts::page))
        .route("/alerts/{alert}", get(alert::page))
        .route("/services", get(services::page))
        .route("/services/{service}", get(service::page))
        .route("/environments", get(environments::page))
        .route("/environments/{environment}", get(environment::page))
        .route("/environments/{environment}/pause", post(environment::pause))
        .route("/exceptions", get(exceptions::page))
        .route("/exceptions/approve", post(exceptions::approve))
        .route("/calendar", get(calendar::page))
        .route("/calendar/fit", get(calendar::fit::part))
        .route("/ledger", get(ledger::page))
        .route("/ledger/{position}", get(ledger::event))
        .route("/search", get(search::page))
        .route("/design", get(design::page))
        .route("/live", get(live::handle))
        .route("/sign-in", post(sign_in::handle))
        .route("/sign-in/oidc", get(oidc::begin))
        .route("/sign-in/oidc/callback", get(oidc::finish))
        .route("/sign-out", post(sign_in::end))
        .route("/assets/{name}", get(asset::handle))
        .layer(axum::middleware::from_fn(same_origin::check))
        .layer(axum::middleware::from_fn(press::press))
}
