//! What a server says instead of an upgrade, and what becomes of it.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feedline::sim::gate::GateSim;
use feedline::transport::{Dial, Io};
use feedline::venue::gate::{Spot, SpotBuilder};
use feedline::{Error, ErrorKind, Event, StatusKind};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

/// What a host answers: one after the other, and the last of them for ever.
type Script = VecDeque<String>;

/// Hosts of scripted answers, and a simulator under all other names.
#[derive(Debug)]
struct World {
    scripts: Mutex<Vec<(String, Script)>>,
    sim: GateSim,
    /// Which host got which request, and when.
    asked: Mutex<Vec<(String, String, Instant)>>,
}

/// Reaches the hosts of a world.
#[derive(Clone, Debug)]
struct Reach(Arc<World>);

impl Dial for Reach {
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let (host, world) = (format!("{host}:{port}"), Arc::clone(&self.0));
        Box::pin(async move {
            let answer = {
                let mut scripts = world.scripts.lock().unwrap();
                let script = scripts.iter_mut().find(|(known, _)| *known == host);
                script.map(|(_, script)| match script.len() {
                    1 => script[0].clone(),
                    _ => script.pop_front().unwrap(),
                })
            };
            let (near, far) = tokio::io::duplex(64 << 10);
            let inner = match answer {
                Some(_) => None,
                None => {
                    let name = world.sim.url().split('/').nth(2).unwrap().to_owned();
                    Some(world.sim.dialer().dial(&name, 80).await?)
                }
            };
            tokio::spawn(serve(far, host, answer, inner, world));
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

async fn serve(
    mut io: DuplexStream,
    host: String,
    answer: Option<String>,
    inner: Option<Box<dyn Io>>,
    world: Arc<World>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match io.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8(head.clone()).unwrap();
    let asked = (host, request, Instant::now());
    world.asked.lock().unwrap().push(asked);
    if let Some(answer) = answer {
        // The body comes later than the head, as it may.
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        if !head.is_empty() {
            let _ = io.write_all(format!("{head}\r\n\r\n").as_bytes()).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _ = io.write_all(body.as_bytes()).await;
        if head.is_empty() {
            // It takes the request and says nothing.
            std::future::pending::<()>().await;
        }
    } else if let Some(mut inner) = inner {
        inner.write_all(&head).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut io, &mut inner).await;
    }
}

/// An answer with a length.
fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn moved(status: u16, location: &str) -> String {
    answer(
        &format!("{status} Moved"),
        &[&format!("Location: {location}")],
        "",
    )
}

impl World {
    fn new(scripts: &[(&str, &[String])]) -> Arc<Self> {
        let scripts = scripts.iter().map(|(host, answers)| {
            let script = answers.iter().cloned().collect();
            ((*host).to_owned(), script)
        });
        Arc::new(Self {
            scripts: Mutex::new(scripts.collect()),
            sim: GateSim::builder().rate(0.0).seed(7).in_memory().unwrap(),
            asked: Mutex::default(),
        })
    }

    /// A client of `url` in this world.
    fn client(self: &Arc<Self>, url: &str) -> SpotBuilder {
        let dial = Arc::new(Reach(Arc::clone(self)));
        Spot::builder().url(url).dial(dial).seed(3)
    }

    async fn subscribe(self: &Arc<Self>, url: &str) -> Result<(), Error> {
        let gate = self.client(url).build()?;
        gate.trades(["BTC_USDT"]).await.map(drop)
    }

    /// The hosts that were asked, in order.
    fn hosts(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(host, ..)| host.clone()).collect()
    }

    /// The request of this number.
    fn request(&self, at: usize) -> String {
        self.asked.lock().unwrap()[at].1.to_ascii_lowercase()
    }
}

/// The words of an error that ends a feed.
fn connect(outcome: Result<(), Error>) -> String {
    let error = outcome.unwrap_err();
    let ErrorKind::Connect(words) = error.kind() else {
        panic!("{error}")
    };
    assert!(!error.is_retryable());
    words.clone()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_upgrade_ends_the_attempt_at_once_with_the_servers_words() {
    for (host, status, body, told) in [
        (
            "a",
            "200 OK",
            "<html><title>Sign in</title>",
            "HTTP 200 OK: Sign in",
        ),
        ("b", "204 No Content", "", "HTTP 204 No Content"),
        (
            "c",
            "403 Forbidden",
            "Access from your country is blocked",
            "HTTP 403 Forbidden: Access from your country is blocked",
        ),
        ("d", "404 Not Found", "not found", "HTTP 404 Not Found"),
        ("e", "401 Unauthorized", "", "HTTP 401 Unauthorized"),
    ] {
        let host = format!("terminal-{host}.invalid");
        let world = World::new(&[(&format!("{host}:80"), &[answer(status, &[], body)])]);
        let start = Instant::now();
        let words = connect(world.subscribe(&format!("ws://{host}/")).await);
        assert_eq!(words, format!("{host}:80 answered the upgrade with {told}"));
        assert!(start.elapsed() < Duration::from_secs(2), "{words}");
        assert_eq!(world.hosts().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_says_is_bounded_and_told_once_without_secrets() {
    let body = format!("key hunter2 is {}", "wrong ".repeat(1_000));
    let refusal = answer("403 Forbidden", &[], &body);
    let world = World::new(&[("bounded.invalid:80", &[refusal])]);
    let gate = world.client("ws://bounded.invalid/?key=hunter2").build();
    let error = gate.unwrap().trades(["BTC_USDT"]).await.unwrap_err();
    let mut told = error.to_string();
    let mut below = std::error::Error::source(&error);
    while let Some(error) = below {
        told += &format!(": {error}");
        below = error.source();
    }
    assert_eq!(told.matches("403").count(), 1, "{told}");
    assert!(told.contains("key … is wrong wrong"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(told.len() < 400, "{told}");
}

#[tokio::test(start_paused = true)]
async fn chunks_are_read() {
    let chunked = "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n\
                   6\r\nnot in\r\n0\r\n\r\n";
    let world = World::new(&[("chunked.invalid:80", &[chunked.to_owned()])]);
    let words = connect(world.subscribe("ws://chunked.invalid/").await);
    assert!(words.ends_with("HTTP 403 Forbidden: not in"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_when_to_come_again_is_left_alone_until_then() {
    let busy = |after| answer("429 Too Many Requests", &[after], "error code: 1015");
    let date = "retry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT";
    for (host, header, after) in [("seconds", "Retry-After: 20", 20), ("date", date, 60)] {
        let host = format!("later-{host}.invalid");
        let ok = answer("403 Forbidden", &[], "");
        let world = World::new(&[(&format!("{host}:80"), &[busy(header), ok])]);
        let gate = world.client(&format!("ws://{host}/")).build().unwrap();
        let start = Instant::now();
        let mut trades = gate.trades(["BTC_USDT"]).lazy().unwrap();
        let Some(Ok(Event::Status(status))) = trades.next().await else {
            panic!()
        };
        let StatusKind::Interrupted { cause } = status.kind else {
            panic!("{status}")
        };
        let told = cause.to_string();
        assert!(
            told.contains("HTTP 429 Too Many Requests: error code: 1015"),
            "{told}"
        );
        // Nobody else in the process goes there before, either.
        let other = world.client(&format!("ws://{host}/")).build().unwrap();
        let other = other.trades(["ETH_USDT"]).deadline(Duration::from_secs(10));
        let error = other.await.unwrap_err();
        assert!(error.to_string().contains("error code: 1015"), "{error}");
        assert_eq!(world.hosts().len(), 1);
        assert!(
            trades.next().await.unwrap().is_err(),
            "the second answer is final"
        );
        assert_eq!(world.hosts().len(), 2);
        let waited = world.asked.lock().unwrap()[1].2 - start;
        let after = Duration::from_secs(after);
        assert!(waited >= after, "{waited:?}");
        assert!(waited < after + Duration::from_secs(31), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_are_followed_to_the_market() {
    let scripts: &[(&str, &[String])] = &[
        ("one.invalid:80", &[moved(301, "ws://two.invalid:81/x")]),
        ("two.invalid:81", &[moved(308, "/y")]),
    ];
    let world = World::new(scripts);
    // The second time it is the simulator that answers at /y.
    {
        let mut scripts = world.scripts.lock().unwrap();
        scripts[1]
            .1
            .push_back(moved(307, "ws://market.invalid/ws/v4/"));
    }
    world.subscribe("ws://one.invalid/").await.unwrap();
    let hosts = [
        "one.invalid:80",
        "two.invalid:81",
        "two.invalid:81",
        "market.invalid:80",
    ];
    assert_eq!(world.hosts(), hosts);
    for (at, line) in ["get / ", "get /x ", "get /y ", "get /ws/v4/ "]
        .iter()
        .enumerate()
    {
        assert!(world.request(at).starts_with(line), "{}", world.request(at));
    }
}

#[tokio::test(start_paused = true)]
async fn headers_and_queries_do_not_follow_to_another_host() {
    let scripts: &[(&str, &[String])] = &[(
        "from.invalid:80",
        &[moved(302, "/again"), moved(302, "ws://to.invalid/ws/v4/")],
    )];
    let world = World::new(scripts);
    let gate = world.client("ws://from.invalid/?token=hunter2");
    let gate = gate
        .header("X-Key", "sw0rdfish")
        .header("user-agent", "mine/7");
    let gate = gate.build().unwrap();
    drop(gate.trades(["BTC_USDT"]).await.unwrap());
    for (at, key) in [(0, true), (1, true), (2, false)] {
        let request = world.request(at);
        assert_eq!(request.contains("x-key: sw0rdfish\r\n"), key, "{request}");
        assert_eq!(request.contains("hunter2"), at == 0, "{request}");
        assert!(request.contains("user-agent: mine/7\r\n"), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_is_not_followed_is_told_with_its_place() {
    let around = moved(301, "/round?and=hunter2");
    let plain = moved(301, "ftp://files.invalid/x");
    let nowhere = answer("301 Moved", &[], "");
    let scripts: &[(&str, &[String])] = &[
        ("around.invalid:80", &[around]),
        ("files.invalid:80", &[plain]),
        ("nowhere.invalid:80", &[nowhere]),
    ];
    let world = World::new(scripts);
    let words = connect(world.subscribe("ws://around.invalid/").await);
    assert!(words.ends_with(", to /round, after 5 redirects"), "{words}");
    assert_eq!(world.hosts().len(), 6);
    let words = connect(world.subscribe("ws://files.invalid/").await);
    assert!(
        words.contains(", to ftp://files.invalid/x, which is no address"),
        "{words}"
    );
    let words = connect(world.subscribe("ws://nowhere.invalid/").await);
    assert!(words.ends_with("HTTP 301 Moved Permanently"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_who_asks() {
    let world = World::new(&[]);
    world.subscribe("ws://who.invalid/ws/v4/").await.unwrap();
    let agent = concat!("user-agent: feedline/", env!("CARGO_PKG_VERSION"), "\r\n");
    let request = world.request(0);
    assert!(request.contains(agent), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_is_named_with_its_server() {
    let world = World::new(&[("silent.invalid:80", &["\r\n\r\n".to_owned()])]);
    let gate = world.client("ws://silent.invalid/");
    let gate = gate
        .connect_timeout(Duration::from_secs(3))
        .build()
        .unwrap();
    let trades = gate.trades(["BTC_USDT"]).deadline(Duration::from_secs(20));
    let error = trades.await.unwrap_err().to_string();
    let told = "no answer to the upgrade from silent.invalid:80 within 3s";
    assert!(error.contains(told), "{error}");
}
