//! What processes tell while they drive a run, kept for the end.

use std::sync::{Arc, Mutex, PoisonError};

use emrys_control_plane::{Holder, Interrupt, InterruptSender, RunListener};
use emrys_core::record::{CallError, Recorded};
use emrys_core::run::{Action, Observation, Probe, State, WaitReason};
use jiff::Timestamp;
use tokio::time::Instant;

/// What happened, line by line, in virtual time.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    origin: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), lines: Arc::default() }
    }

    /// A line about a process.
    pub(crate) fn say(&self, process: usize, text: &str) {
        let at = self.origin.elapsed();
        let (minutes, seconds) = (at.as_secs() / 60, at.as_secs() % 60);
        let line = format!("{minutes:>4}:{seconds:02}.{:03} p{process} {text}", at.subsec_millis());
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Everything that was reported to any process as recorded.
pub(crate) type RecordedEvents = Arc<Mutex<Vec<Recorded>>>;

/// The listener of one process.
#[derive(Debug)]
pub(crate) struct ProcessListener {
    pub(crate) process: usize,
    pub(crate) trace: Trace,
    pub(crate) reported: RecordedEvents,
    /// Leaves at the first wait, where this is set.
    pub(crate) leave: Option<InterruptSender>,
}

impl ProcessListener {
    fn say(&self, text: &str) {
        self.trace.say(self.process, text);
    }
}

impl RunListener for ProcessListener {
    fn lease_is_held(&mut self, holder: &Holder, until: Timestamp) {
        self.say(&format!("waits for the lease of {} until {until}", holder.who));
    }

    fn began(&mut self, state: &State) {
        self.say(&format!("drives from event {} on", state.seq()));
    }

    fn recorded(&mut self, event: &Recorded, _: &State) {
        self.say(&format!("recorded {} {}", event.seq, json(event)));
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }

    fn observed(&mut self, probe: &Probe, observation: Result<&Observation, &CallError>) {
        match observation {
            Err(error) => self.say(&format!("observed {probe:?}: {error}")),
            Ok(Observation::Launch { clusters }) => self.say(&format!("found {clusters:?} of a launch")),
            Ok(_) => {}
        }
    }

    fn executing(&mut self, action: &Action) {
        self.say(&format!("acts: {}", action.label()));
    }

    fn action_failed(&mut self, action: &Action, error: &CallError) {
        self.say(&format!("could not {}: {error}", action.label()));
    }

    fn waiting(&mut self, until: Timestamp, why: &WaitReason, _: &State) {
        let why = format!("{why:?}");
        self.say(&format!("waits until {until}: {}", why.split(['(', '{']).next().unwrap_or_default()));
        if let Some(leave) = &self.leave {
            leave.send(Interrupt::StopWatching);
        }
    }
}

fn json(recorded: &Recorded) -> String {
    serde_json::to_string(&recorded.event).unwrap_or_default()
}
