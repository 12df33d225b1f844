//! Settings from the environment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where to listen and where the neighbours are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ADDRESS` (default 127.0.0.1) and `PORT`; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `CATALOGUE_URL`, for web and checkout.
    pub catalogue_url: String,
    /// `CHECKOUT_URL`, for web.
    pub checkout_url: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    #[error("set PORT to the port to listen on")]
    NoPort,
    #[error("PORT `{0}` is not a port: write a number from 0 to 65535")]
    Port(String),
    #[error("ADDRESS `{0}` is not an IP address")]
    Address(String),
}

impl Settings {
    /// Reads the settings by `variable`, which looks a name up.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSettings> {
        let port = variable("PORT").ok_or(InvalidSettings::NoPort)?;
        let port = port.parse().map_err(|_| InvalidSettings::Port(port))?;
        let address = match variable("ADDRESS") {
            Some(address) => address.parse().map_err(|_| InvalidSettings::Address(address))?,
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let url = |name, default: &str| {
            variable(name).unwrap_or(default.to_owned()).trim_end_matches('/').to_owned()
        };
        Ok(Self {
            listen: SocketAddr::new(address, port),
            catalogue_url: url("CATALOGUE_URL", "http://127.0.0.1:8081"),
            checkout_url: url("CHECKOUT_URL", "http://127.0.0.1:8082"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, InvalidSettings> {
        Settings::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, it)| (*it).to_owned()))
    }

    #[test]
    fn only_the_port_must_be_given() {
        assert_eq!(read(&[("PORT", "80")]).unwrap().listen.to_string(), "127.0.0.1:80");
        assert_eq!(read(&[]), Err(InvalidSettings::NoPort));
    }

    #[test]
    fn nonsense_is_named() {
        assert_eq!(read(&[("PORT", "http")]), Err(InvalidSettings::Port("http".to_owned())));
        assert_eq!(
            read(&[("PORT", "80"), ("ADDRESS", "here")]),
            Err(InvalidSettings::Address("here".to_owned()))
        );
    }
}
