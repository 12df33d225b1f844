//! GraphQL, by graphql-inspector's names of changes: breaking ones are errors, dangerous ones warnings.

use std::collections::BTreeSet;

use shipway_model::contract::{Fields, GraphQl, Type, TypedField};

use super::Changes;

pub(super) fn diff(old: &GraphQl, new: &GraphQl, changes: &mut Changes) {
    for (operation, before) in &old.roots {
        match new.roots.get(operation) {
            Some(after) if after == before => {}
            after => {
                let rule = format!("SCHEMA_{}_TYPE_CHANGED", operation.to_ascii_uppercase());
                let now = after.map_or("nothing", String::as_str);
                changes.error(rule, operation, format!("its root was {before} and is {now}"));
            }
        }
    }
    for (name, before) in &old.types {
        match new.types.get(name) {
            None => changes.error("TYPE_REMOVED", name, "the type is gone"),
            Some(after) => of_type(name, before, after, changes),
        }
    }
    for name in new.types.keys().filter(|it| !old.types.contains_key(*it)) {
        changes.info("TYPE_ADDED", name, "the type is new");
    }
}

fn of_type(name: &str, before: &Type, after: &Type, changes: &mut Changes) {
    match (before, after) {
        (Type::Object(before), Type::Object(after)) | (Type::Interface(before), Type::Interface(after)) => {
            of_outputs(name, before, after, changes);
        }
        (Type::Input(before), Type::Input(after)) => of_inputs(name, before, after, changes),
        (Type::Enum { values: before }, Type::Enum { values: after }) => {
            of_members(name, ["ENUM_VALUE_REMOVED", "ENUM_VALUE_ADDED"], before, after, changes);
        }
        (Type::Union { members: before }, Type::Union { members: after }) => {
            of_members(name, ["UNION_MEMBER_REMOVED", "UNION_MEMBER_ADDED"], before, after, changes);
        }
        (Type::Scalar, Type::Scalar) => {}
        _ => changes.error("TYPE_KIND_CHANGED", name, "it is a type of another kind now"),
    }
}

/// A client that lists what may come is surprised by more.
fn of_members(
    name: &str,
    [removed, added]: [&str; 2],
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
    changes: &mut Changes,
) {
    for it in before.difference(after) {
        changes.error(removed, &format!("{name}.{it}"), "it is gone");
    }
    for it in after.difference(before) {
        changes.warning(added, &format!("{name}.{it}"), "it is new");
    }
}

fn of_outputs(name: &str, before: &Fields, after: &Fields, changes: &mut Changes) {
    for it in before.implements.difference(&after.implements) {
        changes.error("OBJECT_TYPE_INTERFACE_REMOVED", name, format!("it no longer implements {it}"));
    }
    for it in after.implements.difference(&before.implements) {
        changes.warning("OBJECT_TYPE_INTERFACE_ADDED", name, format!("it implements {it} now"));
    }
    for (field, was) in &before.fields {
        let place = format!("{name}.{field}");
        let Some(is) = after.fields.get(field) else {
            let rule = if was.deprecated { "FIELD_DEPRECATED_REMOVED" } else { "FIELD_REMOVED" };
            changes.error(rule, &place, "the field is gone");
            continue;
        };
        if was.type_name != is.type_name {
            let message = format!("its type was {} and is {}", was.type_name, is.type_name);
            match is_narrower(&is.type_name, &was.type_name) {
                true => changes.info("FIELD_TYPE_CHANGED", &place, message),
                false => changes.error("FIELD_TYPE_CHANGED", &place, message),
            }
        }
        if is.deprecated && !was.deprecated {
            changes.info("FIELD_DEPRECATION_ADDED", &place, "it is deprecated now");
        }
        of_arguments(&place, was, is, changes);
    }
    for field in after.fields.keys().filter(|it| !before.fields.contains_key(*it)) {
        changes.info("FIELD_ADDED", &format!("{name}.{field}"), "the field is new");
    }
}

fn of_arguments(place: &str, before: &TypedField, after: &TypedField, changes: &mut Changes) {
    for (argument, was) in &before.arguments {
        let place = format!("{place}({argument})");
        let Some(is) = after.arguments.get(argument) else {
            changes.error("FIELD_ARGUMENT_REMOVED", &place, "the argument is gone");
            continue;
        };
        of_input("FIELD_ARGUMENT", &place, was, is, changes);
    }
    for (argument, is) in after.arguments.iter().filter(|(it, _)| !before.arguments.contains_key(*it)) {
        added("FIELD_ARGUMENT_ADDED", &format!("{place}({argument})"), is, changes);
    }
}

fn of_inputs(name: &str, before: &Fields, after: &Fields, changes: &mut Changes) {
    for (field, was) in &before.fields {
        let place = format!("{name}.{field}");
        match after.fields.get(field) {
            None => changes.error("INPUT_FIELD_REMOVED", &place, "the field is gone"),
            Some(is) => of_input("INPUT_FIELD", &place, was, is, changes),
        }
    }
    for (field, is) in after.fields.iter().filter(|(it, _)| !before.fields.contains_key(*it)) {
        added("INPUT_FIELD_ADDED", &format!("{name}.{field}"), is, changes);
    }
}

fn of_input(what: &str, place: &str, was: &TypedField, is: &TypedField, changes: &mut Changes) {
    if was.type_name != is.type_name {
        let message = format!("its type was {} and is {}", was.type_name, is.type_name);
        match is_narrower(&was.type_name, &is.type_name) {
            true => changes.info(format!("{what}_TYPE_CHANGED"), place, message),
            false => changes.error(format!("{what}_TYPE_CHANGED"), place, message),
        }
    }
    if was.default != is.default {
        let word = |it: &TypedField| it.default.clone().unwrap_or_else(|| "none".to_owned());
        let message = format!("its default was {} and is {}", word(was), word(is));
        // Without a default a value that must be there has to be sent.
        match is.default.is_none() && is.type_name.ends_with('!') {
            true => changes.error(format!("{what}_DEFAULT_CHANGED"), place, message),
            false => changes.warning(format!("{what}_DEFAULT_CHANGED"), place, message),
        }
    }
}

fn added(rule: &str, place: &str, is: &TypedField, changes: &mut Changes) {
    match is.type_name.ends_with('!') && is.default.is_none() {
        true => changes.error(rule, place, format!("it is new and must be given: {}", is.type_name)),
        false => changes.info(rule, place, format!("it is new: {}", is.type_name)),
    }
}

/// Whether every value of the first type is one of the second: the same with fewer nulls.
fn is_narrower(narrow: &str, wide: &str) -> bool {
    match (narrow.strip_suffix('!'), wide.strip_suffix('!')) {
        (Some(narrow), Some(wide)) => is_narrower(narrow, wide),
        (Some(narrow), None) => is_narrower(narrow, wide),
        (None, Some(_)) => false,
        (None, None) => {
            let item = |it: &str| it.strip_prefix('[').and_then(|it| it.strip_suffix(']')).map(str::to_owned);
            match (item(narrow), item(wide)) {
                (Some(narrow), Some(wide)) => is_narrower(&narrow, &wide),
                (None, None) => narrow == wide,
                _ => false,
            }
        }
    }
}
