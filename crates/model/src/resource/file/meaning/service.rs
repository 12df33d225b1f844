//! Services: the deployment contract holds together.

use std::collections::BTreeSet;

use super::{Segment, Site, way};
use crate::Name;
use crate::resource::file::nearest::nearest;
use crate::resource::file::shape::quoted;
use crate::resource::service::{Dependency, Deployment, ExpectedAlert, Health, Probe, Service};

pub(super) fn check(name: &Name, service: &Service, site: &mut Site<'_, '_, '_, '_>) {
    check_dependencies(&service.depends_on, &Dependency::Service(name.clone()), site);
    check_expected_alerts(&service.expected_alerts, site);
    check_deployment(&service.deployment, site);
}

/// What is critical is never silenced, so nobody may expect it.
fn check_expected_alerts(expected: &[ExpectedAlert], site: &mut Site<'_, '_, '_, '_>) {
    for (idx, it) in expected.iter().enumerate() {
        if it.labels.get("severity").is_some_and(|it| it.eq_ignore_ascii_case("critical")) {
            let message = "alerts of severity critical are never silenced";
            let help = "remove the entry, or give the alert another severity";
            site.fault(way!["expectedAlerts", idx, "labels", "severity"], message, help);
        }
        if it.alert.is_empty() {
            let message = "a silence without the alert's name would cover every alert";
            site.fault(way!["expectedAlerts", idx, "alert"], message, "write its `alertname`");
        }
    }
}

pub(super) fn check_dependencies(
    depends_on: &[Dependency],
    itself: &Dependency,
    site: &mut Site<'_, '_, '_, '_>,
) {
    let mut seen = BTreeSet::new();
    for (idx, dependency) in depends_on.iter().enumerate() {
        let path = way!["dependsOn", idx];
        if dependency == itself {
            site.fault(path, "it depends on itself", "remove the entry");
        }
        if !seen.insert(dependency) {
            site.fault(path, "the same dependency stands above already", "remove the entry");
        }
    }
}

/// Files that the service itself writes lie below its folder; an agent reads no others for it.
fn check_log_files(deployment: &Deployment, site: &mut Site<'_, '_, '_, '_>) {
    for (idx, file) in deployment.logs.files.iter().enumerate() {
        let is_below = !file.is_empty()
            && !file.starts_with('/')
            && file.split('/').all(|it| !matches!(it, "" | "." | ".."));
        if !is_below {
            let message = format!("`{file}` is no path below the instance's folder");
            let help = "write for example `log/app.log`";
            site.fault(way!["deployment", "logs", "files", idx], message, help);
        }
    }
}

fn check_deployment(deployment: &Deployment, site: &mut Site<'_, '_, '_, '_>) {
    check_log_files(deployment, site);
    let path = way!["deployment"];
    site.check_command(way!(path; "command"), &deployment.command);
    for (idx, argument) in deployment.command.iter().enumerate() {
        site.check_placeholders(way!(path; "command", idx), argument, |it| of_instance(deployment, it));
    }
    site.check_variables(
        (way!(path; "environment"), &deployment.environment),
        (way!(path; "secrets"), &deployment.secrets),
    );
    for (name, value) in &deployment.environment {
        check_reserved(deployment, name, way!(path; "environment", name), site);
        site.check_placeholders(way!(path; "environment", name), value, |it| of_variable(deployment, it));
    }
    for name in deployment.secrets.keys() {
        check_reserved(deployment, name, way!(path; "secrets", name), site);
    }
    check_health(&deployment.health, deployment, site);
}

/// The agent sets these itself.
fn check_reserved(
    deployment: &Deployment,
    variable: &str,
    path: &[Segment<'_>],
    site: &mut Site<'_, '_, '_, '_>,
) {
    let of_port = |port: &Name| format!("PORT_{}", port.as_str().replace('-', "_").to_uppercase());
    if variable == "PORT" || deployment.ports.keys().any(|it| of_port(it) == variable) {
        let message = format!("`{variable}` is set to a port that the agent gives");
        site.fault_in_key(
            path,
            message,
            "remove it, and declare the number under `ports` if it must be fixed",
        );
    }
}

fn of_instance(deployment: &Deployment, placeholder: &str) -> Result<(), String> {
    match placeholder.strip_prefix("port.") {
        _ if placeholder == "address" => Ok(()),
        Some(port) if deployment.ports.contains_key(port) => Ok(()),
        Some(_) => Err(format!("declare the port; there are {}", ports(deployment))),
        None => {
            Err("use `${address}` or `${port.NAME}`; a variable of the shell's is written `$NAME`".to_owned())
        }
    }
}

fn of_variable(deployment: &Deployment, placeholder: &str) -> Result<(), String> {
    match placeholder.strip_prefix("url.") {
        Some(service) if service.parse::<Name>().is_ok() => Ok(()),
        Some(_) => Err("write the service's name, for example `${url.checkout}`".to_owned()),
        None => of_instance(deployment, placeholder).map_err(|_| {
            "use `${url.SERVICE}`, `${address}` or `${port.NAME}` with a port of `ports`".to_owned()
        }),
    }
}

fn check_health(health: &Health, deployment: &Deployment, site: &mut Site<'_, '_, '_, '_>) {
    let mut names = BTreeSet::new();
    for (idx, check) in health.checks.iter().enumerate() {
        let path = way!["deployment", "health", "checks", idx];
        if !names.insert(&check.name) {
            site.fault(
                way!(path; "name"),
                format!("a check above is named `{}` too", check.name),
                "rename one of them",
            );
        }
        let probe = way!(path; "probe", check.probe.name());
        match &check.probe {
            Probe::Http(http) if http.path.starts_with('/') => {
                check_port(&http.port, deployment, way!(probe; "port"), site);
            }
            Probe::Http(http) => {
                if !http.path.starts_with("http://") {
                    let message = "the path is neither one of the instance nor a whole address";
                    site.fault(way!(probe; "path"), message, "write for example `path: /healthz`");
                }
            }
            Probe::Tcp(tcp) => check_endpoint(tcp.address.as_deref(), &tcp.port, deployment, probe, site),
            Probe::Grpc(grpc) => check_endpoint(grpc.address.as_deref(), &grpc.port, deployment, probe, site),
            Probe::Exec(exec) => site.check_command(way!(probe; "command"), &exec.command),
        }
    }
    for (field, value) in [("interval", health.interval), ("timeout", health.timeout)] {
        if value.0 == 0 {
            let path = way!["deployment", "health", field];
            site.fault(
                path,
                format!("{field} must be longer than nothing"),
                format!("write for example `{field}: 2s`"),
            );
        }
    }
}

/// The address of something else, or a port of its own.
fn check_endpoint(
    address: Option<&str>,
    port: &Name,
    deployment: &Deployment,
    probe: &[Segment<'_>],
    site: &mut Site<'_, '_, '_, '_>,
) {
    let Some(address) = address else {
        return check_port(port, deployment, way!(probe; "port"), site);
    };
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
        let help = "write for example `address: 127.0.0.1:5432`";
        site.fault(way!(probe; "address"), "the address is not `HOST:PORT`", help);
    }
}

fn check_port(port: &Name, deployment: &Deployment, path: &[Segment<'_>], site: &mut Site<'_, '_, '_, '_>) {
    if deployment.ports.contains_key(port) {
        return;
    }
    let known = deployment.ports.keys().map(Name::as_str);
    let help = match nearest(port.as_str(), known.clone()) {
        Some(near) => format!("did you mean `{near}`? There are {}", ports(deployment)),
        None => format!("add `{port}: 0` under `ports`, or use one of {}", ports(deployment)),
    };
    site.fault(path, format!("the check uses the port `{port}`, which `ports` does not declare"), help);
}

fn ports(deployment: &Deployment) -> String {
    match deployment.ports.is_empty() {
        true => "none".to_owned(),
        false => quoted(deployment.ports.keys().map(Name::as_str)),
    }
}
