//! The spinners of a run on a terminal.

use emrys_core::emr::{ClusterState, StepState};
use emrys_core::record::{Effect, Event};
use emrys_core::run::State;
use emrys_terminal::printer::Printer;
use emrys_terminal::spinner::{part, spinner};
use indexmap::IndexMap;
use indicatif::ProgressBar;

/// The spinners: one for the whole run, one for the cluster, one for each step.
///
/// Without a terminal they are hidden, and cost nothing.
#[derive(Debug)]
pub(crate) struct Live {
    printer: Printer,
    whole: ProgressBar,
    cluster: Option<ProgressBar>,
    cluster_id: String,
    steps: IndexMap<String, ProgressBar>,
}

impl Live {
    /// Begins to spin.
    pub(crate) fn start(printer: &Printer, title: &str) -> Self {
        Self {
            printer: printer.clone(),
            whole: spinner(printer, title),
            cluster: None,
            cluster_id: String::new(),
            steps: IndexMap::new(),
        }
    }

    /// What is waited for just now.
    pub(crate) fn waiting(&self, why: &str) {
        self.whole.set_message(why.to_owned());
    }

    /// Shows a run that was driven before.
    pub(crate) fn resume(&mut self, state: &State) {
        let Some(cluster) = state.attempt().and_then(|attempt| attempt.cluster()) else {
            return;
        };
        self.launched(&cluster.id);
        if let Some(state) = &cluster.state {
            self.cluster_state_changed(state);
        }
        for step in &cluster.steps {
            self.step_state_changed(&step.id, &step.name, &step.state);
        }
    }

    /// Shows what an event changed.
    pub(crate) fn changed(&mut self, event: &Event) {
        match event {
            // Another attempt has another cluster.
            Event::AttemptStarted { .. } => {
                for bar in std::mem::take(&mut self.steps).values().chain(&self.cluster.take()) {
                    bar.finish_and_clear();
                }
            }
            Event::ActionFinished { effect: Effect::Launched { cluster } } => self.launched(cluster),
            Event::LaunchResolved { clusters, .. } => {
                if let Some(cluster) = clusters.first() {
                    self.launched(cluster);
                }
            }
            Event::ClusterStateChanged { state, .. } => self.cluster_state_changed(state),
            Event::StepStateChanged { id, name, state, .. } => self.step_state_changed(id, name, state),
            _ => {}
        }
    }

    fn cluster_state_changed(&mut self, state: &ClusterState) {
        let bar = self.cluster.get_or_insert_with(|| part(&self.printer));
        bar.set_prefix(format!("cluster {}", self.cluster_id));
        show(bar, state.name(), state.is_terminal());
    }

    fn step_state_changed(&mut self, id: &str, name: &str, state: &StepState) {
        let bar = self.steps.entry(id.to_owned()).or_insert_with(|| part(&self.printer));
        bar.set_prefix(format!("step {name}"));
        show(bar, state.name(), state.is_terminal());
    }

    fn launched(&mut self, cluster: &str) {
        cluster.clone_into(&mut self.cluster_id);
        // Now, so that it stands above its steps.
        let bar = self.cluster.get_or_insert_with(|| part(&self.printer));
        bar.set_prefix(format!("cluster {cluster}"));
        bar.set_message("launched");
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for bar in self.steps.values().chain(&self.cluster).chain([&self.whole]) {
            bar.finish_and_clear();
        }
    }
}

/// A new state, counted from now on; a last one needs no spinner.
fn show(bar: &ProgressBar, state: &str, is_last: bool) {
    bar.set_message(state.to_owned());
    bar.reset_elapsed();
    if is_last {
        bar.finish_and_clear();
    }
}
