//! The tool as a process, with a bound on every wait.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a failed helper is a failed test")]

pub(crate) mod dxlink;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::Value;

/// Far longer than anything takes, so that only a hang fails.
const BOUND: Duration = Duration::from_secs(60);

/// The tool at work. Killed when dropped.
pub(crate) struct Tool {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<Receiver<String>>,
    stderr: Receiver<String>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

impl Tool {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::spawn(args, true, &[])
    }

    /// With these variables in its environment.
    pub(crate) fn start_with(environment: &[(&str, &str)], args: &[&str]) -> Self {
        Self::spawn(args, true, environment)
    }

    /// With a standard output that nobody reads beyond its first line.
    pub(crate) fn start_for_head(args: &[&str]) -> (Self, String) {
        let mut tool = Self::spawn(args, false, &[]);
        // The whole pipe is dropped with the reader.
        let mut stdout = BufReader::new(tool.child.stdout.take().unwrap());
        let mut first = String::new();
        let stdin = tool.stdin.take();
        let feeder = std::thread::spawn(move || feed_for_ever(stdin));
        stdout.read_line(&mut first).unwrap();
        drop(stdout);
        drop(feeder);
        (tool, first)
    }

    fn spawn(args: &[&str], read: bool, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feedline"))
            .args(args)
            .env_remove("RUST_LOG")
            .env_remove("FEEDLINE_DXLINK_TOKEN")
            .env_remove("TASTYTRADE_CLIENT_SECRET")
            .env_remove("TASTYTRADE_REFRESH_TOKEN")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("COLUMNS")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: read.then(|| lines(child.stdout.take().unwrap())),
            stderr: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Starts the simulator on a free port; returns its WebSocket address too.
    pub(crate) fn sim(args: &[&str]) -> (Self, String) {
        let sim = Self::start(&[&["sim", "gate"], args].concat());
        let url = sim.line();
        assert!(url.starts_with("ws://127.0.0.1:"), "{url}");
        assert!(sim.line().starts_with("http://127.0.0.1:"));
        (sim, url)
    }

    /// Runs it to its end with this standard input.
    pub(crate) fn run(args: &[&str], input: &[u8]) -> Ended {
        let mut tool = Self::start(args);
        let mut stdin = tool.stdin.take().unwrap();
        let input = input.to_vec();
        // It may end before it has read everything.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        tool.end()
    }

    /// Writes to its standard input, which stays open.
    pub(crate) fn write(&mut self, input: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(input).unwrap();
    }

    /// The next line of its standard output.
    pub(crate) fn line(&self) -> String {
        let stdout = self.stdout.as_ref().unwrap();
        stdout.recv_timeout(BOUND).unwrap()
    }

    /// Asks it to end: `INT` or `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) -> Ended {
        let stdout = self.stdout.take().map(|lines| rest(&lines));
        let stderr = rest(&self.stderr);
        // Both pipes are closed, so that it has ended or does so now.
        let code = self.child.wait().unwrap().code();
        Ended {
            code,
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.join("\n"),
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// Its standard output, each line read as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        json(&self.stdout)
    }
}

pub(crate) fn json(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The `kind` of each object.
pub(crate) fn kinds(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect()
}

/// A file of this test run.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A recording of these frames.
pub(crate) fn recording(name: &str, frames: &[String]) -> String {
    let lines: Vec<String> = frames
        .iter()
        .map(|frame| serde_json::json!({ "frame": frame }).to_string())
        .collect();
    file(name, &lines.join("\n"))
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            if send.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receive
}

fn rest(lines: &Receiver<String>) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match lines.recv_timeout(BOUND) {
            Ok(line) => rest.push(line),
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far {rest:?}"),
        }
    }
}

/// Frames without end, until the pipe is closed.
fn feed_for_ever(stdin: Option<ChildStdin>) {
    let Some(mut stdin) = stdin else { return };
    while stdin.write_all(b"{\"channel\":\"spot.pong\"}\n").is_ok() {}
}
