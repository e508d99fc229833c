//! What goes wrong in the demo, and when.

use std::time::Duration;

use feedline::sim::Fault;

/// Something that goes wrong.
#[derive(Debug)]
pub(crate) struct Act {
    /// How long after the beginning.
    pub(crate) at: Duration,
    /// In words.
    pub(crate) words: &'static str,
    pub(crate) faults: Vec<Fault>,
}

/// When the market stops.
pub(crate) const END: Duration = Duration::from_secs(15);

/// Every act in its order. Each leaves the feed time to recover before the next.
pub(crate) fn all() -> Vec<Act> {
    let act = |seconds, words, faults| Act {
        at: Duration::from_secs_f64(seconds),
        words,
        faults,
    };
    vec![
        act(2.5, "cuts the connection", vec![Fault::Cut]),
        act(
            5.0,
            "garbles three messages",
            vec![Fault::Garble { times: Some(3) }],
        ),
        act(
            7.0,
            "cuts it again and refuses the next two connects",
            vec![Fault::RefuseConnect { times: Some(2) }, Fault::Cut],
        ),
        act(
            11.0,
            "closes the connection for maintenance",
            vec![Fault::Close {
                code: 1001,
                reason: "maintenance".to_owned(),
            }],
        ),
        act(
            13.0,
            "cuts a message off in the middle",
            vec![Fault::Truncate { times: Some(1) }],
        ),
    ]
}
