//! Where a document says something that turned out not to fit together with other documents.

use super::fault::{Fault, Faults};
use super::tree::{self, Content, Node, Place};
use super::{Key, SourceFile};

/// What a fault is about.
#[derive(Debug, Clone, Copy)]
pub struct Pointer<'a> {
    pub resource: &'a Key,
    /// Names of fields from the outside in, separated by dots; others may stand between them. For example `dependsOn`.
    pub field: &'a str,
    /// The value or key that is meant below the field.
    pub value: Option<&'a str>,
}

/// A fault at the place that `pointer` means, or at its document's beginning when there is no such place. None when no
/// file declares the resource. For files that were read without a fault.
pub fn locate(
    files: &[SourceFile<'_>],
    pointer: Pointer<'_>,
    message: &str,
    help: Option<String>,
) -> Option<Fault> {
    files.iter().find_map(|file| {
        let mut faults = Faults::default();
        let mut of_file = faults.of(*file);
        let documents = tree::documents(file.text, &mut of_file);
        let document = documents.iter().find(|it| declares(it, pointer.resource))?;
        let fields: Vec<&str> = pointer.field.split('.').collect();
        let place = find(document, &fields, pointer.value).unwrap_or(document.opening());
        of_file.add(place, message, help.clone());
        drop(of_file);
        faults.into_list().pop()
    })
}

fn declares(document: &Node, key: &Key) -> bool {
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let entry = |node: &Node, name: &str| node.entry(name).map(|it| it.value.clone());
    let name = entry(document, "metadata").and_then(|it| entry(&it, "name"));
    let kind = entry(document, "kind");
    text(kind.as_ref()).as_deref() == Some(key.kind.as_str())
        && text(name.as_ref()).as_deref() == Some(key.name.as_str())
}

fn find(node: &Node, fields: &[&str], value: Option<&str>) -> Option<Place> {
    let [field, inner @ ..] = fields else { return find_value(node, value?) };
    match &node.content {
        Content::Plain(_) | Content::Quoted(_) => None,
        Content::List(items) => items.iter().find_map(|it| find(it, fields, value)),
        Content::Map(entries) => entries.iter().find_map(|it| match (it.key == *field, inner, value) {
            (true, [], None) => Some(it.value.place),
            (true, ..) => find(&it.value, inner, value),
            (false, ..) => find(&it.value, fields, value),
        }),
    }
}

fn find_value(node: &Node, value: &str) -> Option<Place> {
    match &node.content {
        Content::Plain(text) | Content::Quoted(text) => (text == value).then_some(node.place),
        Content::List(items) => items.iter().find_map(|it| find_value(it, value)),
        Content::Map(entries) => entries
            .iter()
            .find_map(|it| if it.key == value { Some(it.key_place) } else { find_value(&it.value, value) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Kind;

    const FILE: &str = "\
kind: Team
metadata: {name: web}
---
kind: Service
metadata: {name: web}
spec:
  owner: ghost
  dependsOn:
    - service: stock
    - vendor: ghost
";

    #[test]
    fn the_value_below_the_field_of_the_right_document_is_meant() {
        let files = [SourceFile { path: "shop.yaml", text: FILE }];
        let service = Key { kind: Kind::Service, name: "web".parse().unwrap() };
        for (field, value, line, column) in [
            ("owner", Some("ghost"), 7, 10),
            ("dependsOn", Some("ghost"), 10, 15),
            ("dependsOn.vendor", Some("ghost"), 10, 15),
            ("owner", None, 7, 10),
            ("nowhere", None, 4, 1),
        ] {
            let pointer = Pointer { resource: &service, field, value };
            let fault = locate(&files, pointer, "it is not there", None).unwrap();
            assert_eq!((fault.line, fault.column), (line, column), "{field} {value:?}");
        }
        let other = Key { kind: Kind::Vendor, name: "web".parse().unwrap() };
        assert!(
            locate(&files, Pointer { resource: &other, field: "owner", value: None }, "", None).is_none()
        );
    }
}
