//! A disk that takes nothing: told as such, nothing half done, and over when it is over.

use shipway_api::Code;
use shipway_api::operations::pause::{ListPauses, PauseRequest, PauseScope};
use shipway_model::event::Scope;

use crate::bed::{Bed, problem};

#[tokio::test]
async fn what_cannot_be_written_is_not_said_to_be_done() {
    let bed = Bed::start().await;
    let size = bed.size();
    let pause = || {
        let request = PauseRequest { scope: Scope::Everything, reason: "storm".to_owned() };
        bed.admin.call::<PauseScope>((), (), request).idempotency_key("storm")
    };
    bed.disk.set_fault(Some("no space left on device"));
    let refused = pause().await.unwrap_err();
    assert!(refused.is(Code::Unavailable) && refused.is_transient(), "{refused}");
    assert!(refused.to_string().contains("no space left"), "{refused}");
    assert_eq!(bed.size(), size);
    // What was written before can still be read.
    assert!(bed.admin.call::<ListPauses>((), (), ()).await.unwrap().value.items.is_empty());
    let sign_off = bed.http.post(bed.url("/api/v1/pauses/resume")).bearer_auth(&bed.admin_token);
    let sign_off = sign_off.json(&serde_json::json!({ "scope": "everything" })).send().await.unwrap();
    assert_eq!(problem(sign_off).await, (409, "not-paused".to_owned()));

    bed.disk.set_fault(None);
    assert_eq!(pause().await.unwrap().value.items.len(), 1);
    assert_eq!(bed.size(), size + 1);
    assert_eq!(pause().await.unwrap().value.items.len(), 1);
    assert_eq!(bed.size(), size + 1);
}
