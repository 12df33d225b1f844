//! Whether lines to the database are encrypted, and who is believed to be at their other end: `sslmode` and `sslrootcert` of
//! an address, as libpq means them.

use std::path::PathBuf;

use tokio_postgres::config::SslMode;

use super::open::ConnectError;

#[cfg(feature = "tls")]
mod verified;

#[cfg(feature = "tls")]
pub(super) use verified::Connector;

#[cfg(not(feature = "tls"))]
pub(super) type Connector = tokio_postgres::NoTls;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Encryption {
    mode: Mode,
    /// Certificates in PEM; the system's when absent.
    roots: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Disable,
    /// Where the database offers it, without looking at who it is.
    Prefer,
    /// Without looking at who it is, unless `sslrootcert` names who is believed.
    Require,
    /// With somebody who has a certificate of those who are believed.
    VerifyCa,
    /// With the host of that name.
    VerifyFull,
}

impl Encryption {
    /// Takes out of an address what the driver does not know; the rest is its own to read.
    ///
    /// # Errors
    /// With the value, when it is none of libpq's.
    pub(super) fn take(address: &str) -> Result<(String, Self), ConnectError> {
        let mut encryption = Self::default();
        let Some((place, query)) = address.split_once('?') else {
            return Ok((address.to_owned(), encryption));
        };
        let mut rest = Vec::new();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => encryption.mode = Mode::read(mode)?,
                Some(("sslrootcert", "system")) => encryption.roots = None,
                Some(("sslrootcert", path)) => encryption.roots = Some(decoded(path).into()),
                _ => rest.push(pair),
            }
        }
        if encryption.mode == Mode::Require && encryption.roots.is_some() {
            encryption.mode = Mode::VerifyCa;
        }
        let address = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        Ok((address, encryption))
    }

    /// As the driver has it.
    pub(super) const fn ssl_mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    #[cfg(not(feature = "tls"))]
    pub(super) fn connector(&self) -> Result<Connector, ConnectError> {
        match self.mode {
            Mode::Disable | Mode::Prefer => Ok(tokio_postgres::NoTls),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Err(ConnectError::NoEncryption),
        }
    }
}

impl Mode {
    fn read(text: &str) -> Result<Self, ConnectError> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            other => return Err(ConnectError::Mode { mode: other.to_owned() }),
        })
    }
}

/// With each `%` and two digits after it as the byte that they mean.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().and_then(|it| std::str::from_utf8(it).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_taken_out_of_the_address() {
        let check = |address: &str, expected: &str, mode, roots: Option<&str>| {
            let (rest, found) = Encryption::take(address).unwrap();
            assert_eq!(
                (rest.as_str(), found),
                (expected, Encryption { mode, roots: roots.map(PathBuf::from) })
            );
        };
        check("postgres://a@b/c", "postgres://a@b/c", Mode::Disable, None);
        check("postgres://a@b/c?sslmode=require", "postgres://a@b/c", Mode::Require, None);
        check(
            "postgres://a@b/c?options=-cx%3Dy&sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
            "postgres://a@b/c?options=-cx%3Dy",
            Mode::VerifyFull,
            Some("/etc/ca.pem"),
        );
        // As libpq does: who names whom it believes means it.
        check(
            "postgres://b/c?sslmode=require&sslrootcert=/ca",
            "postgres://b/c",
            Mode::VerifyCa,
            Some("/ca"),
        );
        check(
            "postgres://b/c?sslmode=verify-full&sslrootcert=system",
            "postgres://b/c",
            Mode::VerifyFull,
            None,
        );
        assert!(matches!(
            Encryption::take("postgres://b/c?sslmode=always"),
            Err(ConnectError::Mode { mode }) if mode == "always"
        ));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_build_without_encryption_says_so() {
        let (_, asked) = Encryption::take("postgres://b/c?sslmode=verify-full").unwrap();
        let refused = asked.connector().unwrap_err().to_string();
        assert!(refused.contains("--features tls"), "{refused}");
    }
}
