//! Protobuf, syntax 2 and 3, one file.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type as Scalar};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use shipway_model::contract::{Cardinality, Enumeration, Field, Message, Method, Protobuf, Reserved};

use super::nesting::{self, Comments};
use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<Protobuf, Fault> {
    nesting::check(text, Comments::Slashes)?;
    let file = protox_parse::parse("contract.proto", text)
        .map_err(|it| Fault::new(format!("it is no Protobuf file: {it}")))?;
    let package = file.package().to_owned();
    let mut read = Reading {
        declared: BTreeSet::new(),
        file: Protobuf::default(),
        is_proto3: file.syntax() == "proto3",
    };
    read.declare(&package, &file.message_type, &file.enum_type);
    read.messages(&package, &file.message_type);
    read.enums(&package, &file.enum_type);
    read.services(&package, &file);
    let Reading { file: mut contract, .. } = read;
    contract.options = options(&file);
    contract.syntax = file.syntax.unwrap_or_else(|| "proto2".to_owned());
    contract.package = package;
    Ok(contract)
}

struct Reading {
    /// Every message and enumeration of the file, by its whole name.
    declared: BTreeSet<String>,
    file: Protobuf,
    is_proto3: bool,
}

impl Reading {
    fn declare(&mut self, scope: &str, messages: &[DescriptorProto], enums: &[EnumDescriptorProto]) {
        self.declared.extend(enums.iter().map(|it| within(scope, it.name())));
        for it in messages {
            let name = within(scope, it.name());
            self.declare(&name, &it.nested_type, &it.enum_type);
            self.declared.insert(name);
        }
    }

    fn messages(&mut self, scope: &str, messages: &[DescriptorProto]) {
        for it in messages {
            let name = within(scope, it.name());
            let oneofs: Vec<&str> = it.oneof_decl.iter().map(|it| it.name()).collect();
            let fields =
                it.field.iter().map(|field| (field.number(), self.field(&name, field, &oneofs))).collect();
            // Their end is the first number that is free again.
            let ranges = it.reserved_range.iter().map(|it| (it.start(), it.end() - 1)).collect();
            let names = it.reserved_name.iter().cloned().collect();
            self.messages(&name, &it.nested_type);
            self.enums(&name, &it.enum_type);
            self.file.messages.insert(name, Message { fields, reserved: Reserved { ranges, names } });
        }
    }

    fn field(&self, scope: &str, it: &FieldDescriptorProto, oneofs: &[&str]) -> Field {
        let is_optional = it.proto3_optional();
        let oneof = it.oneof_index.and_then(|idx| oneofs.get(usize::try_from(idx).ok()?));
        let cardinality = match it.label() {
            Label::Repeated => Cardinality::Repeated,
            Label::Required => Cardinality::Required,
            Label::Optional if self.is_proto3 && !is_optional => Cardinality::Implicit,
            Label::Optional => Cardinality::Optional,
        };
        Field {
            name: it.name().to_owned(),
            json_name: it.json_name.clone().unwrap_or_else(|| camel(it.name())),
            cardinality,
            type_name: match &it.type_name {
                Some(name) => self.resolve(scope, name),
                None => scalar(it.r#type()).to_owned(),
            },
            // The oneof of an optional field is an invention of the compiler's.
            oneof: oneof.filter(|_| !is_optional).map(|it| (*it).to_owned()),
        }
    }

    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for it in enums {
            let mut values: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
            for value in &it.value {
                values.entry(value.number()).or_default().insert(value.name().to_owned());
            }
            let ranges = it.reserved_range.iter().map(|it| (it.start(), it.end())).collect();
            let names = it.reserved_name.iter().cloned().collect();
            let enumeration = Enumeration { values, reserved: Reserved { ranges, names } };
            self.file.enums.insert(within(scope, it.name()), enumeration);
        }
    }

    fn services(&mut self, package: &str, file: &FileDescriptorProto) {
        for it in &file.service {
            let name = within(package, it.name());
            let method = |it: &prost_types::MethodDescriptorProto| Method {
                request: self.resolve(&name, it.input_type()),
                response: self.resolve(&name, it.output_type()),
                client_streams: it.client_streaming(),
                server_streams: it.server_streaming(),
            };
            let methods = it.method.iter().map(|it| (it.name().to_owned(), method(it))).collect();
            self.file.services.insert(name, methods);
        }
    }

    /// The whole name, searched from the innermost scope outwards; what is declared elsewhere stays as it is written.
    fn resolve(&self, scope: &str, name: &str) -> String {
        if let Some(whole) = name.strip_prefix('.') {
            return whole.to_owned();
        }
        let mut scope = Some(scope);
        while let Some(here) = scope {
            let candidate = within(here, name);
            if self.declared.contains(&candidate) {
                return candidate;
            }
            scope = match here.rsplit_once('.') {
                Some((outer, _)) => Some(outer),
                None => (!here.is_empty()).then_some(""),
            };
        }
        name.to_owned()
    }
}

fn within(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// `order_id` is `orderId` in JSON.
fn camel(name: &str) -> String {
    let mut is_next_large = false;
    let mut text = String::new();
    for it in name.chars() {
        match it {
            '_' => is_next_large = true,
            it if is_next_large => {
                text.extend(it.to_uppercase());
                is_next_large = false;
            }
            it => text.push(it),
        }
    }
    text
}

fn scalar(it: Scalar) -> &'static str {
    match it {
        Scalar::Double => "double",
        Scalar::Float => "float",
        Scalar::Int64 => "int64",
        Scalar::Uint64 => "uint64",
        Scalar::Int32 => "int32",
        Scalar::Fixed64 => "fixed64",
        Scalar::Fixed32 => "fixed32",
        Scalar::Bool => "bool",
        Scalar::String => "string",
        Scalar::Group => "group",
        Scalar::Message => "message",
        Scalar::Bytes => "bytes",
        Scalar::Uint32 => "uint32",
        Scalar::Enum => "enum",
        Scalar::Sfixed32 => "sfixed32",
        Scalar::Sfixed64 => "sfixed64",
        Scalar::Sint32 => "sint32",
        Scalar::Sint64 => "sint64",
    }
}

/// Those on which generated code depends.
fn options(file: &FileDescriptorProto) -> BTreeMap<String, String> {
    let Some(it) = &file.options else { return BTreeMap::new() };
    // The parser leaves options to whoever links files.
    let unread = |name: &str| {
        let mut all = it.uninterpreted_option.iter();
        let found = all.find(|it| matches!(&it.name[..], [part] if part.name_part == name))?;
        String::from_utf8(found.string_value.clone()?).ok()
    };
    let known = [
        ("go_package", &it.go_package),
        ("java_package", &it.java_package),
        ("csharp_namespace", &it.csharp_namespace),
        ("php_namespace", &it.php_namespace),
        ("ruby_package", &it.ruby_package),
    ];
    let known = known.map(|(name, value)| (name, value.clone().or_else(|| unread(name))));
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
