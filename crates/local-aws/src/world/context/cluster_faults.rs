//! Faults of clusters, by the rules of a `faults.json` ([`crate::faults`]).
//!
//! ```json
//! "clusters": [
//!   { "cluster": "/a1/", "kind": "no_capacity" },
//!   { "cluster": "^emrys/web-logs/", "kind": "spot_loss", "node": "primary", "after_ms": 5000, "times": 1 },
//!   { "cluster": ".", "kind": "late_logs", "delay_ms": 60000 }
//! ]
//! ```
//!
//! | member of a rule for clusters | |
//! | --- | --- |
//! | `cluster` | a pattern for the cluster's name, searched for anywhere |
//! | `first` | the first matching cluster that has the fault, from 1 (left out: 1) |
//! | `times` | how many have it (left out: no end) |
//! | `kind` | the fault, with its own members beside it: |
//!
//! | kind | what happens to the cluster |
//! | --- | --- |
//! | `bootstrap_failure` | ends in BOOTSTRAPPING with BOOTSTRAP_FAILURE; `message`, `error_code` |
//! | `no_capacity` | ends in STARTING with VALIDATION_ERROR, as EMR says that a zone has no such instances |
//! | `fleet_timeout` | ends in STARTING with INSTANCE_FLEET_TIMEOUT |
//! | `fails` | ends in the phase `at` (`starting`, `bootstrapping`) with `code`, `message`, `error_code` |
//! | `endless_starting` | stays in STARTING until a call ends it |
//! | `spot_loss` | loses its `node`, `after_ms` in RUNNING; see below |
//! | `unknown_error` | a step that succeeded is FAILED with "Unknown Error."; `step`, a pattern for its name |
//! | `terminated` | ends TERMINATED with neither code nor message; see below |
//! | `unknown_state` | a state has an unknown name, `after_ms` in RUNNING; see below |
//! | `late_logs` | step logs are uploaded only `delay_ms` after the cluster's end |
//! | `rotated_logs` | the first half of each step log lies in `stderr.2024-10-21-03.gz` |
//! | `corrupt_logs` | step logs are truncated |
//!
//! - `spot_loss`: without a `task` node the step is slower, and its controller log says so. Without a `core` node the
//!   step is FAILED. Without the `primary` node the step is INTERRUPTED, and the cluster TERMINATED_WITH_ERRORS with
//!   INSTANCE_FAILURE.
//! - `terminated`: it ends in the phase `at` (`starting`, `bootstrapping`, or `running`, the default), and there
//!   `after_ms`.
//! - `unknown_state`: the state `of` the `cluster` or of its running `step` is called `state` (default: `DREAMING`),
//!   for `for_ms` (default: until it ends).
//!
//! A cluster may have several faults. Which ones is decided when it is launched.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::reason::ReasonCode;
use super::scripts::{ClusterFault, FaultPhase};

/// Which clusters have which fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ClusterRule {
    /// A pattern for the cluster's name.
    pub cluster: String,
    /// The first matching cluster that has it, from 1.
    pub first: u64,
    /// How many have it; `None` for no end.
    pub times: Option<u64>,
    /// What becomes of them.
    pub fault: RuleFault,
}

/// What becomes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleFault {
    /// It fails before it runs.
    Fails {
        /// In which phase (at its end).
        at: FaultPhase,
        /// The code of the state change reason.
        code: ReasonCode,
        /// The message of the state change reason.
        message: String,
        /// The code of an entry in ErrorDetails.
        error_code: Option<String>,
    },
    /// It stays in STARTING.
    EndlessStarting,
    /// It loses instances that were bought on the spot market.
    SpotLoss {
        /// Which.
        node: Node,
        /// How long after it began to run.
        after_ms: u64,
    },
    /// Steps that succeeded are FAILED.
    UnknownError {
        /// A pattern for their names; `None` for all.
        step: Option<String>,
    },
    /// It ends TERMINATED, and nothing says why.
    Terminated {
        /// In which phase (at its end); `None` while it runs.
        at: Option<FaultPhase>,
        /// How long after it began to run.
        after_ms: u64,
    },
    /// A state has a name that nobody knows.
    UnknownState {
        /// Whose state.
        of: StateOf,
        /// The name.
        state: String,
        /// How long after it began to run.
        after_ms: u64,
        /// For how long; `None` until it ends.
        for_ms: Option<u64>,
    },
    /// Step logs are uploaded late.
    LateLogs {
        /// How long after the cluster's end.
        delay_ms: u64,
    },
    /// Step logs are in pieces.
    RotatedLogs,
    /// Step logs are truncated.
    CorruptLogs,
}

/// The part of a cluster that an instance belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "EMR's own names")]
pub enum Node {
    Primary,
    Core,
    Task,
}

/// Whose state is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateOf {
    /// The cluster's.
    Cluster,
    /// That of its running steps.
    Step,
}

impl ClusterRule {
    /// Checks what its form cannot say.
    pub(crate) fn check(&self) -> Result<(), RuleError> {
        let step = match &self.fault {
            RuleFault::UnknownError { step } => step.as_ref(),
            _ => None,
        };
        for pattern in [Some(&self.cluster), step].into_iter().flatten() {
            Regex::new(pattern).map_err(|source| RuleError::Pattern { pattern: pattern.clone(), source })?;
        }
        if self.first == 0 || self.times == Some(0) {
            return Err(RuleError::Count);
        }
        Ok(())
    }

    /// Whether its pattern fits a name.
    pub(crate) fn fits(&self, name: &str) -> bool {
        Regex::new(&self.cluster).is_ok_and(|pattern| pattern.is_match(name))
    }

    /// Whether the n-th matching cluster, counted from 1, has it.
    pub(crate) fn counts(&self, n: u64) -> bool {
        n.checked_sub(self.first).is_some_and(|later| self.times.is_none_or(|times| later < times))
    }
}

/// What is wrong with a rule.
#[derive(Debug)]
pub(crate) enum RuleError {
    Pattern { pattern: String, source: regex_lite::Error },
    Count,
}

impl From<&ClusterFault> for RuleFault {
    fn from(fault: &ClusterFault) -> Self {
        Self::Fails {
            at: fault.at,
            code: fault.code,
            message: fault.message.clone(),
            error_code: fault.error_code.clone(),
        }
    }
}

/// A rule as it is written: all members of all kinds side by side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    cluster: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<ReasonCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<Node>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<StateOf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum At {
    Starting,
    Bootstrapping,
    Running,
}

impl At {
    const fn phase(self) -> Option<FaultPhase> {
        match self {
            Self::Starting => Some(FaultPhase::Starting),
            Self::Bootstrapping => Some(FaultPhase::Bootstrapping),
            Self::Running => None,
        }
    }

    const fn of(phase: FaultPhase) -> Self {
        match phase {
            FaultPhase::Starting => Self::Starting,
            FaultPhase::Bootstrapping => Self::Bootstrapping,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Fails,
    BootstrapFailure,
    NoCapacity,
    FleetTimeout,
    EndlessStarting,
    SpotLoss,
    UnknownError,
    Terminated,
    UnknownState,
    LateLogs,
    RotatedLogs,
    CorruptLogs,
}

impl Kind {
    /// The members that this kind has beside those of every rule.
    const fn members(self) -> &'static [&'static str] {
        match self {
            Self::Fails => &["at", "code", "message", "error_code"],
            Self::BootstrapFailure | Self::NoCapacity | Self::FleetTimeout => &["message", "error_code"],
            Self::EndlessStarting | Self::RotatedLogs | Self::CorruptLogs => &[],
            Self::SpotLoss => &["node", "after_ms"],
            Self::UnknownError => &["step"],
            Self::Terminated => &["at", "after_ms"],
            Self::UnknownState => &["of", "state", "after_ms", "for_ms"],
            Self::LateLogs => &["delay_ms"],
        }
    }
}

impl Written {
    /// The members given that only some kinds have.
    fn given(&self) -> impl Iterator<Item = &'static str> {
        [
            ("at", self.at.is_some()),
            ("code", self.code.is_some()),
            ("message", self.message.is_some()),
            ("error_code", self.error_code.is_some()),
            ("node", self.node.is_some()),
            ("after_ms", self.after_ms.is_some()),
            ("for_ms", self.for_ms.is_some()),
            ("step", self.step.is_some()),
            ("of", self.of.is_some()),
            ("state", self.state.is_some()),
            ("delay_ms", self.delay_ms.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
    }

    /// A failure before the cluster runs, in EMR's words unless it has its own.
    fn failure(&self, at: FaultPhase, code: ReasonCode, message: &str, detail: Option<&str>) -> RuleFault {
        RuleFault::Fails {
            at,
            code,
            message: self.message.clone().unwrap_or_else(|| message.to_owned()),
            error_code: self.error_code.clone().or_else(|| detail.map(str::to_owned)),
        }
    }

    fn fault(&self) -> Result<RuleFault, &'static str> {
        let after_ms = self.after_ms.unwrap_or(0);
        Ok(match self.kind {
            Kind::Fails => {
                let at = self.at.and_then(At::phase).ok_or("`at` (`starting` or `bootstrapping`)")?;
                self.failure(at, self.code.ok_or("`code`")?, "", None)
            }
            Kind::BootstrapFailure => self.failure(
                FaultPhase::Bootstrapping,
                ReasonCode::BootstrapFailure,
                "On the master instance, bootstrap action 1 returned a non-zero return code",
                Some("BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"),
            ),
            Kind::NoCapacity => self.failure(
                FaultPhase::Starting,
                ReasonCode::ValidationError,
                "We currently do not have sufficient capacity of this instance type in the Availability Zone you \
                 requested.",
                None,
            ),
            Kind::FleetTimeout => self.failure(
                FaultPhase::Starting,
                ReasonCode::InstanceFleetTimeout,
                "The instance fleet could not be provisioned within its timeout.",
                None,
            ),
            Kind::EndlessStarting => RuleFault::EndlessStarting,
            Kind::SpotLoss => RuleFault::SpotLoss { node: self.node.ok_or("`node`")?, after_ms },
            Kind::UnknownError => RuleFault::UnknownError { step: self.step.clone() },
            Kind::Terminated => RuleFault::Terminated { at: self.at.and_then(At::phase), after_ms },
            Kind::UnknownState => RuleFault::UnknownState {
                of: self.of.ok_or("`of`")?,
                state: self.state.clone().unwrap_or_else(|| "DREAMING".to_owned()),
                after_ms,
                for_ms: self.for_ms,
            },
            Kind::LateLogs => RuleFault::LateLogs { delay_ms: self.delay_ms.ok_or("`delay_ms`")? },
            Kind::RotatedLogs => RuleFault::RotatedLogs,
            Kind::CorruptLogs => RuleFault::CorruptLogs,
        })
    }
}

impl TryFrom<Written> for ClusterRule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = serde_json::to_value(written.kind).unwrap_or_default();
        let members = written.kind.members();
        if let Some(member) = written.given().find(|member| !members.contains(member)) {
            return Err(format!("a cluster fault of the kind {name} has no `{member}`"));
        }
        let fault =
            written.fault().map_err(|member| format!("a cluster fault of the kind {name} needs {member}"))?;
        Ok(Self { cluster: written.cluster, first: written.first.unwrap_or(1), times: written.times, fault })
    }
}

impl From<ClusterRule> for Written {
    fn from(rule: ClusterRule) -> Self {
        let all =
            Self { cluster: rule.cluster, first: Some(rule.first), times: rule.times, ..Self::default() };
        match rule.fault {
            RuleFault::Fails { at, code, message, error_code } => Self {
                kind: Kind::Fails,
                at: Some(At::of(at)),
                code: Some(code),
                message: Some(message),
                error_code,
                ..all
            },
            RuleFault::EndlessStarting => Self { kind: Kind::EndlessStarting, ..all },
            RuleFault::SpotLoss { node, after_ms } => {
                Self { kind: Kind::SpotLoss, node: Some(node), after_ms: Some(after_ms), ..all }
            }
            RuleFault::UnknownError { step } => Self { kind: Kind::UnknownError, step, ..all },
            RuleFault::Terminated { at, after_ms } => Self {
                kind: Kind::Terminated,
                at: Some(at.map_or(At::Running, At::of)),
                after_ms: Some(after_ms),
                ..all
            },
            RuleFault::UnknownState { of, state, after_ms, for_ms } => Self {
                kind: Kind::UnknownState,
                of: Some(of),
                state: Some(state),
                after_ms: Some(after_ms),
                for_ms,
                ..all
            },
            RuleFault::LateLogs { delay_ms } => {
                Self { kind: Kind::LateLogs, delay_ms: Some(delay_ms), ..all }
            }
            RuleFault::RotatedLogs => Self { kind: Kind::RotatedLogs, ..all },
            RuleFault::CorruptLogs => Self { kind: Kind::CorruptLogs, ..all },
        }
    }
}
