//! Protobuf, by buf's rules of the classes FILE and WIRE.
//!
//! What breaks the wire, or takes a call away, is an error; what breaks generated code alone is a warning.

use shipway_model::contract::{Cardinality, Enumeration, Field, Message, Method, Protobuf, Reserved};

use super::Changes;

pub(super) fn diff(old: &Protobuf, new: &Protobuf, changes: &mut Changes) {
    if old.package != new.package {
        let message = format!("the package was `{}` and is `{}`", old.package, new.package);
        changes.error("FILE_SAME_PACKAGE", &old.package, message);
    }
    if old.syntax != new.syntax {
        let message = format!("the syntax was {} and is {}", old.syntax, new.syntax);
        changes.warning("FILE_SAME_SYNTAX", &old.package, message);
    }
    for (name, value) in &old.options {
        if new.options.get(name) != Some(value) {
            let rule = format!("FILE_SAME_{}", name.to_ascii_uppercase());
            changes.warning(rule, &old.package, format!("the option `{name}` was `{value}`"));
        }
    }
    for (name, before) in &old.messages {
        match new.messages.get(name) {
            None => changes.warning("MESSAGE_NO_DELETE", name, "the message is gone"),
            Some(after) => of_message(name, before, after, old, new, changes),
        }
    }
    for (name, before) in &old.enums {
        match new.enums.get(name) {
            None => changes.warning("ENUM_NO_DELETE", name, "the enumeration is gone"),
            Some(after) => of_enumeration(name, before, after, changes),
        }
    }
    for (name, before) in &old.services {
        let Some(after) = new.services.get(name) else {
            changes.error("SERVICE_NO_DELETE", name, "the service is gone");
            continue;
        };
        for (method, before) in before {
            let place = format!("{name}.{method}");
            match after.get(method) {
                None => changes.error("RPC_NO_DELETE", &place, "the method is gone"),
                Some(after) => of_method(&place, before, after, changes),
            }
        }
    }
}

fn of_message(
    name: &str,
    before: &Message,
    after: &Message,
    old: &Protobuf,
    new: &Protobuf,
    changes: &mut Changes,
) {
    for (number, field) in &before.fields {
        let place = format!("{name}.{}", field.name);
        match after.fields.get(number) {
            None => {
                changes.warning("FIELD_NO_DELETE", &place, format!("field {number} is gone"));
                if !after.reserved.has_number(*number) {
                    let message =
                        format!("number {number} is not reserved, so it may come to mean something else");
                    changes.error("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", &place, message);
                }
                if !after.reserved.names.contains(&field.name) {
                    let message = format!("the name `{}` is not reserved", field.name);
                    changes.warning("FIELD_NO_DELETE_UNLESS_NAME_RESERVED", &place, message);
                }
            }
            Some(now) => of_field(&place, field, now, old, new, changes),
        }
    }
    let required = |it: &Message| -> Vec<i32> {
        let fields = it.fields.iter().filter(|(_, it)| it.cardinality == Cardinality::Required);
        fields.map(|(number, _)| *number).collect()
    };
    let (were, are) = (required(before), required(after));
    for number in are.iter().filter(|it| !were.contains(it)) {
        changes.error("MESSAGE_SAME_REQUIRED_FIELDS", name, format!("field {number} is required now"));
    }
    for number in were.iter().filter(|it| !are.contains(it)) {
        changes.error("MESSAGE_SAME_REQUIRED_FIELDS", name, format!("field {number} is no longer required"));
    }
    of_reserved("RESERVED_MESSAGE_NO_DELETE", name, &before.reserved, &after.reserved, changes);
}

fn of_field(
    place: &str,
    before: &Field,
    after: &Field,
    old: &Protobuf,
    new: &Protobuf,
    changes: &mut Changes,
) {
    if before.name != after.name {
        changes.warning("FIELD_SAME_NAME", place, format!("it is called `{}` now", after.name));
    }
    if before.json_name != after.json_name {
        let message = format!("its name in JSON was `{}` and is `{}`", before.json_name, after.json_name);
        changes.warning("FIELD_SAME_JSON_NAME", place, message);
    }
    if before.type_name != after.type_name {
        let message = format!("its type was {} and is {}", before.type_name, after.type_name);
        changes.warning("FIELD_SAME_TYPE", place, message.clone());
        // Not every sequence of bytes is text.
        let is_text_now = before.type_name == "bytes" && after.type_name == "string";
        if is_text_now || wire(&before.type_name, old) != wire(&after.type_name, new) {
            changes.error("FIELD_WIRE_COMPATIBLE_TYPE", place, message);
        }
    }
    if before.cardinality != after.cardinality {
        let message =
            format!("it was {:?} and is {:?}", before.cardinality, after.cardinality).to_lowercase();
        changes.warning("FIELD_SAME_CARDINALITY", place, message.clone());
        let repeats = |it: &Field| it.cardinality == Cardinality::Repeated;
        if repeats(before) != repeats(after) {
            changes.error("FIELD_WIRE_COMPATIBLE_CARDINALITY", place, message);
        }
    }
    if before.oneof != after.oneof {
        let word = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
        let message = format!("its oneof was {} and is {}", word(&before.oneof), word(&after.oneof));
        changes.error("FIELD_SAME_ONEOF", place, message);
    }
}

/// Types of one group can be read as each other (protobuf.dev, "Updating A Message Type"); others are what they are.
fn wire<'a>(type_name: &'a str, file: &Protobuf) -> &'a str {
    match type_name {
        "int32" | "uint32" | "int64" | "uint64" | "bool" => "varint",
        "sint32" | "sint64" => "zigzag",
        "string" | "bytes" => "bytes",
        "fixed32" | "sfixed32" => "fixed32",
        "fixed64" | "sfixed64" => "fixed64",
        name if file.enums.contains_key(name) => "varint",
        name => name,
    }
}

fn of_enumeration(name: &str, before: &Enumeration, after: &Enumeration, changes: &mut Changes) {
    for (number, names) in &before.values {
        let shown = names.iter().cloned().collect::<Vec<_>>().join(", ");
        let place = format!("{name}.{shown}");
        match after.values.get(number) {
            None => {
                changes.warning("ENUM_VALUE_NO_DELETE", &place, format!("value {number} is gone"));
                if !after.reserved.has_number(*number) {
                    let message =
                        format!("number {number} is not reserved, so it may come to mean something else");
                    changes.error("ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", &place, message);
                }
                if !names.iter().all(|it| after.reserved.names.contains(it)) {
                    changes.warning(
                        "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
                        &place,
                        format!("the name {shown} is not reserved"),
                    );
                }
            }
            Some(now) if !names.is_subset(now) => {
                changes.warning(
                    "ENUM_VALUE_SAME_NAME",
                    &place,
                    format!("value {number} has another name now"),
                );
            }
            Some(_) => {}
        }
    }
    of_reserved("RESERVED_ENUM_NO_DELETE", name, &before.reserved, &after.reserved, changes);
}

fn of_reserved(rule: &str, name: &str, before: &Reserved, after: &Reserved, changes: &mut Changes) {
    for (first, last) in &before.ranges {
        if !after.ranges.iter().any(|(from, to)| from <= first && last <= to) {
            changes.error(rule, name, format!("{first} to {last} are no longer reserved"));
        }
    }
    for it in before.names.difference(&after.names) {
        changes.warning(rule, name, format!("the name `{it}` is no longer reserved"));
    }
}

fn of_method(place: &str, before: &Method, after: &Method, changes: &mut Changes) {
    let mut types = |rule: &str, what: &str, was: &str, is: &str| {
        if was != is {
            changes.error(rule, place, format!("its {what} was {was} and is {is}"));
        }
    };
    types("RPC_SAME_REQUEST_TYPE", "request", &before.request, &after.request);
    types("RPC_SAME_RESPONSE_TYPE", "response", &before.response, &after.response);
    let word = |streams: bool| if streams { "a stream" } else { "one message" };
    let (was, is) = (word(before.client_streams), word(after.client_streams));
    types("RPC_SAME_CLIENT_STREAMING", "request", was, is);
    let (was, is) = (word(before.server_streams), word(after.server_streams));
    types("RPC_SAME_SERVER_STREAMING", "response", was, is);
}
