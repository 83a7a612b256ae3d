//! What the control plane reports while it drives a run, on its way to the person who watches.

use emrys_control_plane::{Holder, Removed, RunListener, Stop};
use emrys_core::day::Day;
use emrys_core::record::{CallError, Recorded};
use emrys_core::run::{Action, Observation, Probe, State, WaitReason};
use emrys_terminal::clock;
use emrys_terminal::format::{bytes, duration, plural};
use emrys_terminal::printer::{DIM, LogFormat, Printer, styled};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Level, Live, describe};

/// One line per change, and spinners below them on a terminal.
#[derive(Debug)]
pub(crate) struct ProgressReporter {
    printer: Printer,
    live: Live,
    since: jiff::Timestamp,
    /// The error that was printed last: it is printed again only when it is another.
    error: Option<String>,
}

impl ProgressReporter {
    /// Begins to watch.
    pub(crate) fn start(printer: &Printer, title: &str) -> Self {
        Self { printer: printer.clone(), live: Live::start(printer, title), since: clock::now(), error: None }
    }

    fn line(&self, level: Level, text: &str, fields: Map<String, Value>) {
        let elapsed = duration(clock::now().duration_since(self.since));
        let text = match self.printer.log_format() {
            LogFormat::Text => format!("{} {text}", styled(DIM, format_args!("{elapsed:>10}"))),
            LogFormat::Json => text.to_owned(),
        };
        self.printer.record(level.name(), &text, fields);
    }
}

impl ProgressReporter {
    fn error(&mut self, doing: &str, error: &CallError) {
        let text = format!("{doing}{error}: trying again");
        if self.error.as_deref() != Some(&text) {
            self.line(Level::Warn, &text, Map::new());
            self.error = Some(text);
        }
    }
}

impl RunListener for ProgressReporter {
    fn lease_is_held(&mut self, holder: &Holder, until: Timestamp) {
        let left = duration(until.duration_since(clock::now()));
        self.line(
            Level::Info,
            &format!("{holder} holds the run: waiting {left} for a sign of life"),
            Map::new(),
        );
        self.live.waiting("waiting for the lease");
    }

    fn follows(&mut self, holder: &Holder, since: Timestamp, state: &State) {
        let text = format!("{holder} drives the run, since {since:.0}: its record is read along");
        self.line(Level::Info, &text, Map::new());
        self.live.resume(state);
        self.live.waiting("reading along");
    }

    fn began(&mut self, state: &State) {
        if state.closed.is_none() && state.attempt().is_some() {
            self.line(Level::Info, "the run is in flight, and is picked up", Map::new());
        }
        self.live.resume(state);
    }

    fn recorded(&mut self, recorded: &Recorded, _state: &State) {
        self.live.changed(&recorded.event);
        self.error = None;
        if let Some((level, text)) = describe(&recorded.event) {
            let mut fields = Map::new();
            if let Ok(event) = serde_json::to_value(&recorded.event) {
                fields.insert("event".to_owned(), event);
            }
            self.line(level, &text, fields);
        }
    }

    fn observed(&mut self, _query: &Probe, observation: Result<&Observation, &CallError>) {
        if let Err(error) = observation {
            self.error("", error);
        }
    }

    fn executing(&mut self, action: &Action) {
        self.live.waiting(action.label());
    }

    fn action_failed(&mut self, action: &Action, error: &CallError) {
        self.error(&format!("could not {}: ", action.label()), error);
    }

    fn waiting(&mut self, _until: Timestamp, why: &WaitReason, _state: &State) {
        self.live.waiting(match why {
            WaitReason::CallFailed(_) => "waiting for AWS",
            WaitReason::LaunchThrottled => "EMR has too many calls: waiting to launch",
            WaitReason::ResolvingLaunch => "waiting for a clear answer to the launch",
            WaitReason::ClusterAtWork => "watching the cluster",
            WaitReason::ClusterEnding => "waiting for the cluster's end",
            WaitReason::Logs => "waiting for the failed step's log",
        });
    }

    fn collected(&mut self, day: Day, removed: &[Removed]) {
        for Removed { attempt, because, objects, bytes: size, .. } in removed {
            let (objects, size) = (plural(*objects, "object"), bytes(*size));
            let text =
                format!("the output of attempt {attempt} of {day} is removed ({because}): {objects}, {size}");
            self.line(Level::Info, &text, Map::new());
        }
    }

    fn garbage_collection_failed(&mut self, stop: &Stop) {
        let text = match stop {
            Stop::Interrupted => {
                "stopped: other output that nobody needs any more is left to `emrys gc`, and to the next run"
                    .to_owned()
            }
            stop => format!(
                "output that nobody needs any more could not be removed, and is left to later: {stop}"
            ),
        };
        self.line(Level::Warn, &text, Map::new());
    }
}
