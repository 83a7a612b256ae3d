//! What a user says while a run is watched.

use tokio::sync::mpsc;

/// Something that a user wants just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interrupt {
    /// That the run ends. It is recorded, and the run comes to its end in the ordinary way.
    Cancel {
        /// Who.
        by: String,
    },
    /// That this process stops watching. The run goes on.
    StopWatching,
}

/// Where interrupts are sent to. They are taken when the engine waits, or before its next decision: an action that has
/// begun is never broken off.
#[derive(Debug, Clone)]
pub struct InterruptSender(mpsc::UnboundedSender<Interrupt>);

impl InterruptSender {
    /// Sends an interrupt; nothing happens when nobody listens any more.
    pub fn send(&self, interrupt: Interrupt) {
        // Nobody listens when the run has ended, and then there is nothing to interrupt.
        let _ = self.0.send(interrupt);
    }
}

/// Where interrupts come from.
#[derive(Debug)]
pub struct Interrupts {
    sent: mpsc::UnboundedReceiver<Interrupt>,
    /// Whether there is something to cancel.
    is_for_a_run: bool,
}

impl Interrupts {
    /// A pair of ends.
    pub fn channel() -> (InterruptSender, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (InterruptSender(sender), Self { sent: receiver, is_for_a_run: true })
    }

    /// From now on no run is driven, and nothing can be cancelled: whatever the user wants is that this process stops.
    pub(crate) fn only_stop(&mut self) {
        self.is_for_a_run = false;
    }

    fn meant(&self, interrupt: Interrupt) -> Interrupt {
        if self.is_for_a_run { interrupt } else { Interrupt::StopWatching }
    }

    /// One that is never interrupted.
    pub fn none() -> Self {
        Self::channel().1
    }

    /// The next one, if it is there already.
    pub(crate) fn pending(&mut self) -> Option<Interrupt> {
        let interrupt = self.sent.try_recv().ok()?;
        Some(self.meant(interrupt))
    }

    /// The next one, whenever it comes; it may never.
    pub(crate) async fn next(&mut self) -> Interrupt {
        match self.sent.recv().await {
            Some(interrupt) => self.meant(interrupt),
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn interrupts_come_in_their_order_and_their_end_is_no_interrupt() {
        let (sender, mut interrupts) = Interrupts::channel();
        sender.send(Interrupt::Cancel { by: "ann".into() });
        sender.send(Interrupt::StopWatching);
        drop(sender);
        assert_eq!(interrupts.pending(), Some(Interrupt::Cancel { by: "ann".into() }));
        assert_eq!(interrupts.next().await, Interrupt::StopWatching);
        assert_eq!(interrupts.pending(), None);
        let forever = tokio::time::timeout(std::time::Duration::from_millis(1), interrupts.next());
        assert!(forever.await.is_err());
    }
}
