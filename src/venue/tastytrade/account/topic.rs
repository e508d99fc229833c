use super::action::Action;
use crate::Symbol;
use crate::feed::{self, ChannelSpec};

/// What can be subscribed to at the account streamer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountTopic {
    kind: Kind,
    /// The account's number.
    account: Symbol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Account,
    QuoteAlerts,
    PublicWatchlists,
}

static ACCOUNT: ChannelSpec = ChannelSpec::new("account").sporadic();
static QUOTE_ALERTS: ChannelSpec = ChannelSpec::new("quote-alerts").sporadic();
static PUBLIC_WATCHLISTS: ChannelSpec = ChannelSpec::new("public-watchlists").sporadic();

impl AccountTopic {
    /// What happens in the account of this number.
    pub fn account(number: &Symbol) -> Self {
        Self::of(Kind::Account, number)
    }

    /// The user's quote alerts. The venue wants the number of one of the user's accounts first.
    pub fn quote_alerts(number: &Symbol) -> Self {
        Self::of(Kind::QuoteAlerts, number)
    }

    /// The venue's public watchlists. It wants the number of one of the user's accounts first.
    pub fn public_watchlists(number: &Symbol) -> Self {
        Self::of(Kind::PublicWatchlists, number)
    }

    fn of(kind: Kind, number: &Symbol) -> Self {
        Self {
            kind,
            account: number.clone(),
        }
    }

    /// The action that subscribes to it.
    pub(super) fn action(&self) -> Action {
        match self.kind {
            Kind::Account => Action::Connect,
            Kind::QuoteAlerts => Action::QuoteAlerts,
            Kind::PublicWatchlists => Action::PublicWatchlists,
        }
    }

    /// The account's number, or the name of what is not about one.
    pub(super) fn number(&self) -> &Symbol {
        &self.account
    }

    /// Whether it brings notifications of this type that are about no account.
    pub(super) fn brings(&self, name: &str) -> bool {
        match self.kind {
            Kind::QuoteAlerts => name == "QuoteAlert",
            Kind::PublicWatchlists => name == "PublicWatchlists",
            Kind::Account => !matches!(name, "QuoteAlert" | "PublicWatchlists"),
        }
    }
}

impl feed::Topic for AccountTopic {
    fn channel(&self) -> &'static ChannelSpec {
        match self.kind {
            Kind::Account => &ACCOUNT,
            Kind::QuoteAlerts => &QUOTE_ALERTS,
            Kind::PublicWatchlists => &PUBLIC_WATCHLISTS,
        }
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.account)
    }

    fn batch(&self) -> Option<u32> {
        // Accounts go into one `connect`; the other actions have no list.
        (self.kind == Kind::Account).then_some(0)
    }
}
