//! One port that speaks HTTP and WebSocket.

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::sim::core::Core;
use crate::sim::core::dial::Listener;
use crate::sim::core::hub::Shared;
use crate::sim::core::journal::AttemptOutcome;
use crate::sim::core::muzzle::Muzzle;
use crate::sim::core::session;
use crate::sim::core::venue::{RestRequest, RestResponse, Venue};
use crate::sim::{Delayed, Fault};
use crate::transport::Io;

type Answer = Response<Full<Bytes>>;

/// A connection that is about to become a WebSocket, and the path it asked for.
type Upgrade = Mutex<Option<(OnUpgrade, String)>>;

/// The longest body a simulator reads.
const BODY: usize = 1024 * 1024;

/// Accepts connections until told to stop, then ends and joins every task: the only place where a
/// simulator spawns, apart from this task itself.
pub(in crate::sim) async fn serve<V: Venue>(
    shared: Arc<Shared<V>>,
    mut listener: Listener,
    mut stop: watch::Receiver<bool>,
) {
    let stopped = stop.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(shared.clone().drive(stop.clone()));
    loop {
        tokio::select! {
            biased;
            () = told(&mut stop) => break,
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                None => break,
                // The peer was gone before it was accepted, or descriptors ran out: not our end.
                Some(Err(error)) => {
                    tracing::warn!(%error, "a simulator could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Some(Ok(io)) => {
                    if let Some(io) = admit(&shared, io) {
                        let mut stop = stopped.clone();
                        let shared = shared.clone();
                        tasks.spawn(async move {
                            tokio::select! {
                                biased;
                                () = told(&mut stop) => {}
                                () = connection(shared, io) => {}
                            }
                        });
                    }
                }
            },
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Waits to be told to stop; a simulator that is gone says so, too.
pub(in crate::sim) async fn told(stop: &mut watch::Receiver<bool>) {
    let _gone = stop.wait_for(|stop| *stop).await;
}

fn admit<V: Venue>(shared: &Shared<V>, io: Box<dyn Io>) -> Option<Box<dyn Io>> {
    let refused = shared.with(|hub| {
        let now = hub.core.now().instant;
        let wanted = |fault: &Fault| matches!(fault, Fault::RefuseConnect { .. });
        let refused = hub.core.rules.take(None, now, wanted).is_some();
        if refused {
            hub.core.attempt(AttemptOutcome::Refused);
        }
        refused
    });
    (!refused).then_some(io)
}

async fn connection<V: Venue>(shared: Arc<Shared<V>>, io: Box<dyn Io>) {
    let shut = Arc::new(AtomicBool::new(false));
    let upgrade: Arc<Upgrade> = Arc::default();
    let service = service_fn(|request| {
        let (shared, upgrade) = (shared.clone(), upgrade.clone());
        async move { Ok::<_, Infallible>(answer(&shared, &upgrade, request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(Muzzle::new(io, shut.clone())), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a simulator's HTTP connection failed");
        return;
    }
    let upgrade = upgrade
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some((upgrade, path)) = upgrade
        && let Ok(upgraded) = upgrade.await
    {
        session::serve(&shared, TokioIo::new(upgraded), &path, shut).await;
    }
}

async fn answer<V: Venue>(
    shared: &Shared<V>,
    upgrade: &Upgrade,
    mut request: Request<Incoming>,
) -> Answer {
    let path = request.uri().path().to_owned();
    let (is_socket, rejected) = shared.with(|hub| {
        if !hub.venue.is_socket(&path) {
            return (false, None);
        }
        let rejected = rejected(&mut hub.core);
        if let Some(answer) = &rejected {
            let status = answer.status().as_u16();
            hub.core.attempt(AttemptOutcome::Rejected(status));
        }
        (true, rejected)
    });
    if let Some(answer) = rejected {
        return answer;
    }
    if is_socket {
        let Some(key) = websocket_key(request.headers()) else {
            return plain(
                StatusCode::BAD_REQUEST,
                "a WebSocket upgrade is expected here",
            );
        };
        let accept = derive_accept_key(key.as_bytes());
        shared.with(|hub| hub.core.attempt(AttemptOutcome::Upgraded));
        *upgrade.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((hyper::upgrade::on(&mut request), path));
        return switch(&accept);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body cannot be read");
    };
    let request = RestRequest::new(&head.method, &path, head.uri.query())
        .carrying(head.headers, body.to_bytes());
    let (response, delay) = shared.with(|hub| {
        let now = hub.core.now().instant;
        let late = |fault: &Fault| {
            matches!(
                fault,
                Fault::Delay {
                    of: Delayed::Rest,
                    ..
                }
            )
        };
        let delay = match hub.core.rules.take(None, now, late) {
            Some(Fault::Delay { by, .. }) => Some(by),
            _ => None,
        };
        let failing = |fault: &Fault| matches!(fault, Fault::RestFailure { .. });
        let response = match hub.core.rules.take(None, now, failing) {
            Some(Fault::RestFailure { status, .. }) => {
                RestResponse::with_status(status_of(status), "rest failure".into())
            }
            _ => hub.venue.rest(&mut hub.core, &request),
        };
        (response, delay)
    });
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    rest(response)
}

/// The answer to an upgrade that a fault does not let through.
fn rejected(core: &mut Core) -> Option<Answer> {
    let now = core.now().instant;
    let wanted = |fault: &Fault| {
        matches!(
            fault,
            Fault::RejectUpgrade { .. } | Fault::AnswerUpgrade { .. }
        )
    };
    match core.rules.take(None, now, wanted)? {
        Fault::RejectUpgrade { status, .. } => Some(plain(status_of(status), "upgrade rejected")),
        Fault::AnswerUpgrade {
            status,
            location,
            retry_after,
            text,
            ..
        } => {
            let mut answer = plain(status_of(status), text);
            for (name, value) in [
                (header::LOCATION, location),
                (header::RETRY_AFTER, retry_after),
            ] {
                if let Some(Ok(value)) = value.as_deref().map(HeaderValue::from_str) {
                    answer.headers_mut().insert(name, value);
                }
            }
            Some(answer)
        }
        _ => None,
    }
}

/// The key of a WebSocket upgrade request, if it is one.
fn websocket_key(headers: &HeaderMap) -> Option<&str> {
    let has = |name, word: &str| {
        headers.get_all(name).iter().any(|value| {
            let words = value.to_str().unwrap_or_default().split(',');
            words
                .map(str::trim)
                .any(|part| part.eq_ignore_ascii_case(word))
        })
    };
    if has(header::UPGRADE, "websocket") && has(header::CONNECTION, "upgrade") {
        headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()
    } else {
        None
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

fn switch(accept: &str) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}

fn rest(answer: RestResponse) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
