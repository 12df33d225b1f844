//! Receiving what Alertmanager sends to a webhook.

use std::collections::BTreeMap;

use shipway_api::Code;
use shipway_api::operations::alert::{ALERTS_MAX, AlertStatus, NotifiedAlert, ReceiveAlerts};
use shipway_api::view::alert::AlertsTaken;
use shipway_engine::Command;
use shipway_engine::alert::Notice;
use shipway_model::alert::{Alert, LABEL_BYTES_MAX, LABELS_MAX};
use shipway_model::event::Body;
use shipway_model::{AlertId, Digest};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

/// The form of notifications that Alertmanager has sent since its version 0.5.
const VERSION: &str = "4";

pub(super) async fn handle(it: Incoming<ReceiveAlerts>) -> Outcome<ReceiveAlerts> {
    if it.body.version != VERSION {
        let detail = format!("the notification is of version `{}`", it.body.version);
        return Err(Failure::new(Code::InvalidRequest, detail)
            .hint("send what Alertmanager sends to a webhook: version 4"));
    }
    if it.body.alerts.len() > ALERTS_MAX {
        let n = it.body.alerts.len();
        let detail = format!("the notification has {n} alerts, and {ALERTS_MAX} are taken at once");
        return Err(Failure::new(Code::TooLarge, detail).hint("set `max_alerts` of the webhook"));
    }
    let notices = it.body.alerts.iter().map(|alert| notice(it.app.runtime.new_alert_id(), alert));
    let notices = notices.collect::<Result<Vec<_>, _>>()?;
    let receipt = it.submit(Command::ReceiveAlerts { notices }).await?;
    let mut taken = AlertsTaken::default();
    for event in &receipt.events {
        match &event.body {
            Body::AlertFired { id, .. } => taken.fired.push(*id),
            Body::AlertResolved { id, .. } => taken.resolved.push(*id),
            _ => {}
        }
    }
    Ok(taken)
}

fn notice(id: AlertId, told: &NotifiedAlert) -> Result<Notice, Failure> {
    let Some(name) = told.labels.get("alertname").map(|it| clean(it)).filter(|it| !it.is_empty()) else {
        return Err(Failure::new(Code::InvalidRequest, "an alert has no label `alertname`"));
    };
    let (labels, annotations) = (bounded(&told.labels), bounded(&told.annotations));
    let fingerprint = match clean(&told.fingerprint) {
        it if it.is_empty() => of_labels(&labels),
        it => it,
    };
    let url = Some(clean(&told.generator_url)).filter(|it| !it.is_empty());
    let ended_at = match told.status {
        AlertStatus::Firing => None,
        AlertStatus::Resolved => Some(told.ends_at.unwrap_or(told.starts_at).max(told.starts_at)),
    };
    let starts_at = told.starts_at;
    Ok(Notice { id, alert: Alert { fingerprint, name, labels, annotations, starts_at, url }, ended_at })
}

/// As a sender that says none would tell alerts apart.
fn of_labels(labels: &BTreeMap<String, String>) -> String {
    Digest::of(format!("{labels:?}").as_bytes()).to_string()
}

fn bounded(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.iter().take(LABELS_MAX).map(|(key, value)| (clean(key), clean(value))).collect()
}

/// Cut off, and without control characters: it is recorded for ever and shown to people.
fn clean(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(LABEL_BYTES_MAX)];
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shipway_api::operations::alert::Notification;

    use super::*;

    /// What Alertmanager 0.28 sends.
    fn notified(status: &str, ends_at: &str) -> NotifiedAlert {
        let notification: Notification = serde_json::from_value(json!({
            "receiver": "shipway", "status": status, "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0,
            "externalURL": "http://alertmanager:9093", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "alerts": [{
                "status": status, "labels": {"alertname": "Many\u{7}Errors", "service": "web"},
                "annotations": {"summary": "x".repeat(5000)}, "startsAt": "2026-03-14T09:26:40.123Z",
                "endsAt": ends_at, "generatorURL": "", "fingerprint": "c1b7a9f0d2e34455",
            }],
        }))
        .unwrap();
        notification.alerts.into_iter().next().unwrap()
    }

    fn id() -> AlertId {
        "alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap()
    }

    #[test]
    fn what_alertmanager_sends_is_read_and_bounded() {
        let it = notice(id(), &notified("firing", "0001-01-01T00:00:00Z")).unwrap();
        assert_eq!((it.alert.name.as_str(), it.ended_at, it.alert.url.as_ref()), ("Many Errors", None, None));
        assert_eq!(it.alert.annotations["summary"].len(), LABEL_BYTES_MAX);
        let it = notice(id(), &notified("resolved", "2026-03-14T09:30:00Z")).unwrap();
        assert_eq!(it.ended_at, Some("2026-03-14T09:30:00Z".parse().unwrap()));
    }

    #[test]
    fn one_without_a_name_is_refused_and_one_without_a_fingerprint_has_that_of_its_labels() {
        let mut told = notified("firing", "0001-01-01T00:00:00Z");
        told.fingerprint.clear();
        let one = notice(id(), &told).unwrap().alert.fingerprint;
        told.labels.insert("service".to_owned(), "checkout".to_owned());
        assert_ne!(one, notice(id(), &told).unwrap().alert.fingerprint);
        told.labels.remove("alertname");
        assert!(notice(id(), &told).is_err());
    }
}
