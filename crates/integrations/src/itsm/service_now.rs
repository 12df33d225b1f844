//! ServiceNow's Table API, table `change_request`: records are found by `correlation_id`, which is our name for the change.

use http::Method;
use serde_json::{Value, json};
use shipway_engine::itsm::Wanted;
use shipway_model::resource::Mirror;

use super::{Connection, Fault, Opened, fields, state};

const TABLE: &str = "/api/now/table/change_request";
const BUILT_IN: [(&str, &str); 5] = [
    ("short_description", "${release} into ${environment}"),
    ("description", "${change}: ${services}. Risk ${risk}. Asked for by ${requester}."),
    ("type", "${class}"),
    ("correlation_display", "Shipway"),
    ("correlation_id", "${change}"),
];

pub(super) async fn bring(
    tool: &Connection<'_>,
    mirror: &Mirror,
    wanted: &Wanted,
    known: Option<Opened>,
) -> Result<Opened, Fault> {
    let mut record = json!(fields(mirror, wanted, &BUILT_IN));
    // Whatever the mirror says: without it the record would not be found again.
    record["correlation_id"] = json!(wanted.change);
    if let Some(state) = state(mirror, wanted) {
        record["state"] = json!(state);
    }
    let found = match known {
        Some(known) => Some(known),
        None => find(tool, wanted).await?,
    };
    match found {
        Some(opened) => {
            let path = format!("{TABLE}/{}", opened.reference);
            tool.ask(Method::PATCH, &path, Some(&record)).await?;
            Ok(opened)
        }
        None => read(&tool.ask(Method::POST, TABLE, Some(&record)).await?["result"]),
    }
}

async fn find(tool: &Connection<'_>, wanted: &Wanted) -> Result<Option<Opened>, Fault> {
    let query = format!("sysparm_query=correlation_id={}", wanted.change);
    let path = format!("{TABLE}?{query}&sysparm_fields=sys_id,number&sysparm_limit=1");
    let answer = tool.ask(Method::GET, &path, None).await?;
    answer["result"].as_array().and_then(|it| it.first()).map(read).transpose()
}

fn read(record: &Value) -> Result<Opened, Fault> {
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    let is_plain = |it: &String| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
    match (text("sys_id").filter(is_plain), text("number")) {
        (Some(reference), Some(number)) => Ok(Opened { reference, number }),
        _ => Err(Fault::Invalid("a record without `sys_id` and `number`".to_owned())),
    }
}
