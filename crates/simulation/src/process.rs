//! One process of an operator: a future that can die and be suspended at any call.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// What is to happen to a process, said by the network from within one of its calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control(Arc<Mutex<Orders>>);

#[derive(Debug, Default)]
struct Orders {
    dead: bool,
    frozen_until: Option<Instant>,
    calls: usize,
    changes: usize,
}

impl Control {
    /// Counts a call, and gives its place among all and among those that change something.
    pub(crate) fn count(&self, changes: bool) -> (usize, usize) {
        self.with(|orders| {
            let place = (orders.calls, orders.changes);
            orders.calls += 1;
            orders.changes += usize::from(changes);
            place
        })
    }

    /// How many calls were made, and how many of them change something.
    pub(crate) fn counted(&self) -> (usize, usize) {
        self.with(|orders| (orders.calls, orders.changes))
    }

    /// The process dies: it makes no step more.
    pub(crate) async fn die(&self) {
        self.with(|orders| orders.dead = true);
        std::future::pending::<()>().await;
    }

    /// The process dies while nobody is in any of its calls.
    pub(crate) fn kill(&self) {
        self.with(|orders| orders.dead = true);
    }

    /// The process stands still for so long, while the world goes on.
    pub(crate) async fn freeze(&self, duration: Duration) {
        self.with(|orders| orders.frozen_until = Some(Instant::now() + duration));
        // Back to the process, which is not polled again before its time.
        tokio::task::yield_now().await;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.with(|orders| orders.dead)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Orders) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A future under control: none, when it died.
pub(crate) struct Process<F> {
    inner: Option<Pin<Box<F>>>,
    control: Control,
    frozen: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Process<F> {
    pub(crate) fn new(control: Control, inner: F) -> Self {
        Self { inner: Some(Box::pin(inner)), control, frozen: None }
    }
}

impl<F: Future> Future for Process<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Some(frozen) = &mut self.frozen {
                ready!(frozen.as_mut().poll(cx));
                self.frozen = None;
            }
            let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
            let polled = inner.as_mut().poll(cx);
            if self.control.is_dead() {
                // A crash is a future that is dropped, with all that it was about to do.
                self.inner = None;
                return Poll::Ready(None);
            }
            if let Poll::Ready(output) = polled {
                return Poll::Ready(Some(output));
            }
            match self.control.with(|orders| orders.frozen_until.take()) {
                Some(until) => self.frozen = Some(Box::pin(tokio::time::sleep_until(until))),
                None => return Poll::Pending,
            }
        }
    }
}
