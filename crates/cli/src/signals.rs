//! What Ctrl-C and its relatives mean to a run.
//!
//! The first SIGINT cancels a run that this command drives, which then ends in the ordinary way; the second
//! stops watching. Where a run is only watched, each stops the watching. SIGTERM and SIGHUP stop watching at once: a
//! dropped connection must not kill a job of three hours.

use std::io;

use emrys_control_plane::{Interrupt, Interrupts};

use crate::env;

/// What Ctrl-C means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CtrlC {
    /// The first one cancels the run, the second stops watching.
    Cancels,
    /// The run goes on, and is no longer watched.
    StopsWatching,
}

/// Listens from now on; what was asked for arrives in the receiver.
#[cfg(unix)]
pub(crate) fn listen(ctrl_c: CtrlC) -> io::Result<Interrupts> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (sender, interrupts) = Interrupts::channel();
    tokio::spawn(async move {
        let mut pressed = 0;
        loop {
            let interrupt = tokio::select! {
                biased;
                _ = terminate.recv() => Interrupt::StopWatching,
                _ = hang_up.recv() => Interrupt::StopWatching,
                _ = interrupt.recv() => {
                    pressed += 1;
                    ctrl_c.interrupt(pressed)
                }
            };
            sender.send(interrupt);
        }
    });
    Ok(interrupts)
}

/// Where there are no signals there is Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn listen(ctrl_c: CtrlC) -> io::Result<Interrupts> {
    let (sender, interrupts) = Interrupts::channel();
    tokio::spawn(async move {
        let mut pressed = 0;
        while tokio::signal::ctrl_c().await.is_ok() {
            pressed += 1;
            sender.send(ctrl_c.interrupt(pressed));
        }
    });
    Ok(interrupts)
}

impl CtrlC {
    /// When it is pressed for the n-th time.
    fn interrupt(self, pressed: u32) -> Interrupt {
        match (self, pressed) {
            (Self::Cancels, 1) => Interrupt::Cancel { by: whoami() },
            _ => Interrupt::StopWatching,
        }
    }
}

/// Who drives a run or cancels it, for the record.
pub(crate) fn whoami() -> String {
    let user = env::value("USER").or_else(|| env::value("USERNAME"));
    // A service or a container may have no name for its user.
    user.unwrap_or_else(|| {
        emrys_control_plane::user_id().map_or_else(|| "somebody".to_owned(), |id| format!("uid {id}"))
    })
}
