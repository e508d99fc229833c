//! Where tokens come from, and what becomes of those who give none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use feedline::feed::{CredentialError, Token, TokenProvider};
use feedline::sim::Fault;
use feedline::{Event, Interruption, StatusKind, Timestamp};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::{Rig, START, next, secs};

const HOUR: u64 = 3_600;

/// What a provider does when it is asked.
#[derive(Clone, Debug)]
enum Answer {
    /// A token that is good for so many hours from the start.
    Hours(u64),
    /// Nothing, ever.
    Never,
    Fails(CredentialError),
}

/// Gives these answers one after the other, and the last of them for ever.
#[derive(Debug)]
struct Scripted {
    answers: Vec<Answer>,
    asked: Arc<AtomicUsize>,
}

impl TokenProvider for Scripted {
    fn token(&self, _: bool) -> BoxFuture<'static, Result<Token, CredentialError>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[at.min(self.answers.len() - 1)].clone();
        Box::pin(async move {
            match answer {
                Answer::Hours(hours) => {
                    let end = Timestamp::from_secs(START + (hours * HOUR) as i64);
                    Ok(Token {
                        expires: end,
                        ..Token::new("test-token")
                    })
                }
                Answer::Never => std::future::pending().await,
                Answer::Fails(error) => Err(error),
            }
        })
    }
}

fn rig(answers: &[Answer]) -> (Rig, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let provider = Scripted {
        answers: answers.to_vec(),
        asked: Arc::clone(&asked),
    };
    let rig = Rig::with(
        |sim| sim.token_mode().rate(0.0),
        |dxlink| dxlink.tokens(Arc::new(provider)),
    );
    (rig, asked)
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_never_comes_is_asked_for_again_on_the_open_socket() {
    let answers = [Answer::Hours(24), Answer::Never, Answer::Hours(48)];
    let (rig, asked) = rig(&answers);
    let _quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    // It is renewed an hour ahead of its end.
    tokio::time::sleep(secs(23 * HOUR + 29)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    tokio::time::sleep(secs(120)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(rig.sim.connects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_tokens_is_left_alone_for_as_long_as_it_says() {
    let busy = CredentialError::retry("busy").with_retry_after(Some(secs(45)));
    let (rig, asked) = rig(&[Answer::Hours(24), Answer::Fails(busy), Answer::Hours(24)]);
    let mut quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    let mut failed = None;
    loop {
        if failed.is_none() && asked.load(Ordering::SeqCst) == 2 {
            failed = Some(Instant::now());
        }
        let event = tokio::time::timeout(secs(1), next(&mut quotes)).await;
        let Ok(event) = event else { continue };
        if let Event::Status(status) = event.unwrap() {
            match status.kind {
                StatusKind::Resumed { .. } => break,
                StatusKind::Interrupted { cause } => {
                    assert!(!matches!(cause, Interruption::Connect { .. }), "{cause}");
                }
                _ => {}
            }
        }
    }
    let waited = failed.expect("it failed").elapsed();
    assert!(waited >= secs(44) && waited < secs(80), "{waited:?}");
}
