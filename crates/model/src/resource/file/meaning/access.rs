//! People and access policies: names that can act, addresses that are ones, and rules that are there.

use super::{Site, excerpt, way};
use crate::event::{AGENT_PREFIX, CONTROL_PLANE};
use crate::resource::{AccessPolicy, Person};

pub(super) fn check_person(person: &Person, site: &mut Site<'_, '_, '_, '_>) {
    for (idx, account) in person.accounts.iter().enumerate() {
        if account.trim().is_empty() || account == CONTROL_PLANE || account.starts_with(AGENT_PREFIX) {
            let message = format!("`{}` is not the name of a person's account", excerpt(account, 60));
            site.fault(way!["accounts", idx], message, "name accounts and tokens by which the person acts");
        }
    }
    for (idx, email) in person.emails.iter().enumerate() {
        let parts = email.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
        if parts.is_none() || email.contains(char::is_whitespace) {
            let message = format!("`{}` is not an address", excerpt(email, 60));
            site.fault(way!["emails", idx], message, "write for example `ana@example.org`");
        }
    }
    for (idx, subject) in person.subjects.iter().enumerate() {
        let parts = subject.rsplit_once('#').filter(|(issuer, id)| !issuer.is_empty() && !id.is_empty());
        if parts.is_none() {
            let message = format!("`{}` names no issuer and subject", excerpt(subject, 60));
            site.fault(
                way!["subjects", idx],
                message,
                "write for example `https://id.example.org#248289761001`",
            );
        }
    }
}

pub(super) fn check_policy(policy: &AccessPolicy, site: &mut Site<'_, '_, '_, '_>) {
    if policy.cedar.trim().is_empty() {
        let help = "write for example `permit (principal == Person::\"ana\", action, resource);`";
        site.fault(way!["cedar"], "the policy says nothing", help);
    }
}
