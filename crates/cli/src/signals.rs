//! What Ctrl-C and its relatives mean to a run.
//!
//! The first SIGINT cancels the run, which then ends in the ordinary way; the second stops watching. SIGTERM and
//! SIGHUP stop watching at once: a dropped connection must not kill a job of three hours.

use std::io;

use emrys_control_plane::{Interrupt, Interrupts};

use crate::env;

/// Listens from now on; what was asked for arrives in the receiver.
#[cfg(unix)]
pub(crate) fn listen() -> io::Result<Interrupts> {
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
                    on_interrupt(pressed)
                }
            };
            sender.send(interrupt);
        }
    });
    Ok(interrupts)
}

/// Where there are no signals there is Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn listen() -> io::Result<Interrupts> {
    let (sender, interrupts) = Interrupts::channel();
    tokio::spawn(async move {
        let mut pressed = 0;
        while tokio::signal::ctrl_c().await.is_ok() {
            pressed += 1;
            sender.send(on_interrupt(pressed));
        }
    });
    Ok(interrupts)
}

fn on_interrupt(pressed: u32) -> Interrupt {
    if pressed == 1 { Interrupt::Cancel { by: whoami() } } else { Interrupt::StopWatching }
}

/// Who drives a run or cancels it, for the record.
pub(crate) fn whoami() -> String {
    let user = env::value("USER").or_else(|| env::value("USERNAME"));
    user.unwrap_or_else(|| "somebody".to_owned())
}
