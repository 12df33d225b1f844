//! Schemas in GraphQL's definition language.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::schema::{
    Definition, EnumValue, Field, InputValue, SchemaDefinition, TypeDefinition, TypeExtension,
};
use shipway_model::contract::{Fields, GraphQl, Type, TypedField};

use super::nesting::{self, Comments};
use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<GraphQl, Fault> {
    nesting::check(text, Comments::Hashes)?;
    let document = graphql_parser::parse_schema::<String>(text)
        .map_err(|it| Fault::new(format!("it is no GraphQL schema: {}", it.to_string().trim())))?;
    let mut schema = GraphQl::default();
    for definition in document.definitions {
        match definition {
            Definition::SchemaDefinition(it) => schema.roots.extend(roots(it)),
            Definition::TypeDefinition(it) => {
                let (name, it) = of_definition(it);
                if schema.types.insert(name.clone(), it).is_some() {
                    return Err(Fault::new(format!("the type `{name}` is defined twice")));
                }
            }
            Definition::TypeExtension(it) => extend(&mut schema.types, it)?,
            Definition::DirectiveDefinition(_) => {}
        }
    }
    if schema.roots.is_empty() {
        // Without a schema definition the roots have their usual names (GraphQL, section 3.3.1).
        for (operation, name) in
            [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")]
        {
            if schema.types.contains_key(name) {
                schema.roots.insert(operation.to_owned(), name.to_owned());
            }
        }
    }
    match schema.types.is_empty() {
        true => Err(Fault::new("the schema defines no type")),
        false => Ok(schema),
    }
}

fn roots(it: SchemaDefinition<'_, String>) -> impl Iterator<Item = (String, String)> {
    let all = [("query", it.query), ("mutation", it.mutation), ("subscription", it.subscription)];
    all.into_iter().filter_map(|(operation, name)| Some((operation.to_owned(), name?)))
}

fn of_definition(it: TypeDefinition<'_, String>) -> (String, Type) {
    match it {
        TypeDefinition::Scalar(it) => (it.name, Type::Scalar),
        TypeDefinition::Object(it) => (it.name, Type::Object(outputs(it.fields, it.implements_interfaces))),
        TypeDefinition::Interface(it) => {
            (it.name, Type::Interface(outputs(it.fields, it.implements_interfaces)))
        }
        TypeDefinition::Union(it) => (it.name, Type::Union { members: it.types.into_iter().collect() }),
        TypeDefinition::Enum(it) => (it.name, Type::Enum { values: values(it.values) }),
        TypeDefinition::InputObject(it) => (it.name, Type::Input(inputs(it.fields))),
    }
}

/// Adds what an extension says to the type; a type that is defined elsewhere begins with it.
fn extend(types: &mut BTreeMap<String, Type>, it: TypeExtension<'_, String>) -> Result<(), Fault> {
    let (name, more) = match it {
        TypeExtension::Scalar(_) => return Ok(()),
        TypeExtension::Object(it) => (it.name, Type::Object(outputs(it.fields, it.implements_interfaces))),
        TypeExtension::Interface(it) => {
            (it.name, Type::Interface(outputs(it.fields, it.implements_interfaces)))
        }
        TypeExtension::Union(it) => (it.name, Type::Union { members: it.types.into_iter().collect() }),
        TypeExtension::Enum(it) => (it.name, Type::Enum { values: values(it.values) }),
        TypeExtension::InputObject(it) => (it.name, Type::Input(inputs(it.fields))),
    };
    let Some(known) = types.get_mut(&name) else {
        types.insert(name, more);
        return Ok(());
    };
    match (known, more) {
        (Type::Object(known), Type::Object(more))
        | (Type::Interface(known), Type::Interface(more))
        | (Type::Input(known), Type::Input(more)) => {
            known.fields.extend(more.fields);
            known.implements.extend(more.implements);
        }
        (Type::Union { members: known }, Type::Union { members: more })
        | (Type::Enum { values: known }, Type::Enum { values: more }) => known.extend(more),
        _ => return Err(Fault::new(format!("`{name}` is extended as a type of another kind"))),
    }
    Ok(())
}

fn outputs(fields: Vec<Field<'_, String>>, implements: Vec<String>) -> Fields {
    let field = |it: Field<'_, String>| {
        let typed = TypedField {
            type_name: it.field_type.to_string(),
            default: None,
            arguments: it.arguments.into_iter().map(input).collect(),
            deprecated: it.directives.iter().any(|it| it.name == "deprecated"),
        };
        (it.name, typed)
    };
    Fields { fields: fields.into_iter().map(field).collect(), implements: implements.into_iter().collect() }
}

fn inputs(fields: Vec<InputValue<'_, String>>) -> Fields {
    Fields { fields: fields.into_iter().map(input).collect(), implements: BTreeSet::new() }
}

fn input(it: InputValue<'_, String>) -> (String, TypedField) {
    let typed = TypedField {
        type_name: it.value_type.to_string(),
        default: it.default_value.map(|it| it.to_string()),
        arguments: BTreeMap::new(),
        deprecated: it.directives.iter().any(|it| it.name == "deprecated"),
    };
    (it.name, typed)
}

fn values(values: Vec<EnumValue<'_, String>>) -> BTreeSet<String> {
    values.into_iter().map(|it| it.name).collect()
}
