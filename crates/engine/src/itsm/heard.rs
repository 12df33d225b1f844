//! What a tool's message says, in the form in which the tool documents it.

use serde_json::Value;
use shipway_model::itsm::Answer;
use shipway_model::resource::Mirror;
use shipway_model::resource::mirror::Tool;
use shipway_model::{Digest, Name};

/// Longest text that is taken from a message, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// A message, and what the tool calls the change that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub reference: String,
    /// Our own name for the change, where the tool gives it back.
    pub correlation: Option<String>,
    pub answer: Answer,
}

/// Reads a message of the mirror's tool.
///
/// # Errors
/// A sentence that names what is missing.
pub fn heard(name: &Name, mirror: &Mirror, message: &Value) -> Result<Heard, String> {
    let (reference, correlation, state, approval, by, mark) = match mirror.tool {
        Tool::ServiceNow => {
            // A business rule sends the record, or its answer of the Table API whole.
            let record = message.get("result").unwrap_or(message);
            let reference = field(record, "sys_id").or_else(|| field(record, "number"));
            let mark = field(record, "sys_mod_count").or_else(|| field(record, "sys_updated_on"));
            (
                reference.ok_or("it holds no `sys_id` or `number`")?,
                field(record, "correlation_id"),
                field(record, "state").ok_or("it holds no `state`")?,
                field(record, "approval"),
                field(record, "sys_updated_by").unwrap_or_default(),
                mark,
            )
        }
        Tool::JiraServiceManagement => {
            let issue = message.get("issue").ok_or("it holds no `issue`")?;
            let state = issue.pointer("/fields/status/name").and_then(text);
            let by = message.pointer("/user/displayName").and_then(text);
            let correlation = issue.pointer("/fields/labels").and_then(Value::as_array).and_then(|labels| {
                labels.iter().filter_map(Value::as_str).find(|it| it.starts_with("chg_")).map(str::to_owned)
            });
            (
                field(issue, "key").or_else(|| field(issue, "id")).ok_or("its issue has no `key` or `id`")?,
                correlation,
                state.ok_or("its issue has no `fields.status.name`")?,
                None,
                by.unwrap_or_default(),
                message.get("timestamp").and_then(text),
            )
        }
    };
    let holds = mirror.holds.contains(&state);
    // Without a mark of the tool's own, the same words are the same message.
    let mark = mark.unwrap_or_else(|| Digest::of(message.to_string().as_bytes()).to_string());
    let delivery = cut(&format!("{reference}:{mark}"));
    let answer = Answer { mirror: name.clone(), state, approval, by, holds, delivery };
    Ok(Heard { reference, correlation, answer })
}

/// A field of a record, which ServiceNow gives as a text, a number, or with its display value beside it.
fn field(record: &Value, name: &str) -> Option<String> {
    let value = record.get(name)?;
    value.get("display_value").and_then(text).or_else(|| text(value))
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(cut(text.trim())).filter(|it| !it.is_empty())
}

fn cut(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mirror(tool: &str) -> Mirror {
        serde_json::from_value(json!({
            "tool": tool, "url": "http://127.0.0.1:1", "user": "u", "secret": {"env": "S"}, "project": "OPS",
            "holds": ["On Hold"],
        }))
        .unwrap()
    }

    #[test]
    fn each_tool_is_understood_in_its_own_form() {
        let name: Name = "tool".parse().unwrap();
        let record = json!({"sys_id": "46e1", "number": "CHG7", "state": {"value": "5", "display_value": "On Hold"},
            "approval": "requested", "sys_updated_by": "cab", "sys_mod_count": 4, "correlation_id": "chg_1"});
        let said = heard(&name, &mirror("service-now"), &json!({ "result": record })).unwrap();
        assert_eq!((&*said.reference, said.correlation.as_deref()), ("46e1", Some("chg_1")));
        assert!(said.answer.holds);
        assert_eq!(said.answer.delivery, "46e1:4");
        let event = json!({"timestamp": 1700, "webhookEvent": "jira:issue_updated", "user": {"displayName": "Cab"},
            "issue": {"id": "10001", "key": "OPS-7", "fields": {"status": {"name": "Approved"}, "labels": ["chg_2"]}}});
        let said = heard(&name, &mirror("jira-service-management"), &event).unwrap();
        assert_eq!((&*said.reference, &*said.answer.state, said.answer.holds), ("OPS-7", "Approved", false));
        assert_eq!(said.correlation.as_deref(), Some("chg_2"));
    }

    #[test]
    fn what_says_nothing_is_refused_with_what_is_missing() {
        let name: Name = "tool".parse().unwrap();
        for message in
            [json!({}), json!([]), json!({"sys_id": "1"}), json!({"sys_id": {"a": 1}, "state": ""})]
        {
            assert!(heard(&name, &mirror("service-now"), &message).is_err(), "{message}");
            assert!(heard(&name, &mirror("jira-service-management"), &message).is_err(), "{message}");
        }
    }
}
