//! What the control plane tells while it drives a run, on its way to the person who watches.

use emrys_control_plane::{Holder, Removed, Stop, Watcher};
use emrys_core::day::Day;
use emrys_core::run::{Action, Answer, Query, Recorded, State, Trouble, Why};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Level, Live, describe};
use crate::clock;
use crate::format::{bytes, duration, plural};
use crate::printer::{DIM, Printer, styled};

/// One line per change, and spinners below them on a terminal.
#[derive(Debug)]
pub(crate) struct Watching {
    printer: Printer,
    live: Live,
    since: jiff::Timestamp,
    /// The trouble that was told last: it is told again only when it is another.
    trouble: Option<String>,
}

impl Watching {
    /// Begins to watch.
    pub(crate) fn start(printer: &Printer, title: &str) -> Self {
        Self {
            printer: printer.clone(),
            live: Live::start(printer, title),
            since: clock::now(),
            trouble: None,
        }
    }

    fn line(&self, level: Level, text: &str, fields: Map<String, Value>) {
        let elapsed = duration(clock::now().duration_since(self.since));
        let text = match self.printer.log_format() {
            crate::args::LogFormat::Text => format!("{} {text}", styled(DIM, format_args!("{elapsed:>10}"))),
            crate::args::LogFormat::Json => text.to_owned(),
        };
        self.printer.record(level.name(), &text, fields);
    }
}

impl Watching {
    fn trouble(&mut self, doing: &str, trouble: &Trouble) {
        let text = format!("{doing}{trouble}: trying again");
        if self.trouble.as_deref() != Some(&text) {
            self.line(Level::Warn, &text, Map::new());
            self.trouble = Some(text);
        }
    }
}

impl Watcher for Watching {
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
        self.trouble = None;
        if let Some((level, text)) = describe(&recorded.event) {
            let mut fields = Map::new();
            if let Ok(event) = serde_json::to_value(&recorded.event) {
                fields.insert("event".to_owned(), event);
            }
            self.line(level, &text, fields);
        }
    }

    fn looked(&mut self, _query: &Query, answer: Result<&Answer, &Trouble>) {
        if let Err(trouble) = answer {
            self.trouble("", trouble);
        }
    }

    fn acting(&mut self, action: &Action) {
        self.live.waiting(action.label());
    }

    fn act_failed(&mut self, action: &Action, trouble: &Trouble) {
        self.trouble(&format!("could not {}: ", action.label()), trouble);
    }

    fn waiting(&mut self, _until: Timestamp, why: &Why, _state: &State) {
        self.live.waiting(match why {
            Why::Trouble(_) => "waiting for AWS",
            Why::LaunchThrottled => "EMR has too many calls: waiting to launch",
            Why::Settling => "waiting for a clear answer to the launch",
            Why::Cluster => "watching the cluster",
            Why::End => "waiting for the cluster's end",
            Why::Logs => "waiting for the failed step's log",
        });
    }

    fn cleared(&mut self, day: Day, removed: &[Removed]) {
        for Removed { attempt, because, objects, bytes: size, .. } in removed {
            let (objects, size) = (plural(*objects, "object"), bytes(*size));
            let text =
                format!("the output of attempt {attempt} of {day} is removed ({because}): {objects}, {size}");
            self.line(Level::Info, &text, Map::new());
        }
    }

    fn not_cleared(&mut self, stop: &Stop) {
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
