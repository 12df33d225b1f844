//! Vendors and libraries: limits that limit, and nothing that leans on itself.

use super::service::check_dependencies;
use super::{Site, way};
use crate::Name;
use crate::evidence::package_without_version;
use crate::resource::service::Dependency;
use crate::resource::{Library, Vendor};

pub(super) fn check_vendor(name: &Name, vendor: &Vendor, site: &mut Site<'_, '_, '_, '_>) {
    if vendor.failover.as_ref() == Some(name) {
        site.fault(way!["failover"], "the vendor cannot take over from itself", "name another Vendor");
    }
    if vendor.rate_limit.as_ref().is_some_and(|it| it.per.0 == 0) {
        site.fault(
            way!["rateLimit", "per"],
            "the period must be longer than nothing",
            "write for example `per: 1s`",
        );
    }
    for (idx, window) in vendor.maintenance_windows.iter().enumerate() {
        if !window.rule.starts_with("FREQ=") {
            let message = "the rule is not an RFC 5545 recurrence rule";
            let help = "write for example `rule: FREQ=WEEKLY;BYDAY=SU;BYHOUR=3`";
            site.fault(way!["maintenanceWindows", idx, "rule"], message, help);
        }
    }
}

pub(super) fn check_library(name: &Name, library: &Library, site: &mut Site<'_, '_, '_, '_>) {
    check_dependencies(&library.depends_on, &Dependency::Library(name.clone()), site);
    for package in &library.packages {
        if package_without_version(package) != package || !package.starts_with("pkg:") {
            let message = format!("`{package}` is not a package URL without a version");
            let help = "write for example `pkg:npm/%40shop/money` or `pkg:maven/org.example/money`";
            site.fault(way!["packages"], message, help);
        }
    }
}
