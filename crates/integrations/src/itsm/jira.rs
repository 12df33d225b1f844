//! Jira Service Management: changes are issues of its type `[System] Change`, found by a label, which is our name for the
//! change.

use http::Method;
use serde_json::{Value, json};
use shipway_engine::itsm::Wanted;
use shipway_model::resource::Mirror;

use super::{Connection, Fault, Opened, fields, state};

const ISSUES: &str = "/rest/api/2/issue";
const BUILT_IN: [(&str, &str); 2] = [
    ("summary", "${release} into ${environment}"),
    ("description", "${change}: ${services}. ${class}, risk ${risk}. Asked for by ${requester}."),
];

pub(super) async fn bring(
    tool: &Connection<'_>,
    mirror: &Mirror,
    wanted: &Wanted,
    known: Option<Opened>,
) -> Result<Opened, Fault> {
    let project = mirror.project.as_deref().unwrap_or_default();
    let mut issue = json!(fields(mirror, wanted, &BUILT_IN));
    let found = match known {
        Some(known) => Some(known),
        None => find(tool, project, wanted).await?,
    };
    let opened = match found {
        Some(opened) => {
            let path = format!("{ISSUES}/{}", opened.number);
            tool.ask(Method::PUT, &path, Some(&json!({ "fields": issue }))).await?;
            opened
        }
        None => {
            issue["project"] = json!({ "key": project });
            issue["issuetype"] = json!({ "name": "[System] Change" });
            issue["labels"] = json!([wanted.change]);
            read(&tool.ask(Method::POST, ISSUES, Some(&json!({ "fields": issue }))).await?)?
        }
    };
    if let Some(state) = state(mirror, wanted) {
        transit(tool, &opened, state).await?;
    }
    Ok(opened)
}

async fn find(tool: &Connection<'_>, project: &str, wanted: &Wanted) -> Result<Option<Opened>, Fault> {
    let jql = format!("project%20%3D%20%22{project}%22%20AND%20labels%20%3D%20%22{}%22", wanted.change);
    let path = format!("/rest/api/2/search/jql?jql={jql}&fields=key&maxResults=1");
    let answer = tool.ask(Method::GET, &path, None).await?;
    answer["issues"].as_array().and_then(|it| it.first()).map(read).transpose()
}

/// By the way that leads to the state from where the issue is; none does where it is there already.
async fn transit(tool: &Connection<'_>, opened: &Opened, state: &str) -> Result<(), Fault> {
    let path = format!("{ISSUES}/{}/transitions", opened.number);
    let ways = tool.ask(Method::GET, &path, None).await?;
    let leads = |it: &&Value| it["to"]["name"] == *state;
    let Some(way) = ways["transitions"].as_array().and_then(|it| it.iter().find(leads)) else {
        return Ok(());
    };
    let body = json!({ "transition": { "id": way["id"] } });
    tool.ask(Method::POST, &path, Some(&body)).await.map(drop)
}

fn read(issue: &Value) -> Result<Opened, Fault> {
    let text = |name: &str| issue[name].as_str().map(str::to_owned);
    let is_plain =
        |it: &String| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    match (text("id"), text("key").filter(is_plain)) {
        (Some(reference), Some(number)) => Ok(Opened { reference, number }),
        _ => Err(Fault::Invalid("an issue without `id` and `key`".to_owned())),
    }
}
