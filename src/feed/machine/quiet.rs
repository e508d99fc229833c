use crate::market::Calendar;

/// What is done about data that stays away although the connection answers its pings.
///
/// Pongs prove nothing about data. The longest silences of the last hour are remembered for each
/// connection and each topic. One that is silent for three times as long, and for at least five seconds,
/// is suspicious once twenty events have been seen, or at once where the venue documents how often
/// something comes. All of a connection's data is judged first, then each topic alone. Time in which
/// nothing was read because a consumer was full does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quiet {
    /// It is reported in band by [`Staleness::Quiet`](crate::Staleness::Quiet), and the venue is asked: by
    /// subscribing again, and if that brings nothing by connecting anew, once, and then at most once an
    /// hour. Questions wait a minute for each other, then two, up to an hour, until data goes on, so that
    /// a closed market is left in peace.
    #[default]
    Ask,
    /// It is reported, and nothing is done.
    Tell,
    /// Silence is never suspicious.
    Off,
}

/// How silence is judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuietConfig {
    pub(crate) mode: Quiet,
    /// When the market is closed, and silence normal.
    pub(crate) calendar: Option<Calendar>,
}
