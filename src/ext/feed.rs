use futures_core::Stream;

use crate::Event;

/// A stream of events, live, recorded or simulated.
///
/// Every `Stream<Item = Result<Event<T>, E>>` is one, with any error type; there is nothing to
/// implement. Use it to name what your own function takes:
///
/// ```
/// use feedline::market::Trade;
/// use feedline::{Feed, FeedExt};
///
/// fn prices<S: Feed<Data = Trade>>(trades: S) -> impl Feed<Data = feedline::Decimal, Error = S::Error> {
///     trades.map_data(|trade| trade.price)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of feed events",
    label = "not a `Stream<Item = Result<Event<T>, E>>`",
    note = "feedline's operators need `Result<Event<T>, E>` items: wrap plain data as `Ok(Event::Data(…))`"
)]
pub trait Feed: Stream<Item = Result<Event<Self::Data>, Self::Error>> {
    /// What its data events hold.
    type Data;
    /// What may end it.
    type Error;
}

impl<S, T, E> Feed for S
where
    S: Stream<Item = Result<Event<T>, E>> + ?Sized,
{
    type Data = T;
    type Error = E;
}
