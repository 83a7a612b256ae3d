//! Which guards does nobody need any more? A guard is a schedule, and is judged by the cluster that it is to end.

use jiff::Timestamp;

use super::{ClusterNote, ClusterUsage, Foreign, Label, Orphan};

/// A schedule in the group of the guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardNote {
    /// Its name: of a guard, the nonce of the launch.
    pub name: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it is due, as Scheduler writes it.
    pub due: String,
    /// The one cluster that it is to end; none, when it does something else.
    pub cluster: Option<String>,
}

/// The cluster that a schedule is to end, if it is named as guards are and ends one cluster. Whatever else somebody
/// keeps in this group is theirs.
pub fn by_form(guard: &GuardNote) -> Result<&str, Foreign> {
    let is_guard = super::is_nonce(&guard.name);
    guard.cluster.as_deref().filter(|_| is_guard).ok_or(Foreign::Schedule)
}

/// Judges a guard by its cluster: by the cluster's label, which its tags have confirmed, and by how it stands.
///
/// A guard is of use as long as its cluster may run, whoever needs that: the one of an orphan that is up is an orphan
/// *with* it, and goes after it. One whose run is in flight is left to whoever drives that, cluster or no cluster.
pub fn evaluate_guard(
    guard: &GuardNote,
    label: &Label,
    cluster: &ClusterNote,
    standing: ClusterUsage,
) -> ClusterUsage {
    if guard.name != label.nonce {
        return ClusterUsage::Foreign(Foreign::Schedule);
    }
    match standing {
        ClusterUsage::Orphan(_) if cluster.state.is_terminal() => ClusterUsage::Orphan(Orphan::ClusterGone),
        ClusterUsage::Orphan(_) => ClusterUsage::Orphan(Orphan::ClusterOrphan),
        other => other,
    }
}
