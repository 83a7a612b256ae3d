//! What an operation knows and may use beside its input.

use jiff::{SignedDuration, Timestamp};

use super::effects::Effect;
use super::ids::Ids;
use super::settings::WorldSettings;

/// What a call knows beside its input.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The time of the call.
    pub now: Timestamp,
    /// The region that the endpoint plays, for ARNs and host names.
    pub region: String,
    /// The account that the endpoint plays: twelve digits.
    pub account: String,
    /// The access key id that signed the call.
    pub access_key: String,
    /// What a list shows.
    pub view: ListView,
}

/// What a list shows: everything there is, on pages of the usual size, unless a fault makes it less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListView {
    /// ListClusters answers as of this long ago.
    pub stale: Option<SignedDuration>,
    /// ListClusters leaves out what is younger.
    pub hidden: Option<SignedDuration>,
    /// The most items of a page; 0 gives an empty page with a marker.
    pub items: Option<usize>,
}

/// What an operation works with beside its input and the state of its service.
pub(crate) struct Scope<'a> {
    pub(crate) settings: &'a WorldSettings,
    pub(crate) ids: &'a mut Ids,
    pub(crate) context: &'a CallContext,
    /// What must happen outside as a consequence.
    pub(crate) outbox: &'a mut Vec<Effect>,
}
