//! One name for a package, whether a database or a bill of materials speaks of it.

use std::str::FromStr as _;

use packageurl::PackageUrl;

/// A package of an ecosystem, in the spelling under which both sides meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// As OSV calls it, without what follows a colon.
    pub(super) ecosystem: String,
    pub(super) name: String,
}

impl Key {
    /// As a database names it: the key, and the release of a distribution, such as `12` of `Debian:12`.
    pub(super) fn of_database(ecosystem: &str, name: &str) -> (Self, Option<String>) {
        let (base, release) = match ecosystem.split_once(':') {
            Some((base, rest)) => (base, rest.split(':').next().map(str::to_owned)),
            None => (ecosystem, None),
        };
        let release = match (base, ecosystem.split_once(":enterprise_linux:")) {
            // `Red Hat:enterprise_linux:9::baseos`; its other products are told by their names.
            ("Red Hat", Some((_, rest))) => rest.split([':', '.']).next().map(str::to_owned),
            // A repository is no release.
            _ => release.filter(|_| is_distribution(base)),
        };
        (Self { ecosystem: base.to_owned(), name: spelt(base, name) }, release)
    }

    /// As a package URL names it, with the release that its `distro` says.
    ///
    /// # Errors
    /// Why it is no package of a known ecosystem: the type, or that it is no package URL.
    pub(super) fn of_purl(purl: &str) -> Result<(Self, Option<String>), String> {
        let purl = PackageUrl::from_str(purl).map_err(|_| "without a valid package URL".to_owned())?;
        let namespace = purl.namespace().unwrap_or_default();
        let name = |separator: &str| match namespace {
            "" => purl.name().to_owned(),
            namespace => format!("{namespace}{separator}{}", purl.name()),
        };
        let key = |ecosystem: &str, name: String| Self {
            ecosystem: ecosystem.to_owned(),
            name: spelt(ecosystem, &name),
        };
        let key = match purl.ty() {
            "npm" => key("npm", name("/")),
            "pypi" => key("PyPI", name("/")),
            "cargo" => key("crates.io", name("/")),
            "golang" => key("Go", name("/")),
            "maven" => key("Maven", name(":")),
            "nuget" => key("NuGet", name("/")),
            "gem" => key("RubyGems", name("/")),
            "composer" => key("Packagist", name("/")),
            "hex" => key("Hex", name("/")),
            "pub" => key("Pub", name("/")),
            "swift" => key("SwiftURL", name("/")),
            "githubactions" => key("GitHub Actions", name("/")),
            "deb" | "apk" | "rpm" => key(distribution(namespace)?, source(&purl)),
            other => return Err(format!("of the type `{other}`, which no database is compared with")),
        };
        Ok((key, release(&purl)))
    }
}

fn is_distribution(ecosystem: &str) -> bool {
    ["Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux", "Red Hat", "SUSE", "openSUSE"]
        .contains(&ecosystem)
}

fn distribution(namespace: &str) -> Result<&'static str, String> {
    Ok(match namespace.to_ascii_lowercase().as_str() {
        "debian" => "Debian",
        "ubuntu" => "Ubuntu",
        "alpine" => "Alpine",
        "almalinux" => "AlmaLinux",
        "rocky" | "rockylinux" => "Rocky Linux",
        "redhat" | "rhel" => "Red Hat",
        "suse" => "SUSE",
        "opensuse" => "openSUSE",
        other => return Err(format!("of the distribution `{other}`, which no database is compared with")),
    })
}

/// Databases of distributions speak of source packages; scanners put these into `upstream`.
fn source(purl: &PackageUrl<'_>) -> String {
    let upstream = purl.qualifiers().get("upstream").map(|it| it.split('@').next().unwrap_or_default());
    upstream.filter(|it| !it.is_empty()).unwrap_or(purl.name()).to_owned()
}

/// `debian-12.4` is release 12, `ubuntu-22.04` is release 22.04, `alpine-3.18.2` is release v3.18. Of what is not known here it is
/// not known which release it is.
fn release(purl: &PackageUrl<'_>) -> Option<String> {
    let distro = purl.qualifiers().get("distro")?;
    let (name, number) = distro.rsplit_once('-')?;
    let parts: Vec<&str> = number.split('.').collect();
    Some(match (name.to_ascii_lowercase().as_str(), &parts[..]) {
        ("debian" | "almalinux" | "rocky" | "rhel" | "redhat", [major, ..]) => (*major).to_owned(),
        ("alpine", [major, minor, ..]) => format!("v{major}.{minor}"),
        ("sles", [major]) => format!("Linux Enterprise Server {major}"),
        ("sles", [major, pack]) => format!("Linux Enterprise Server {major} SP{pack}"),
        ("opensuse-leap", _) => format!("Leap {number}"),
        ("ubuntu", _) => number.to_owned(),
        _ => return None,
    })
}

/// PEP 503 for Python; ecosystems whose names do not tell cases apart in small letters.
fn spelt(ecosystem: &str, name: &str) -> String {
    match ecosystem {
        "PyPI" => {
            let words = name.split(['-', '_', '.']).filter(|it| !it.is_empty());
            words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
        }
        "NuGet" | "Packagist" | "GitHub Actions" | "SwiftURL" => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_meet_under_one_name() {
        for (purl, ecosystem, name, release) in [
            ("pkg:npm/%40babel/core@7.0.0", "npm", "@babel/core", None),
            ("pkg:pypi/Zope.Interface@5.0", "PyPI", "zope_interface", None),
            ("pkg:golang/github.com/gin-gonic/gin@v1.9.0", "Go", "github.com/gin-gonic/gin", None),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                "Maven",
                "org.apache.logging.log4j:log4j-core",
                None,
            ),
            ("pkg:cargo/rand@0.8.5", "crates.io", "rand", None),
            ("pkg:nuget/Newtonsoft.Json@13.0.1", "NuGet", "newtonsoft.json", None),
            (
                "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12.4&upstream=openssl",
                "Debian:12",
                "openssl",
                Some("12"),
            ),
            ("pkg:deb/ubuntu/curl@7.81?distro=ubuntu-22.04", "Ubuntu:22.04:LTS", "curl", Some("22.04")),
            ("pkg:apk/alpine/musl@1.2.4-r1?distro=alpine-3.18.2", "Alpine:v3.18", "musl", Some("v3.18")),
            ("pkg:rpm/almalinux/curl@7.76.1-26.el9?distro=almalinux-9.2", "AlmaLinux:9", "curl", Some("9")),
            (
                "pkg:rpm/redhat/curl@7.76.1-26.el9?distro=rhel-9.2",
                "Red Hat:enterprise_linux:9::baseos",
                "curl",
                Some("9"),
            ),
            (
                "pkg:rpm/suse/curl@8.0?distro=sles-15.5",
                "SUSE:Linux Enterprise Server 15 SP5",
                "curl",
                Some("Linux Enterprise Server 15 SP5"),
            ),
            (
                "pkg:rpm/opensuse/curl@8.0?distro=opensuse-leap-15.5",
                "openSUSE:Leap 15.5",
                "curl",
                Some("Leap 15.5"),
            ),
        ] {
            let (found, found_release) = Key::of_purl(purl).unwrap();
            let (known, known_release) = Key::of_database(ecosystem, name);
            assert_eq!((&found, found_release.as_deref()), (&known, release), "{purl}");
            assert_eq!(known_release.as_deref(), release, "{ecosystem}");
        }
        assert!(Key::of_purl("pkg:generic/openssl@3.0").unwrap_err().contains("`generic`"));
        assert!(Key::of_purl("openssl 3.0").unwrap_err().contains("valid package URL"));
    }
}
