//! One alert: what it says, and what was deployed or declared before it, the most suspect first.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use shipway_api::Code;
use shipway_engine::State;
use shipway_engine::alert::Received;
use shipway_model::AlertId;
use shipway_model::alert::{Culprit, HORIZON, Suspect};
use shipway_model::resource::Kind;

use super::alerts::{about, of_alert};
use super::document::{Area, Motion};
use super::moment::{self, Clock, Moment};
use super::prose::Prose;
use super::visit::{self, Shown, Visit};
use super::words::Badge;
use crate::problem::Failure;

#[derive(Template)]
#[template(path = "alert.html")]
struct Shape {
    name: String,
    badge: Badge,
    about: String,
    at: Moment,
    ended: Option<Moment>,
    by: String,
    annotations: Vec<(String, String)>,
    labels: Vec<(String, String)>,
    /// Where its sender shows it, if that is an address of the web.
    url: Option<String>,
    suspects: Vec<Suspected>,
    horizon: String,
}

struct Suspected {
    title: String,
    path: Option<String>,
    at: Moment,
    before: String,
    reason: Prose,
}

pub(super) async fn page(visit: Visit, path: Result<Path<AlertId>, PathRejection>) -> Response {
    let answered = draw(&visit.state(), path, &visit.clock).map(|content| {
        let title = format!("Alert {}", content.name);
        visit.show(&Shown { title: title.as_str().into(), area: Area::Aside, motion: Motion::Live, content })
    });
    visit::answer(&visit, answered)
}

fn draw(state: &State, path: Result<Path<AlertId>, PathRejection>, clock: &Clock) -> Result<Shape, Failure> {
    let unknown = |detail: String| {
        Failure::new(Code::UnknownAlert, detail).hint("the list of alerts shows those that are kept")
    };
    let Path(id) = path.map_err(|_| unknown("the address names no alert".to_owned()))?;
    let it = state.alerts.get(id).ok_or_else(|| unknown(format!("there is no alert {id}")))?;
    Ok(shape(state, it, clock))
}

fn shape(state: &State, it: &Received, clock: &Clock) -> Shape {
    let alert = &it.alert;
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    Shape {
        name: alert.name.clone(),
        badge: of_alert(it),
        about: about(state, it),
        at: clock.full(alert.starts_at),
        ended: it.ended_at.map(|at| clock.full(at)),
        by: it.by.clone(),
        annotations: pairs(&alert.annotations),
        labels: pairs(&alert.labels),
        url: alert.url.clone().filter(|it| it.starts_with("https://") || it.starts_with("http://")),
        suspects: it.suspects.iter().map(|it| suspected(it, clock)).collect(),
        horizon: moment::length(HORIZON),
    }
}

fn suspected(it: &Suspect, clock: &Clock) -> Suspected {
    let place = it.environment.as_ref().map(|it| format!(" → {it}")).unwrap_or_default();
    let (title, path) = match &it.what {
        Culprit::Rollout { id, release } => {
            (format!("{} {}{place}", release.name, release.version), Some(format!("/rollouts/{id}")))
        }
        Culprit::Resource { kind, name, .. } => {
            let path = match kind {
                Kind::Service => Some(format!("/services/{name}")),
                Kind::Environment => Some(format!("/environments/{name}")),
                _ => None,
            };
            (format!("{kind} {name} was declared anew"), path)
        }
        Culprit::Marker { what } => {
            (format!("{what}{place}"), it.services.first().map(|it| format!("/services/{it}")))
        }
    };
    Suspected {
        title,
        path,
        at: clock.moment(it.at),
        before: moment::length(it.before),
        reason: clock.prose(without_age(&it.reason)),
    }
}

/// How long before the alert it was is told beside the reason, which ends with it.
fn without_age(reason: &str) -> &str {
    match reason.rsplit_once(", ") {
        Some((before, age)) if age.ends_with(" before") => before,
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_does_not_repeat_how_long_before_it_was() {
        let check = |reason, told| assert_eq!(without_age(reason), told);
        check("it ships catalogue itself, 49s before", "it ships catalogue itself");
        check(
            "it ships web, which needs catalogue directly, 2m 3s before",
            "it ships web, which needs catalogue directly",
        );
        let apart = "it began 5s before, and no dependency leads to what it ships";
        check(apart, apart);
    }
}
