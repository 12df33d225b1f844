//! What a process finds in its environment, and what stands in its command.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use shipway_model::Name;
use shipway_model::plan::Instance;
use shipway_model::resource::service::SecretRef;

/// All that is passed on from the agent's own environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    #[error("secret {name} cannot be read from {source_name}: {fault}")]
    Secret { name: String, source_name: String, fault: String },
    #[error("`${{port.{0}}}` names a port that the contract does not have")]
    UnknownPort(String),
}

/// What `${…}` may stand for.
pub(crate) struct Values<'a> {
    pub(crate) address: IpAddr,
    pub(crate) ports: &'a BTreeMap<Name, u16>,
}

impl Values<'_> {
    /// Replaces `${address}` and `${port.NAME}`. Other `${…}` are left for shells.
    pub(crate) fn substitute(&self, text: &str) -> Result<String, EnvironmentError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                continue;
            };
            match name.strip_prefix("port.") {
                Some(port) => {
                    let number = self.ports.get(port);
                    let number = number.ok_or_else(|| EnvironmentError::UnknownPort(port.to_owned()))?;
                    out.push_str(&number.to_string());
                }
                None if name == "address" => out.push_str(&self.address.to_string()),
                None => {
                    // Only the opening is passed over: what is inside may hold a name of ours.
                    out.push_str("${");
                    rest = after;
                    continue;
                }
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The environment of every process that the agent starts: what is inherited, then `own`, then the values of
/// `secrets`.
pub(crate) fn compose(
    values: &Values<'_>,
    own: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, EnvironmentError> {
    let mut all: BTreeMap<String, String> =
        INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    for (name, value) in own {
        all.insert(name.clone(), values.substitute(value)?);
    }
    all.extend(secrets.clone());
    Ok(all)
}

/// What an instance is told about itself. It comes last: a contract cannot say otherwise.
pub(crate) fn describe(instance: &Instance, values: &Values<'_>, folder: &Path) -> BTreeMap<String, String> {
    let Instance { environment, service, version, target } = instance;
    let mut all: BTreeMap<String, String> = [
        ("ADDRESS", values.address.to_string()),
        ("SHIPWAY_SERVICE", service.to_string()),
        ("SHIPWAY_VERSION", version.to_string()),
        ("SHIPWAY_ENVIRONMENT", environment.to_string()),
        ("SHIPWAY_HOST", target.to_string()),
        ("SHIPWAY_FOLDER", folder.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    all.extend(crate::port::main(values.ports).map(|it| ("PORT".to_owned(), it.to_string())));
    all.extend(values.ports.iter().map(|(name, number)| {
        (format!("PORT_{}", name.as_str().to_uppercase().replace('-', "_")), number.to_string())
    }));
    all
}

/// Reads every secret here, on the host.
pub(crate) fn read_secrets(
    secrets: &BTreeMap<String, SecretRef>,
) -> Result<BTreeMap<String, String>, EnvironmentError> {
    let read = |(name, from): (&String, &SecretRef)| {
        let (source_name, value) = match from {
            SecretRef::File(path) => {
                let value = fs::read_to_string(path).map_err(|it| it.to_string());
                (format!("file {path}"), value)
            }
            SecretRef::Env(variable) => {
                let value = std::env::var(variable).map_err(|it| it.to_string());
                (format!("the agent's variable {variable}"), value)
            }
        };
        match value {
            Ok(value) => Ok((name.clone(), without_newline(value))),
            Err(fault) => Err(EnvironmentError::Secret { name: name.clone(), source_name, fault }),
        }
    };
    secrets.iter().map(read).collect()
}

fn without_newline(mut value: String) -> String {
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_what_shells_know_is_left() {
        let ports = BTreeMap::from([("http".parse().expect("a name"), 20_001)]);
        let values = Values { address: "127.0.0.7".parse().expect("an address"), ports: &ports };
        for (text, expected) in [
            ("http://${address}:${port.http}/", "http://127.0.0.7:20001/"),
            ("${HOME} ${x${port.http}} $${address} ${", "${HOME} ${x20001} $127.0.0.7 ${"),
            ("plain", "plain"),
        ] {
            assert_eq!(values.substitute(text).expect("replaced"), expected);
        }
        assert!(matches!(values.substitute("${port.admin}"), Err(EnvironmentError::UnknownPort(_))));
    }

    #[test]
    fn a_missing_secret_is_named_and_a_newline_at_the_end_is_no_part_of_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        fs::write(&path, "line one\nline two\n").expect("writes");
        let at =
            |path: &Path| BTreeMap::from([("KEY".to_owned(), SecretRef::File(path.display().to_string()))]);
        assert_eq!(read_secrets(&at(&path)).expect("read")["KEY"], "line one\nline two");
        let fault = read_secrets(&at(&folder.path().join("none"))).expect_err("missing").to_string();
        assert!(fault.contains("KEY") && fault.contains("none"), "{fault}");
    }
}
