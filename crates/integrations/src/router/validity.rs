//! What makes a route one that the router accepts.

use std::collections::HashSet;

use shipway_model::routing::{Route, Sticky};

/// All faults of the route, none when it is valid. The whole must be sent somewhere, so the weights sum to
/// 10000 and none leads to a pool without backends; only a route entirely without backends may stand, as that
/// of a service that is not there yet.
pub(super) fn faults(route: &Route) -> Vec<String> {
    let mut faults = Vec::new();
    if route.listen.port() == 0 {
        faults.push("listen: port 0 means any port, but callers must know where the service is".to_owned());
    }
    check_pools(route, &mut faults);
    if let Some(sticky) = &route.sticky {
        check_sticky(sticky, &mut faults);
    }
    if let Some(health) = &route.health {
        if health.path.parse::<http::uri::PathAndQuery>().is_err() || !health.path.starts_with('/') {
            faults.push(format!("health.path: `{}` is not a path", health.path.escape_debug()));
        }
        for (field, value) in [("interval", health.interval), ("timeout", health.timeout)] {
            if value.0 == 0 {
                faults.push(format!("health.{field} must be more than 0"));
            }
        }
        if health.failure_limit == 0 {
            faults.push("health.failureLimit must be at least 1".to_owned());
        }
    }
    faults
}

fn check_pools(route: &Route, faults: &mut Vec<String>) {
    let (mut versions, mut addresses) = (HashSet::new(), HashSet::new());
    for pool in &route.pools {
        if !versions.insert(&pool.version) {
            faults.push(format!("pools: version {} appears more than once", pool.version));
        }
        for backend in &pool.backends {
            if !addresses.insert(backend.address) {
                faults.push(format!("pools: backend {} appears more than once", backend.address));
            }
            if backend.address == route.listen {
                faults.push(format!("pools: backend {} is the router's own listener", backend.address));
            }
        }
    }
    if addresses.is_empty() {
        return;
    }
    let sum: u32 = route.pools.iter().map(|pool| u32::from(pool.weight_bp.get())).sum();
    if sum != 10_000 {
        faults.push(format!("pools: the weights sum to {sum} basis points instead of 10000"));
    }
    for pool in route.pools.iter().filter(|pool| pool.weight_bp.get() > 0 && pool.backends.is_empty()) {
        faults.push(format!(
            "pools: version {} has a weight of {} but no backend",
            pool.version, pool.weight_bp
        ));
    }
}

fn check_sticky(sticky: &Sticky, faults: &mut Vec<String>) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if sticky.cookie.is_empty() || sticky.cookie.len() > 64 || !sticky.cookie.bytes().all(is_token) {
        faults.push(format!("sticky.cookie: `{}` is not a cookie's name", sticky.cookie.escape_debug()));
    }
    if sticky.ttl.0 == 0 {
        faults.push("sticky.ttl must be more than 0".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut serde_json::Value), expect: &[&str]) {
        let mut route = serde_json::json!({
            "environment": "prod", "service": "web", "listen": "127.0.0.1:80", "revision": 1, "drain": "5s",
            "pools": [
                {"version": "1.0.0", "weightBp": 9500, "backends": [{"target": "a", "address": "127.0.0.1:81"}]},
                {"version": "2.0.0", "weightBp": 500, "backends": [{"target": "b", "address": "127.0.0.1:82"}]},
            ],
            "sticky": {"cookie": "session", "ttl": "1h"},
            "health": {"path": "/health", "interval": "1s", "timeout": "1s", "failureLimit": 2},
        });
        change(&mut route);
        let found = faults(&serde_json::from_value(route).unwrap());
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (fault, part) in found.iter().zip(expect) {
            assert!(fault.contains(part), "`{fault}` lacks `{part}`");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        check(|_| {}, &[]);
        check(|route| route["pools"][0]["weightBp"] = 9000.into(), &["sum to 9500"]);
        check(|route| route["pools"][1]["version"] = "1.0.0".into(), &["1.0.0 appears more"]);
        check(
            |route| route["pools"][1]["backends"][0]["address"] = "127.0.0.1:81".into(),
            &["127.0.0.1:81 appears"],
        );
        check(|route| route["pools"][1]["backends"] = serde_json::json!([]), &["2.0.0 has a weight of 5 %"]);
        check(|route| route["pools"] = serde_json::json!([]), &[]);
        check(|route| route["listen"] = "127.0.0.1:0".into(), &["port 0"]);
        check(|route| route["listen"] = "127.0.0.1:81".into(), &["own listener"]);
        check(|route| route["sticky"]["cookie"] = "a;b".into(), &["sticky.cookie"]);
        check(|route| route["health"]["path"] = "health".into(), &["health.path"]);
        check(|route| route["health"]["failureLimit"] = 0.into(), &["failureLimit"]);
    }
}
