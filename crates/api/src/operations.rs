//! The table of operations: every path of `/api/v1`, and of OpenTelemetry's `/v1`, who may call it, what it takes and
//! answers.
//!
//! One file per noun. An operation is a marker type; adding one is an entry here and a handler in the server,
//! and a test there fails while either is missing.

use crate::Endpoint;

pub mod access;
pub mod account;
pub mod agent;
pub mod alert;
pub mod artifact;
pub mod blob;
pub mod board;
pub mod calendar;
pub mod change;
pub mod channel;
pub mod contract;
pub mod decision;
pub mod environment;
pub mod evidence;
pub mod gate;
pub mod inventory;
pub mod itsm;
pub mod key;
pub mod ledger;
pub mod pause;
pub mod plan;
pub mod register;
pub mod release;
pub mod resource;
pub mod rollout;
pub mod runbook;
pub mod schedule;
pub mod scope;
pub mod source;
pub mod telemetry;
pub mod test;
pub mod threshold;
pub mod token;
pub mod train;
pub mod vulnerability;
pub mod waiver;
pub mod webhook;

/// Declares the operations of a noun and its part of the table.
///
/// `Name "id": METHOD "path", Permission { path: T, query: T, body: P, answer: P, status: N, pace: P,
/// conditional: true, as_of: true, errors: [Code] }`, where everything but `answer` may be left out, in this order.
macro_rules! operations {
    ($(
        $(#[doc = $summary:literal])+
        $name:ident $id:literal: $method:ident $path:literal, $permission:ident {
            $(path: $path_type:ty,)?
            $(query: $query:ty,)?
            $(body: $body:ty,)?
            answer: $answer:ty,
            $(status: $status:literal,)?
            $(pace: $pace:ident,)?
            $(conditional: $conditional:literal,)?
            $(as_of: $as_of:literal,)?
            $(errors: [$($error:ident),* $(,)?],)?
        }
    )*) => {
        $(
            $(#[doc = $summary])+
            pub struct $name;

            impl $crate::Operation for $name {
                const ID: &'static str = $id;
                const METHOD: $crate::Method = $crate::Method::$method;
                const PATH: &'static str = $path;
                const PERMISSION: $crate::Permission = $crate::Permission::$permission;
                const SUMMARY: &'static str = concat!($($summary),+);
                const STATUS: u16 = $crate::operations::given!([$($status)?] 200);
                const ERRORS: &'static [$crate::Code] = &[$($($crate::Code::$error),*)?];
                const PACE: $crate::endpoint::Pace =
                    $crate::operations::given!([$($crate::endpoint::Pace::$pace)?] $crate::endpoint::Pace::Prompt);
                const CONDITIONAL: bool = $crate::operations::given!([$($conditional)?] false);
                const TAKES_AS_OF: bool = $crate::operations::given!(
                    [$($as_of)?] $crate::endpoint::is_read(Self::METHOD, Self::PERMISSION)
                );
                type Path = $crate::operations::given!(type [$($path_type)?] ());
                type Query = $crate::operations::given!(type [$($query)?] ());
                type Body = $crate::operations::given!(type [$($body)?] ());
                type Answer = $answer;
            }
        )*

        pub(crate) const ALL: &[fn() -> $crate::Endpoint] = &[$($crate::Endpoint::of::<$name>),*];
    };
}

/// What was given, or the default.
macro_rules! given {
    (type [] $default:ty) => {
        $default
    };
    (type [$given:ty] $default:ty) => {
        $given
    };
    ([] $default:expr) => {
        $default
    };
    ([$given:expr] $default:expr) => {
        $given
    };
}

pub(crate) use {given, operations};

/// Every operation, by noun.
pub const ALL: &[&[fn() -> Endpoint]] = &[
    resource::ALL,
    blob::ALL,
    artifact::ALL,
    release::ALL,
    evidence::ALL,
    gate::ALL,
    decision::ALL,
    waiver::ALL,
    vulnerability::ALL,
    contract::ALL,
    test::ALL,
    plan::ALL,
    rollout::ALL,
    runbook::ALL,
    pause::ALL,
    calendar::ALL,
    schedule::ALL,
    change::ALL,
    board::ALL,
    itsm::ALL,
    channel::ALL,
    webhook::ALL,
    register::ALL,
    scope::ALL,
    source::ALL,
    threshold::ALL,
    train::ALL,
    key::ALL,
    environment::ALL,
    inventory::ALL,
    agent::ALL,
    alert::ALL,
    telemetry::ALL,
    ledger::ALL,
    token::ALL,
    access::ALL,
    account::ALL,
];

/// The rows of the table.
pub fn all() -> impl Iterator<Item = Endpoint> {
    ALL.iter().flat_map(|noun| noun.iter()).map(|row| row())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemars::generate::SchemaSettings;

    #[test]
    fn ids_and_requests_are_unique() {
        let ids: BTreeSet<_> = super::all().map(|it| it.id).collect();
        let requests: BTreeSet<_> = super::all().map(|it| (it.method, it.path)).collect();
        assert_eq!(ids.len(), super::all().count());
        assert_eq!(requests.len(), super::all().count());
    }

    #[test]
    fn every_placeholder_has_a_field_and_every_field_a_placeholder() {
        for endpoint in super::all() {
            let mut generator = SchemaSettings::draft2020_12().into_generator();
            let schema = (endpoint.path_schema)(&mut generator);
            let fields: BTreeSet<String> = schema
                .get("properties")
                .and_then(|it| it.as_object())
                .map(|it| it.keys().cloned().collect())
                .unwrap_or_default();
            let placeholders: BTreeSet<String> = endpoint
                .path
                .split('/')
                .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
                .map(str::to_owned)
                .collect();
            assert_eq!(fields, placeholders, "{}", endpoint.id);
        }
    }
}
