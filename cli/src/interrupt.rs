//! Ctrl-C and SIGTERM.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

use crate::candles::release_terminal;

/// How long a command may take to end by itself before the process is ended for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long giving the terminal back may take when the process is ended.
const RELEASE: Duration = Duration::from_millis(100);

/// The user's wish to end, which commands watch for.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    asked: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens from now on. A command that has not ended three seconds after the first signal, or
    /// by the second, is blocked by its output: the process is ended with code 1.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = Signals::new()?;
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            ask.send_replace(true);
            let _ = tokio::time::timeout(PATIENCE, signals.next()).await;
            // On a thread of its own, as the terminal may be what does not answer.
            std::thread::spawn(release_terminal);
            tokio::time::sleep(RELEASE).await;
            std::process::exit(1);
        });
        Ok(Self { asked })
    }

    /// Waits until the user wants the command to end.
    pub(crate) async fn wait(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
