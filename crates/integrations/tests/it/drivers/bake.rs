//! Baking, with requests that the real router counts.

use serde_json::json;

use super::server::{Server, text};
use super::world::{World, any_port, free_address, get, routed, start_router, step, summary};

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_baked_by_the_requests_that_it_answers() {
    let (old, new) =
        (Server::start(|_| Some(text(200, "old"))).await, Server::start(|_| Some(text(500, "new"))).await);
    let (router, listen) = (start_router(any_port(), |_| {}).await, free_address().await);
    let steps = json!([{"weight": 50}, {"bake": {"requests": 3}}]);
    let mut setting = routed(router.admin_address(), listen, json!({"canary": {"steps": steps}}));
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    world.wait_for_log(id, "bake", "1.1.0 has answered 0 of 3 requests").await;
    while new.asked().len() < 3 {
        let result = world.wait(id, |it| Some(it.step(step(it, "bake")?)?.result.clone())).await;
        assert_eq!(result, None, "after {} requests", new.asked().len());
        get(listen, "/").await.expect("the router answers");
    }
    let outcome = world.outcome(id, "bake").await;
    assert!(summary(&outcome).starts_with("1.1.0 has answered 3 of 3 requests in "), "{outcome:?}");
}
