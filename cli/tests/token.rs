//! Tokens of `feedline watch dxlink`.

mod support;

use support::Tool;
use support::dxlink::Venue;

#[test]
fn the_token_comes_from_the_environment_and_goes_nowhere_else() {
    const SECRET: &str = "very-secret-token";
    let venue = Venue::with(|sim| sim.tokens([SECRET]).strict_order(true).rate(200.0));
    let name = "FEEDLINE_DXLINK_TOKEN";
    let args = [
        "watch", "dxlink", "quotes", "AAPL", "--count", "1", "-vv", "--url", &venue.url,
    ];
    let ended = Tool::start_with(&[(name, SECRET)], &args).end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);

    let ended = Tool::start_with(&[(name, "wrong-token")], &args).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("refused the token"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("wrong-token"), "{}", ended.stderr);

    // An endpoint that wants none does not get it.
    let demo = Venue::busy();
    let args_of_demo = [
        "watch", "dxlink", "quotes", "AAPL", "--count", "1", "--url", &demo.url,
    ];
    let ended = Tool::start_with(&[(name, SECRET)], &args_of_demo).end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sent = demo.sim.requests().into_iter().map(|request| request.event);
    assert!(sent.clone().count() > 0 && !sent.into_iter().any(|event| event == "AUTH"));

    let ended = Tool::start_with(&[(name, " ")], &args).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("demands a token"), "{}", ended.stderr);

    let help = Tool::run(&["watch", "dxlink", "--help"], b"");
    assert!(help.stdout.join("\n").contains(name));
}
