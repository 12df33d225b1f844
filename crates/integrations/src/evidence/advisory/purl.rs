//! Package URLs: taken apart where a document gives no more, and made where it gives less.

use packageurl::PackageUrl;

/// The name, in the spelling of its ecosystem as far as a `/` between its parts goes, and the version.
/// `None` where the text is no package URL.
pub(in crate::evidence) fn parts(purl: &str) -> Option<(String, Option<String>)> {
    let purl: PackageUrl<'_> = purl.parse().ok()?;
    let name = match purl.namespace() {
        // The namespace of a system's packages is the system, which is not part of their names.
        Some(namespace) if !matches!(purl.ty(), "deb" | "rpm" | "apk" | "alpm") => {
            format!("{namespace}/{}", purl.name())
        }
        _ => purl.name().to_owned(),
    };
    Some((name, purl.version().map(str::to_owned)))
}

/// A package URL from its type and the name as its ecosystem writes it: `@scope/name`, `group:artifact`, `a/b`.
pub(in crate::evidence) fn make(kind: &str, name: &str, version: Option<&str>) -> Option<String> {
    let separator = if kind == "maven" { ':' } else { '/' };
    let (namespace, name) = match name.rsplit_once(separator) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    };
    let mut purl = PackageUrl::new(kind, name).ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace).ok()?;
    }
    if let Some(version) = version.filter(|it| !it.is_empty()) {
        purl.with_version(version).ok()?;
    }
    Some(purl.to_string())
}

/// The type of package URLs for an ecosystem of the OSV schema, which may carry a release behind a colon.
pub(in crate::evidence) fn of_ecosystem(
    ecosystem: &str,
    name: &str,
    version: Option<&str>,
) -> Option<String> {
    let kind = match ecosystem.split_once(':').map_or(ecosystem, |(system, _)| system) {
        "crates.io" => "cargo",
        "npm" => "npm",
        "PyPI" => "pypi",
        "Go" => "golang",
        "Maven" => "maven",
        "NuGet" => "nuget",
        "RubyGems" => "gem",
        "Packagist" => "composer",
        "Hex" => "hex",
        "Pub" => "pub",
        "Debian" => return make("deb", &format!("debian/{name}"), version),
        "Ubuntu" => return make("deb", &format!("ubuntu/{name}"), version),
        "Alpine" => return make("apk", &format!("alpine/{name}"), version),
        _ => return None,
    };
    make(kind, name, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_their_ecosystem_does() {
        let check = |made: Option<String>, purl: &str, name: &str| {
            assert_eq!(made.as_deref(), Some(purl));
            assert_eq!(parts(purl), Some((name.to_owned(), Some("1.0".to_owned()))));
        };
        check(make("npm", "@babel/core", Some("1.0")), "pkg:npm/%40babel/core@1.0", "@babel/core");
        check(make("maven", "org.x:y", Some("1.0")), "pkg:maven/org.x/y@1.0", "org.x/y");
        check(of_ecosystem("Debian:12", "zlib", Some("1.0")), "pkg:deb/debian/zlib@1.0", "zlib");
        check(
            of_ecosystem("Go", "github.com/a/b", Some("1.0")),
            "pkg:golang/github.com/a/b@1.0",
            "github.com/a/b",
        );
        assert_eq!(of_ecosystem("OSS-Fuzz", "zlib", None), None);
        assert_eq!(make("npm", "", None), None);
        assert_eq!(parts("npm/x"), None);
    }
}
