//! What somebody signed about artifacts: in-toto statements, DSSE envelopes, Sigstore bundles.
//!
//! Reading asks nobody whether a signature holds: that needs roots of trust ([`crate::provenance::verify`]).

use std::io::Read;

use shipway_model::evidence::Normal;

use super::{Fault, Format, Head, Sniff, Source};
use crate::provenance;

pub(super) const FORMAT: Format = Format {
    name: "attestation",
    summary: "in-toto statements (SLSA provenance 0.2 and 1, verification summaries) bare, in DSSE envelopes and in Sigstore bundles 0.1 to 0.3.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let is_envelope = head.has_keys(&["payloadType", "payload"]);
    let is_bundle = head.has_keys(&["verificationMaterial", "mediaType"]);
    let is_statement =
        head.has_keys(&["_type", "predicateType"]) && head.text.contains("in-toto.io/Statement/");
    if is_envelope || is_bundle || is_statement { Sniff::Sure } else { Sniff::No }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut bytes = Vec::new();
    let limit = provenance::DOCUMENT_BYTES_MAX as u64 + 1;
    source.take(limit).read_to_end(&mut bytes).map_err(|it| Fault::new(it.to_string()))?;
    let attestations = provenance::read(&bytes)?;
    let first = attestations.first();
    let tool = first.and_then(|it| {
        let builder = it.build.as_ref().map(|it| &it.builder);
        builder.or(it.summary.as_ref().map(|it| &it.verifier)).cloned()
    });
    Ok(Normal {
        format: FORMAT.name.to_owned(),
        tool,
        about: first.map(|it| it.predicate_type.clone()),
        attestations: Some(attestations),
        ..Normal::default()
    })
}
