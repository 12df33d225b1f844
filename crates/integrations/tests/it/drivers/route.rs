//! Routes, at the real router.

use http::Request;
use serde_json::{Value, json};
use shipway_engine::{Command, Progress};
use shipway_model::effect::{Order, Outcome, Performer, Success};
use shipway_runtime::LeaseRequest;

use super::server::{Server, text};
use super::world::{World, any_port, ask, failure, free_address, get, routed, start_router};

fn rolling() -> Value {
    json!({"rolling": {}})
}

async fn web() -> Server {
    Server::start(|_| Some(text(200, "web"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_in_force_when_its_step_has_ended() {
    let (web, router, listen) = (
        web().await,
        start_router(any_port(), |it| it.token = Some("s3cret".to_owned())).await,
        free_address().await,
    );
    let mut setting = routed(router.admin_address(), listen, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    setting.router_token = Some("s3cret");
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    assert_eq!(get(listen, "/").await, Some((200, "web".to_owned())));
    assert_eq!(outcome, Outcome::Succeeded { result: Success::Routed { revision: 1 } });
    assert_eq!(world.log(id, "route"), "the router holds revision 1: 1.0.0 100 % to 1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_held_already_is_not_set_again() {
    let (web, router, listen) = (web().await, start_router(any_port(), |_| {}).await, free_address().await);
    let mut setting = routed(router.admin_address(), listen, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    let mut world = World::without_worker(setting).await;
    let id = world.ship("1.0.0").await;
    // Somebody sets the route and dies before saying so.
    let request = LeaseRequest {
        max: 1,
        wait: std::time::Duration::from_secs(20),
        ttl: std::time::Duration::from_secs(1),
        ..LeaseRequest::default()
    };
    let leased = world.runtime.lease(Performer::Server, request).await.unwrap();
    let Order::Route { route, .. } = &leased.leases[0].effect.order else { panic!("{leased:?}") };
    let put = Request::put("/routes/prod/web").body(serde_json::to_string(route).unwrap()).unwrap();
    assert_eq!(ask(router.admin_address(), put).await.unwrap().0, 200);
    world.clock.advance(std::time::Duration::from_secs(60));
    world.start_worker();
    let outcome = world.outcome(id, "route").await;
    assert_eq!(outcome, Outcome::Succeeded { result: Success::Routed { revision: 1 } });
    assert_eq!(world.log(id, "route"), "the router holds revision 1 of web in prod already\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_route_fences_an_older_one_off() {
    let (web, router, listen) = (web().await, start_router(any_port(), |_| {}).await, free_address().await);
    let newer = json!({"environment": "prod", "service": "web", "listen": listen, "revision": 9, "pools": [], "drain": "1s"});
    let put = || Request::put("/routes/prod/web").body(newer.to_string()).unwrap();
    assert_eq!(ask(router.admin_address(), put()).await.unwrap().0, 200);
    let mut setting = routed(router.admin_address(), listen, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    let reason = "web in prod was not routed: fenced: the router holds revision 9, which is newer than 1";
    assert_eq!(failure(&outcome), (reason, false));
    assert!(world.log(id, "route").contains("fenced: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_of_a_removed_route_holds_too() {
    let (web, router, listen) = (web().await, start_router(any_port(), |_| {}).await, free_address().await);
    let route = json!({"environment": "prod", "service": "web", "listen": listen, "revision": 9, "pools": [], "drain": "1s"});
    let put = Request::put("/routes/prod/web").body(route.to_string()).unwrap();
    assert_eq!(ask(router.admin_address(), put).await.unwrap().0, 200);
    let delete = Request::delete("/routes/prod/web?revision=9").body(String::new()).unwrap();
    assert_eq!(ask(router.admin_address(), delete).await.unwrap().0, 204);
    let mut setting = routed(router.admin_address(), listen, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    let reason = "web in prod was not routed: fenced: revision 1 is behind revision 9, which is held";
    assert_eq!(failure(&outcome), (reason, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_not_tried_again() {
    let (web, router) =
        (web().await, start_router(any_port(), |it| it.token = Some("s3cret".to_owned())).await);
    let mut setting = routed(router.admin_address(), free_address().await, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    setting.router_token = Some("wrong");
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.contains("SHIPWAY_ROUTER_TOKEN") && !retryable, "{reason}");
    assert!(!world.log(id, "route").contains("wrong"), "the token is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_restarts_is_waited_for() {
    let (web, admin, listen) = (web().await, free_address().await, free_address().await);
    let mut setting = routed(admin, listen, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    world.wait_for_log(id, "route", "try 1 of 6: the router cannot be reached").await;
    let _router = start_router(admin, |_| {}).await;
    let outcome = world.outcome(id, "route").await;
    assert_eq!(outcome, Outcome::Succeeded { result: Success::Routed { revision: 1 } });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_stays_away_is_a_failure_that_another_attempt_may_help() {
    let (web, admin) = (web().await, free_address().await);
    let mut setting = routed(admin, free_address().await, rolling());
    setting.instances = [("1.0.0", web.address)].into();
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.contains("the router cannot be reached") && retryable, "{reason}");
    assert_eq!(world.log(id, "route").matches("try ").count(), 5);
    world
        .wait(id, |it| it.steps.iter().find(|it| matches!(it.forward, Progress::Retrying { .. })).cloned())
        .await;
    world.submit(Command::AbortRollout { id, reason: "seen".to_owned() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_not_taken_for_a_router() {
    let web = Server::start(|_| Some(text(404, "<h1>not here</h1>"))).await;
    let mut setting = routed(web.address, free_address().await, rolling());
    setting.instances = [("1.0.0", free_address().await)].into();
    let world = World::start(setting).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "route").await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.ends_with("(404 Not Found): <h1>not here</h1>") && !retryable, "{reason}");
}
