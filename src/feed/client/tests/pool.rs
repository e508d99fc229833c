//! Clients of one account share its connections, and nothing else (D33).

use futures_util::{FutureExt, StreamExt};

use super::toy::{Price, Toy};
use super::venue::Venue;
use super::{hub, ms, prices, settle, spec, tasks};
use crate::feed::client::{Hub, pools};
use crate::{ErrorKind, Event, State, Subscription, Symbol};

fn client(venue: &Venue, account: &str) -> Hub<Toy> {
    hub(venue, spec(), |config| {
        config.account = Some(account.to_owned());
    })
}

/// The prices that have come.
async fn came(feed: &mut Subscription<Price>) -> Vec<u64> {
    settle().await;
    let mut prices = Vec::new();
    while let Some(Some(Ok(event))) = feed.next().now_or_never() {
        match event {
            Event::Data(price) => prices.push(price.price),
            marker => panic!("{marker:?}"),
        }
    }
    prices
}

#[tokio::test(start_paused = true)]
async fn two_clients_of_one_account_share_a_socket_and_its_topics() {
    let venue = Venue::new(1);
    let (one, two) = (client(&venue, "me"), client(&venue, "me"));
    let mut first = prices(&one, ["A", "B"]).await.unwrap();
    let mut second = prices(&two, ["B", "C"]).await.unwrap();
    assert_eq!(
        (venue.connects(), venue.topics()),
        (1, words(["A", "B", "C"]))
    );
    venue.say("B 5");
    assert_eq!(came(&mut first).await, [5]);
    assert_eq!(came(&mut second).await, [5]);
    assert_eq!((one.metrics().topics, two.metrics().topics), (2, 2));
    assert_eq!(two.metrics().subscriptions, 1);
    assert_eq!(two.metrics().connections.len(), 1);
    assert_eq!(two.metrics().connections[0].topics, 3, "of both");
    assert_eq!(venue.faults(), [""; 0]);
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

#[tokio::test(start_paused = true)]
async fn other_accounts_and_clients_without_one_have_sockets_of_their_own() {
    let venue = Venue::new(1);
    let clients = [client(&venue, "me"), client(&venue, "you")];
    let private = [(); 2].map(|()| hub(&venue, spec(), |_| ()));
    let mut feeds = Vec::new();
    for client in clients.iter().chain(&private) {
        feeds.push(prices(client, ["A"]).await.unwrap());
    }
    assert_eq!(venue.sockets(), 4);
}

#[test]
fn clients_in_other_runtimes_have_sockets_of_their_own() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let (a, b) = (runtime(), runtime());
    let venue = Venue::new(1);
    // Made in none, they are at home where they subscribe first.
    let (one, two, three) = (
        client(&venue, "me"),
        client(&venue, "me"),
        client(&venue, "me"),
    );
    let first = a.block_on(prices(&one, ["A"]).into_future()).unwrap();
    let second = b.block_on(prices(&two, ["A"]).into_future()).unwrap();
    let third = a.block_on(prices(&three, ["B"]).into_future()).unwrap();
    assert_eq!(venue.sockets(), 2);
    drop((first, second, third));
}

#[tokio::test(start_paused = true)]
async fn ending_one_clients_handles_leaves_those_of_another_alone() {
    let venue = Venue::new(1);
    let (one, two) = (client(&venue, "me"), client(&venue, "me"));
    for end in [Hub::unsubscribe_all, Hub::close] {
        let mut ends = prices(&one, ["A", "B"]).await.unwrap();
        let mut stays = prices(&two, ["B", "C"]).await.unwrap();
        end(&one);
        assert!(ends.next().await.is_none());
        settle().await;
        assert_eq!(venue.topics(), ["B", "C"]);
        venue.say("B 5");
        assert_eq!(came(&mut stays).await, [5]);
    }
    let closed = prices(&one, ["A"]).await.unwrap_err();
    assert_eq!(closed.kind(), &ErrorKind::Closed);
    assert_eq!(one.state().current(), State::Closed);
    assert_eq!(two.state().current(), State::Live);
    assert!(two.health().ok && !one.health().ok);
    assert_eq!(venue.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_only_for_what_is_its_own() {
    let venue = Venue::new(1);
    venue.answers_within(ms(0));
    let (one, two) = (client(&venue, "me"), client(&venue, "me"));
    let ends = prices(&one, ["A", "B"]).await.unwrap();
    let mut stays = prices(&two, ["B", "C"]).await.unwrap();
    let begun = tokio::time::Instant::now();
    one.shutdown(ms(5_000)).await.unwrap();
    assert!(begun.elapsed() < ms(1_000), "{:?}", begun.elapsed());
    assert_eq!(venue.topics(), ["B", "C"], "its own are released");
    drop(ends);
    venue.say("C 7");
    assert_eq!(came(&mut stays).await, [7]);
    // And when it is the last, for the connection.
    two.shutdown(ms(5_000)).await.unwrap();
    assert_eq!(venue.sockets(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_not_acknowledged_stops_nothing_of_another_client() {
    let venue = Venue::new(1);
    let (one, two) = (client(&venue, "me"), client(&venue, "me"));
    let _ends = prices(&one, ["A"]).await.unwrap();
    let mut stays = prices(&two, ["C"]).await.unwrap();
    venue.answers_within(ms(60_000));
    let error = one.shutdown(ms(20)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }), "{error}");
    venue.say("C 7");
    tokio::time::sleep(ms(120_000)).await;
    let event = stays.next().await;
    assert!(matches!(event, Some(Ok(_))), "{event:?}");
}

#[tokio::test(start_paused = true)]
async fn when_all_are_gone_no_task_is_left_and_the_registry_forgets() {
    let (venue, before) = (Venue::new(1), tasks());
    let (one, two) = (client(&venue, "me"), client(&venue, "me"));
    let first = prices(&one, ["A"]).await.unwrap();
    let second = prices(&two, ["B"]).await.unwrap();
    assert!(pools::has::<Toy>(&venue.host, "me"));
    drop((one, first));
    settle().await;
    assert_eq!(venue.topics(), ["B"], "what is left is the other's");
    drop(two);
    drop(second);
    settle().await;
    assert_eq!((venue.sockets(), tasks()), (0, before), "nothing lingers");
    assert!(!pools::has::<Toy>(&venue.host, "me"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_while_the_last_goes_finds_a_working_pool() {
    let venue = Venue::new(1);
    let one = client(&venue, "me");
    let first = prices(&one, ["A"]).await.unwrap();
    drop((one, first));
    // The connection is still there, but closes at once.
    let two = client(&venue, "me");
    let mut second = prices(&two, ["B"]).await.unwrap();
    venue.say("B 3");
    assert_eq!(came(&mut second).await, [3]);
    // For a client that lives, connections linger again.
    drop(second);
    tokio::time::sleep(ms(1_500)).await;
    assert_eq!(venue.sockets(), 1);
    tokio::time::sleep(ms(1_500)).await;
    assert_eq!(venue.sockets(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_client_has_a_limit_of_its_own() {
    let venue = Venue::new(1);
    let limited = |limit| {
        hub(&venue, spec(), |config| {
            config.account = Some("me".to_owned());
            config.max_topics = limit;
        })
    };
    let (one, two) = (limited(2), limited(3));
    let _first = prices(&one, ["A", "B"]).await.unwrap();
    let error = prices(&one, ["C"]).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyTopics { limit: 2 });
    let again = prices(&one, ["A"]).await.unwrap();
    let second = prices(&two, ["A", "C", "D"]).await.unwrap();
    let error = second.control().add(["E"]).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyTopics { limit: 3 });
    assert_eq!(second.symbols(), ["A", "C", "D"].map(Symbol::new));
    drop(again);
    let _third = prices(&two, ["D", "A"]).await.unwrap();
    assert_eq!(venue.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_closed_before_its_first_subscription_stays_closed() {
    let venue = Venue::new(1);
    let one = client(&venue, "me");
    let mut states = one.state();
    assert_eq!(one.metrics().connections.len(), 0);
    assert!(one.health().ok);
    one.close();
    assert_eq!(states.next().await, Some(State::Closed));
    assert!(!one.health().ok);
    let error = prices(&one, ["A"]).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Closed);
    one.shutdown(ms(10)).await.unwrap();
    assert!(!pools::has::<Toy>(&venue.host, "me"));
}
