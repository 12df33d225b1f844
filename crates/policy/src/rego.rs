//! Asking a Rego module.
//!
//! The answer is yes only when `allow` is exactly `true` and `deny` holds nothing. Everything else, an undefined rule
//! or a wrong type among it, is a no: a module that says nothing about an input must not let it pass.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};
use shipway_model::resource::policy::Rego;

use crate::facts::Facts;

/// How long one module may take. It is a bound against loops, not part of the decision: hitting it is a no.
const TIME_MAX: Duration = Duration::from_secs(2);
/// Steps between two looks at the time.
const STEPS_PER_LOOK: NonZeroU32 = NonZeroU32::new(1000).expect("it is not zero");
/// Longest module with its libraries, in bytes.
pub const MODULE_BYTES_MAX: usize = 256 * 1024;

/// What a module says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    Allowed,
    /// Sorted sentences.
    Denied(Vec<String>),
    /// Neither.
    Nothing,
}

/// What modules see. Made once of the same facts, however many modules are asked.
#[derive(Debug, Clone)]
pub struct Input(Value);

impl Input {
    pub fn of(facts: &Facts) -> Self {
        Self::from(serde_json::to_value(facts).expect("facts have string keys and finite numbers"))
    }
}

impl From<serde_json::Value> for Input {
    fn from(json: serde_json::Value) -> Self {
        Self(Value::from(json))
    }
}

/// A module with its libraries and parameters, ready to be asked about any number of inputs.
#[derive(Debug)]
pub struct Module {
    engine: Engine,
    package: String,
}

impl Module {
    /// # Errors
    /// A sentence when it does not compile, or is larger than [`MODULE_BYTES_MAX`].
    pub fn compile(rule: &Rego) -> Result<Self, String> {
        let size = rule.module.len() + rule.libraries.values().map(String::len).sum::<usize>();
        if size > MODULE_BYTES_MAX {
            return Err(format!("it has {size} bytes, and at most {MODULE_BYTES_MAX} are read"));
        }
        let plain = |error: &dyn std::fmt::Display| error.to_string().trim().to_owned();
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: TIME_MAX,
            check_interval: STEPS_PER_LOOK,
        });
        let package =
            engine.add_policy("policy.rego".to_owned(), rule.module.clone()).map_err(|it| plain(&it))?;
        for (name, library) in &rule.libraries {
            let of_library =
                engine.add_policy(format!("library {name}"), library.clone()).map_err(|it| plain(&it))?;
            // Its rules would be taken for the module's own.
            if of_library == package {
                return Err(format!("the library {name} is of the module's own package, `{package}`"));
            }
        }
        let data = serde_json::json!({ "parameters": rule.parameters });
        engine.add_data(Value::from(data)).map_err(|it| plain(&it))?;
        Ok(Self { engine, package })
    }

    /// Evaluates its `allow` and `deny` over `input`, with its parameters as `data.parameters` and its libraries at hand. Each
    /// evaluation begins anew: nothing of an earlier input is left.
    ///
    /// # Errors
    /// A sentence when it takes too long, or fails.
    pub fn ask(&mut self, input: &Input) -> Result<Said, String> {
        self.engine.set_input(input.0.clone());
        let denied = match evaluated(&mut self.engine, &self.package, "deny") {
            Ok(value) => sentences(&value)?,
            Err(Undefined::NoRule) => Vec::new(),
            Err(Undefined::Failed(why)) => return Err(why),
        };
        if !denied.is_empty() {
            return Ok(Said::Denied(denied));
        }
        match evaluated(&mut self.engine, &self.package, "allow") {
            Ok(Value::Bool(true)) => Ok(Said::Allowed),
            Ok(Value::Bool(false) | Value::Undefined) | Err(Undefined::NoRule) => Ok(Said::Nothing),
            Ok(_) => Err("`allow` is neither true nor false".to_owned()),
            Err(Undefined::Failed(why)) => Err(why),
        }
    }
}

/// Compiles a rule's module and asks it once.
///
/// # Errors
/// A sentence when the module does not compile, takes too long, or fails.
pub fn ask(rule: &Rego, input: &Input) -> Result<Said, String> {
    Module::compile(rule)?.ask(input)
}

enum Undefined {
    NoRule,
    Failed(String),
}

fn evaluated(engine: &mut Engine, package: &str, name: &str) -> Result<Value, Undefined> {
    let has = engine.has_declared_rule_rooted_at("policy.rego", name);
    if !has.map_err(|it| Undefined::Failed(it.to_string()))? {
        return Err(Undefined::NoRule);
    }
    engine
        .eval_rule(format!("{package}.{name}"))
        .map_err(|it| Undefined::Failed(it.to_string().trim().to_owned()))
}

/// `deny` is a set or a list of sentences.
fn sentences(value: &Value) -> Result<Vec<String>, String> {
    let of = |items: Vec<&Value>| -> Result<Vec<String>, String> {
        let text = |it: &Value| match it {
            Value::String(text) => Ok(text.to_string()),
            other => Err(format!("`deny` holds {other}, and sentences are asked for")),
        };
        let mut all: Vec<String> = items.into_iter().map(text).collect::<Result<_, _>>()?;
        all.sort();
        Ok(all)
    };
    match value {
        Value::Undefined => Ok(Vec::new()),
        Value::Set(items) => of(items.iter().collect()),
        Value::Array(items) => of(items.iter().collect()),
        _ => Err("`deny` is neither a set nor a list of sentences".to_owned()),
    }
}
