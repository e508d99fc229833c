//! Where REST and the account streamer are: both of one environment.

use hyper::Uri;

use super::builder::{PRODUCTION_ACCOUNT_URL, PRODUCTION_URL, SANDBOX_ACCOUNT_URL};
use crate::Error;
use crate::transport::Address;

/// Whose servers they are. Tokens of one are worth nothing in another, and are nobody's business there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Environment {
    Production,
    Sandbox,
    /// A simulator, a proxy, a gateway.
    Own,
}

impl Environment {
    /// By the host of a URL. What is none is told later.
    fn of(url: &str) -> Self {
        let uri: Uri = url.parse().unwrap_or_default();
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_end_matches('.');
        let venues = [".tastyworks.com", ".tastytrade.com"];
        if !venues.iter().any(|domain| host.ends_with(domain)) {
            Self::Own
        } else if host.split('.').any(|part| part == "cert") {
            Self::Sandbox
        } else {
            Self::Production
        }
    }
}

/// The two addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) rest: String,
    /// `None` if it is where REST is.
    pub(super) accounts: Option<String>,
}

impl Places {
    /// From what was set. The account streamer's follows from that of REST, not the other way round:
    /// nobody gets tokens from one environment and sends them to another.
    pub(super) fn new(url: Option<String>, account_url: Option<String>) -> Result<Self, Error> {
        let rest = url.unwrap_or_else(|| PRODUCTION_URL.to_owned());
        let environment = Environment::of(&rest);
        let accounts = match account_url {
            Some(accounts) if Environment::of(&accounts) == environment => Some(accounts),
            Some(accounts) => {
                // What cannot be an address at all is of no environment.
                Address::parse(&accounts)?;
                return Err(Error::invalid(format!(
                    "REST at {} and the account streamer at {} are of different environments: set \
                     url and account_url of the same one, or url alone, or sandbox() alone",
                    host_of(&rest),
                    host_of(&accounts)
                )));
            }
            None => match environment {
                Environment::Production => Some(PRODUCTION_ACCOUNT_URL.to_owned()),
                Environment::Sandbox => Some(SANDBOX_ACCOUNT_URL.to_owned()),
                Environment::Own => None,
            },
        };
        Ok(Self { rest, accounts })
    }
}

/// The host of an address, which is no secret.
fn host_of(address: &str) -> String {
    let uri = address.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host);
    host.unwrap_or("an unreadable address").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::tastytrade::SANDBOX_URL;

    fn places(url: Option<&str>, account_url: Option<&str>) -> Result<Places, Error> {
        Places::new(url.map(str::to_owned), account_url.map(str::to_owned))
    }

    #[test]
    fn the_streamer_is_of_the_environment_of_the_rest_interface() {
        const OWN: &str = "http://127.0.0.1:9";
        for (url, account_url, expected) in [
            (None, None, Some(PRODUCTION_ACCOUNT_URL)),
            (Some(PRODUCTION_URL), None, Some(PRODUCTION_ACCOUNT_URL)),
            (Some(SANDBOX_URL), None, Some(SANDBOX_ACCOUNT_URL)),
            (
                Some("https://API.cert.tastyworks.com.:443/"),
                None,
                Some(SANDBOX_ACCOUNT_URL),
            ),
            (Some(OWN), None, None),
            (Some(OWN), Some("ws://10.0.0.1/"), Some("ws://10.0.0.1/")),
            (
                None,
                Some("wss://streamer.tastytrade.com/x"),
                Some("wss://streamer.tastytrade.com/x"),
            ),
        ] {
            let places = places(url, account_url).unwrap();
            assert_eq!(places.accounts.as_deref(), expected, "{url:?}");
            assert_eq!(places.rest, url.unwrap_or(PRODUCTION_URL));
        }
    }

    #[test]
    fn no_mixture_of_environments_can_be_made() {
        let own = ("http://127.0.0.1:9", "ws://127.0.0.1:9/");
        let production = (PRODUCTION_URL, PRODUCTION_ACCOUNT_URL);
        let sandbox = (SANDBOX_URL, SANDBOX_ACCOUNT_URL);
        for one in [own, production, sandbox] {
            for other in [own, production, sandbox] {
                let mixed = places(Some(one.0), Some(other.1));
                assert_eq!(mixed.is_ok(), one == other, "{one:?} {other:?}");
            }
        }
        for account_url in [own.1, sandbox.1, "wss://tastyworks.com.evil.example/"] {
            let error = places(None, Some(account_url)).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("are of different environments"), "{text}");
        }
    }
}
