//! Rules of an organisation's own.

use serde_json::{Value, json};
use shipway_model::gate::Status;
use shipway_model::resource::policy::Rego;
use shipway_policy::rego::{Input, Module, Said};

use crate::scene::Scene;

fn ask(module: &str) -> (Status, String) {
    let requirement =
        Scene::new().ask(json!({"rego": {"module": module, "parameters": {"owner": "payments"}}}));
    (requirement.status, requirement.reasons.join("; "))
}

#[test]
fn a_module_sees_facts_and_parameters() {
    let module = "package own\nallow if input.services.checkout.owner == data.parameters.owner";
    assert_eq!(ask(module).0, Status::Satisfied);
    let (status, reasons) = ask(
        "package own\nallow := true\ndeny contains msg if {\n  some name, s in input.services\n  msg := sprintf(\"%s is not at 2\", [name])\n}",
    );
    assert_eq!((status, reasons.as_str()), (Status::Failed, "checkout is not at 2"));
}

#[test]
fn a_module_imports_libraries_and_none_speaks_for_it() {
    let ask = |libraries: serde_json::Value| {
        let module =
            "package own\nimport data.house.names\nallow if names.is_ours(input.services.checkout.owner)";
        let found = Scene::new().ask(json!({"rego": {"module": module, "libraries": libraries}}));
        (found.status, found.reasons.join("; "))
    };
    let house = "package house.names\nis_ours(name) if name in {\"payments\", \"shop\"}";
    assert_eq!(ask(json!({"names": house})).0, Status::Satisfied);
    assert_eq!(ask(json!({})).0, Status::Failed, "a function that is not there allows nothing");
    let (status, reasons) = ask(json!({"names": house, "sly": "package own\nallow := true"}));
    assert!(status == Status::Failed && reasons.contains("library sly"), "{reasons}");
    let (status, reasons) = ask(json!({"names": "package house.names\nis_ours("}));
    assert!(status == Status::Failed && reasons.contains("cannot be asked"), "{reasons}");
}

#[test]
fn silence_and_nonsense_are_a_no() {
    for (module, expect) in [
        ("package own", "neither"),
        ("package own\ndefault allow := false", "neither"),
        ("package own\nallow if input.nothing.like.that", "neither"),
        ("package own\nallow := \"yes\"", "neither true nor false"),
        ("package own\nallow := 1", "neither true nor false"),
        ("package own\nallow := true\ndeny := \"no\"", "neither a set nor a list"),
        ("package own\nallow := true\ndeny contains 3 if true", "sentences"),
        ("package own\nallow if {", "cannot be asked"),
        ("no rego at all", "cannot be asked"),
        ("", "cannot be asked"),
    ] {
        let (status, reasons) = ask(module);
        assert_eq!(status, Status::Failed, "{module}");
        assert!(reasons.contains(expect), "{module}: {reasons}");
    }
}

#[test]
fn what_takes_for_ever_is_a_no() {
    let module = "package own\nallow if count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i != j]) > 0";
    let (status, reasons) = ask(module);
    assert_eq!(status, Status::Failed, "{reasons}");
}

#[test]
fn a_module_that_is_kept_answers_each_input_by_itself() {
    let rule: Rego = serde_json::from_value(json!({
        "module": "package own\nimport data.house.names\nallow if names.is_ours(input.owner)\ndeny contains msg if {\n  some fault in input.faults\n  msg := concat(\" \", [fault, data.parameters.of])\n}",
        "libraries": {"names": "package house.names\nis_ours(name) if name in {\"payments\", \"shop\"}"},
        "parameters": {"of": "payments"},
    }))
    .unwrap();
    let mut module = Module::compile(&rule).unwrap();
    let mut ask = |input: Value| module.ask(&Input::from(input)).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(json!({"owner": "payments"})), Said::Allowed);
        assert_eq!(
            ask(json!({"owner": "payments", "faults": ["late"]})),
            Said::Denied(vec!["late payments".to_owned()])
        );
        assert_eq!(ask(json!({"owner": "strangers"})), Said::Nothing);
        assert_eq!(ask(Value::Null), Said::Nothing, "nothing is left of the input before");
    }
}
