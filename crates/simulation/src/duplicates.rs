//! Launches that were recorded as never made, and took effect all the same: their cluster is searched for again, and a
//! cluster that such a search could find is asked to end.

use emrys_core::record::{Event, Recorded};
use emrys_core::run::State;

use crate::harness::Cluster;
use crate::network::{Facts, STALE};

/// A cluster of a launch that was given up.
pub(crate) struct LateLaunch<'a> {
    cluster: &'a Cluster,
    /// Up to when it could be searched for, in seconds since the start: the end of the last cluster of the day after
    /// which that was done.
    observed: Option<f64>,
}

/// All of them, by the record.
pub(crate) fn late_launches<'a>(events: &[Recorded], clusters: &[&'a Cluster]) -> Vec<LateLaunch<'a>> {
    let given_up = |cluster: &&Cluster| {
        events.iter().position(|recorded| {
            matches!(&recorded.event, Event::LaunchResolved { nonce, clusters } if nonce == cluster.nonce() && clusters.is_empty())
        })
    };
    let checks = late_launch_checks(events, clusters);
    let found = clusters.iter().filter_map(|cluster| Some((*cluster, given_up(cluster)?)));
    let found = found.map(|(cluster, since)| {
        let after = checks.iter().filter(|(at, _)| *at > since);
        LateLaunch { cluster, observed: after.map(|(_, gone)| *gone).reduce(f64::max) }
    });
    found.collect()
}

/// How many there are, for the summary; `None` if there are zero.
pub(crate) fn counted(events: &[Recorded], clusters: &[Cluster]) -> Option<(&'static str, u64)> {
    let ours: Vec<_> = clusters.iter().filter(|cluster| cluster.is_ours()).collect();
    let late = late_launches(events, &ours).len() as u64;
    (late > 0).then_some(("launch made after it was given up", late))
}

/// The observations that were made when the cluster of an attempt was gone: by their place in the record, and when that
/// was.
fn late_launch_checks(events: &[Recorded], clusters: &[&Cluster]) -> Vec<(usize, f64)> {
    let mut state = State::default();
    let mut checks = Vec::new();
    for (at, recorded) in events.iter().enumerate() {
        let own = state.attempt().and_then(|attempt| attempt.cluster());
        if let (Event::LateLaunchesChecked { .. }, Some(own)) =
            (&recorded.event, own.filter(|own| own.is_gone()))
        {
            let own = clusters.iter().find(|cluster| cluster.id == own.id);
            checks.extend(own.and_then(|own| own.gone).map(|gone| (at, gone)));
        }
        if state.apply(recorded).is_err() {
            break;
        }
    }
    checks
}

impl LateLaunch<'_> {
    /// What is wrong with it: nothing, where it was asked to end, or no observation could find it.
    pub(crate) fn wrong(&self, facts: &Facts) -> Option<String> {
        let Self { cluster: Cluster { id, born, .. }, observed } = self;
        let is_asked = facts.terminations.iter().any(|(_, asked)| asked == id);
        let is_observable = observed.is_some_and(|observed| observed > born + seconds(STALE + 1));
        (is_observable && !is_asked && !facts.left_out.contains(id)).then(|| {
            format!("{id} came of a launch that was given up, could be seen at {observed:?}, and nobody asked for its end")
        })
    }
}

fn seconds(seconds: u64) -> f64 {
    std::time::Duration::from_secs(seconds).as_secs_f64()
}
