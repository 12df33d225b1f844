//! Roots of trust: keys with names of their own, and somebody to believe.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::resource::TrustRoot;

pub(super) fn check(root: &TrustRoot, site: &mut Site<'_, '_, '_, '_>) {
    if root.keys.is_empty()
        && root.allowed_signers.trim().is_empty()
        && root.openpgp.is_empty()
        && root.sigstore.is_none()
    {
        let message = "this root believes nobody, so nothing can be verified with it";
        site.fault(way!["keys"], message, "write `keys`, `allowedSigners`, `openpgp` or `sigstore`");
    }
    for (idx, certificate) in root.openpgp.iter().enumerate() {
        if !certificate.trim().starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            let help = "write what `gpg --armor --export ADDRESS` prints";
            site.fault(way!["openpgp", idx], "this is no armoured OpenPGP certificate", help);
        }
    }
    let mut names = BTreeSet::new();
    for (idx, key) in root.keys.iter().enumerate() {
        if !names.insert(&key.name) {
            let message = format!("another key is called `{}` already", key.name);
            site.fault(way!["keys", idx, "name"], message, "give it a name of its own");
        }
        let pem = key.pem.trim();
        if !pem.starts_with("-----BEGIN PUBLIC KEY-----") {
            // A private key in a file that everybody reads is the likelier and the worse mistake.
            let message = format!("`{}` holds no public key in PEM", key.name);
            let help = "begin with `-----BEGIN PUBLIC KEY-----`, as `openssl pkey -pubout` writes it";
            site.fault(way!["keys", idx, "pem"], message, help);
        }
        if let (Some(from), Some(until)) = (key.valid_from, key.valid_until)
            && from >= until
        {
            let message = format!("`{}` is never valid: it ends at {until}, before it begins", key.name);
            site.fault(way!["keys", idx, "validUntil"], message, "write an instant after `validFrom`");
        }
    }
}
