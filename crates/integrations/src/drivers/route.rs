//! Sets a route at the built-in router: looks at what it holds, sets the route if it differs, and looks again.

use std::sync::Arc;
use std::time::Duration;

use shipway_model::effect::{Order, Outcome, Success};
use shipway_model::routing::Route;
use shipway_runtime::driver::{BoxFuture, Driver, Task};

use super::{Kind, Tools, failed, unless_called_off};
use crate::spec::Spec;
use crate::traffic::builtin::{Admin, AdminError};

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "route", summary: "Sets a service's route at the built-in router." },
    build: |tools| Arc::new(Router(tools.clone())),
};

/// With the waits in between, a router that restarts is waited for a few seconds.
const TRIES_MAX: u32 = 6;
/// The wait after the first failure; it doubles with each.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

struct Router(Tools);

enum Done {
    HeldAlready,
    Set,
}

impl Driver for Router {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Route { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { unless_called_off(&task, self.route(&task)).await })
    }
}

impl Router {
    async fn route(&self, task: &Task) -> Outcome {
        let Order::Route { admin, route } = &task.effect.order else {
            return failed("this is not a route".to_owned(), false);
        };
        let token = self.0.router_token.as_deref();
        let admin = Admin { outbound: &self.0.outbound, url: admin, token };
        let Route { environment, service, revision, .. } = route;
        let mut tries = 1;
        loop {
            match bring_about(&admin, route).await {
                Ok(Done::HeldAlready) => {
                    task.log.line(&format!(
                        "the router holds revision {revision} of {service} in {environment} already"
                    ));
                    break;
                }
                Ok(Done::Set) => {
                    task.log.line(&format!("the router holds revision {revision}: {}", shares(route)));
                    break;
                }
                Err(error) if error.is_passing() && tries < TRIES_MAX => {
                    task.log.line(&format!("try {tries} of {TRIES_MAX}: {error}"));
                    tokio::time::sleep(RETRY_PAUSE * (1 << (tries - 1))).await;
                    tries += 1;
                }
                Err(error) => {
                    task.log.line(&error.to_string());
                    let reason = format!("{service} in {environment} was not routed: {error}");
                    return failed(reason, error.is_retryable());
                }
            }
        }
        Outcome::Succeeded { result: Success::Routed { revision: *revision } }
    }
}

async fn bring_about(admin: &Admin<'_>, route: &Route) -> Result<Done, AdminError> {
    if is_held(admin, route).await? {
        return Ok(Done::HeldAlready);
    }
    admin.set(route).await?;
    if is_held(admin, route).await? {
        return Ok(Done::Set);
    }
    Err(AdminError::Occupied(format!("revision {} was taken and is not held", route.revision)))
}

async fn is_held(admin: &Admin<'_>, route: &Route) -> Result<bool, AdminError> {
    match admin.held(&route.environment, &route.service).await? {
        Some(held) if held.revision > route.revision => Err(AdminError::Fenced(format!(
            "the router holds revision {}, which is newer than {}",
            held.revision, route.revision
        ))),
        held => Ok(held.as_ref() == Some(route)),
    }
}

/// `1.0.0 95 % to 3, 1.1.0 5 % to 1`.
fn shares(route: &Route) -> String {
    let shares = route.pools.iter();
    let shares = shares.map(|pool| format!("{} {} to {}", pool.version, pool.weight_bp, pool.backends.len()));
    match shares.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "nothing answers".to_owned(),
        shares => shares,
    }
}
