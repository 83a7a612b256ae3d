//! The rules of a file.

use jiff::{SignedDuration, Timestamp};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::{CallView, Fault, When};
use crate::services::Service;
use crate::world::{ClusterRule, RuleError};

/// The content of a `faults.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultScript {
    /// Faults of calls.
    pub calls: Vec<CallRule>,
    /// Faults of clusters; their kinds stand at [`crate::world::cluster_faults`].
    pub clusters: Vec<ClusterRule>,
}

/// Faults that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultScriptError {
    /// The file is not valid JSON, or has the wrong members.
    #[error("faults cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A pattern is not a valid regular expression.
    #[error("{place}: the pattern {pattern:?} is not a valid regular expression: {source}")]
    Pattern {
        /// Which rule: `calls[2]`, counted from 0.
        place: String,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        source: regex_lite::Error,
    },
    /// A rule that makes no sense.
    #[error("{place}: {why}")]
    Rule {
        /// Which rule: `calls[2]`, counted from 0.
        place: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The services of the embedded AWS, as the journal names them.
fn services() -> Vec<&'static str> {
    let mut names: Vec<&str> =
        Service::IN_WORLD.iter().chain([&Service::S3]).map(|service| service.name()).collect();
    names.sort_unstable();
    names
}

impl FaultScript {
    /// Reads faults and checks them, so that a wrong one is an error at once and not a fault that never comes.
    pub fn read(json: &str) -> Result<Self, FaultScriptError> {
        let script: Self = serde_json::from_str(json)?;
        script.check()?;
        Ok(script)
    }

    /// Checks all rules.
    pub fn check(&self) -> Result<(), FaultScriptError> {
        Counted::new(&self.calls)?;
        for (at, rule) in self.clusters.iter().enumerate() {
            let place = format!("clusters[{at}]");
            rule.check().map_err(|error| match error {
                RuleError::Pattern { pattern, source } => {
                    FaultScriptError::Pattern { place, pattern, source }
                }
                RuleError::Count => {
                    FaultScriptError::Rule { place, why: "`first` and `times` count from 1".to_owned() }
                }
            })?;
        }
        Ok(())
    }
}

fn pattern(place: &str, pattern: Option<&String>) -> Result<Option<Regex>, FaultScriptError> {
    let compile = |pattern: &String| {
        Regex::new(pattern).map_err(|source| FaultScriptError::Pattern {
            place: place.to_owned(),
            pattern: pattern.clone(),
            source,
        })
    };
    pattern.map(compile).transpose()
}

/// Which calls meet which fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct CallRule {
    /// The service as the journal names it; `None` for all.
    pub service: Option<String>,
    /// A pattern for the operation.
    pub operation: Option<String>,
    /// A pattern for the resource.
    pub resource: Option<String>,
    /// The first matching call that is hit, from 1.
    pub first: u64,
    /// From there on each k-th matching call.
    pub every: u64,
    /// How many calls are hit; `None` for no end.
    pub times: Option<u64>,
    /// For how long calls are hit, from the first that was; `None` for no end.
    pub for_ms: Option<u64>,
    /// What they meet.
    pub fault: Fault,
}

impl CallRule {
    /// A rule that every call meets.
    pub fn new(fault: Fault) -> Self {
        Self {
            service: None,
            operation: None,
            resource: None,
            first: 1,
            every: 1,
            times: None,
            for_ms: None,
            fault,
        }
    }

    fn check(&self) -> Result<(), String> {
        if let Some(service) = self.service.as_deref().filter(|service| !services().contains(service)) {
            return Err(format!("the service {service:?} is not one of {}", services().join(", ")));
        }
        for (name, count) in
            [("first", self.first), ("every", self.every), ("times", self.times.unwrap_or(1))]
        {
            if count == 0 {
                return Err(format!("`{name}` counts from 1"));
            }
        }
        match self.fault {
            Fault::ServerError { status, .. } if !(500..600).contains(&status) => {
                Err(format!("`status` is from 500 to 599, not {status}"))
            }
            _ => Ok(()),
        }
    }
}

/// A rule as it is written: all members of all kinds side by side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Throttle,
    ServerError,
    Cut,
    Slow,
    Late,
    AccessDenied,
    ExpiredToken,
    StaleList,
    HideNew,
    ShortPage,
}

impl Kind {
    /// The members that this kind has beside those of every rule.
    const fn members(self) -> &'static [&'static str] {
        match self {
            Self::Throttle | Self::AccessDenied | Self::ExpiredToken => &[],
            Self::ServerError => &["status", "when"],
            Self::Cut => &["when"],
            Self::Slow | Self::Late => &["delay_ms"],
            Self::StaleList | Self::HideNew => &["age_ms"],
            Self::ShortPage => &["items"],
        }
    }
}

impl TryFrom<Written> for CallRule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = serde_json::to_value(written.kind).unwrap_or_default();
        let given = [
            ("status", written.status.is_some()),
            ("when", written.when.is_some()),
            ("delay_ms", written.delay_ms.is_some()),
            ("age_ms", written.age_ms.is_some()),
            ("items", written.items.is_some()),
        ];
        let members = written.kind.members();
        if let Some((member, _)) = given.iter().find(|(member, given)| *given && !members.contains(member)) {
            return Err(format!("a fault of the kind {name} has no `{member}`"));
        }
        let needs = |member: &str| format!("a fault of the kind {name} needs `{member}`");
        let delay_ms = || written.delay_ms.ok_or_else(|| needs("delay_ms"));
        let age_ms = || written.age_ms.ok_or_else(|| needs("age_ms"));
        let when = written.when.unwrap_or_default();
        let fault = match written.kind {
            Kind::Throttle => Fault::Throttle,
            Kind::ServerError => Fault::ServerError { status: written.status.unwrap_or(500), when },
            Kind::Cut => Fault::Cut { when },
            Kind::Slow => Fault::Slow { delay_ms: delay_ms()? },
            Kind::Late => Fault::Late { delay_ms: delay_ms()? },
            Kind::AccessDenied => Fault::AccessDenied,
            Kind::ExpiredToken => Fault::ExpiredToken,
            Kind::StaleList => Fault::StaleList { age_ms: age_ms()? },
            Kind::HideNew => Fault::HideNew { age_ms: age_ms()? },
            Kind::ShortPage => Fault::ShortPage { items: written.items.ok_or_else(|| needs("items"))? },
        };
        Ok(Self {
            service: written.service,
            operation: written.operation,
            resource: written.resource,
            first: written.first.unwrap_or(1),
            every: written.every.unwrap_or(1),
            times: written.times,
            for_ms: written.for_ms,
            fault,
        })
    }
}

impl From<CallRule> for Written {
    fn from(rule: CallRule) -> Self {
        let mut written = Self {
            service: rule.service,
            operation: rule.operation,
            resource: rule.resource,
            first: Some(rule.first),
            every: Some(rule.every),
            times: rule.times,
            for_ms: rule.for_ms,
            ..Self::default()
        };
        written.kind = match rule.fault {
            Fault::Throttle => Kind::Throttle,
            Fault::ServerError { status, when } => {
                (written.status, written.when) = (Some(status), Some(when));
                Kind::ServerError
            }
            Fault::Cut { when } => {
                written.when = Some(when);
                Kind::Cut
            }
            Fault::Slow { delay_ms } => {
                written.delay_ms = Some(delay_ms);
                Kind::Slow
            }
            Fault::Late { delay_ms } => {
                written.delay_ms = Some(delay_ms);
                Kind::Late
            }
            Fault::AccessDenied => Kind::AccessDenied,
            Fault::ExpiredToken => Kind::ExpiredToken,
            Fault::StaleList { age_ms } => {
                written.age_ms = Some(age_ms);
                Kind::StaleList
            }
            Fault::HideNew { age_ms } => {
                written.age_ms = Some(age_ms);
                Kind::HideNew
            }
            Fault::ShortPage { items } => {
                written.items = Some(items);
                Kind::ShortPage
            }
        };
        written
    }
}

/// Rules, and how often their calls have come.
pub(super) struct Counted(Vec<Count>);

struct Count {
    rule: CallRule,
    operation: Option<Regex>,
    resource: Option<Regex>,
    matched: u64,
    hit: u64,
    since: Option<Timestamp>,
}

impl Counted {
    pub(super) fn new(rules: &[CallRule]) -> Result<Self, FaultScriptError> {
        let count = |(at, rule): (usize, &CallRule)| {
            let place = format!("calls[{at}]");
            let (operation, resource) =
                (pattern(&place, rule.operation.as_ref())?, pattern(&place, rule.resource.as_ref())?);
            rule.check().map_err(|why| FaultScriptError::Rule { place, why })?;
            Ok(Count { rule: rule.clone(), operation, resource, matched: 0, hit: 0, since: None })
        };
        rules.iter().enumerate().map(count).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn decide(&mut self, call: &CallView<'_>) -> Option<Fault> {
        let mut decided = None;
        for count in &mut self.0 {
            // Every rule counts, whichever decides.
            let due = count.matches(call) && count.is_due(call.now);
            if due && decided.is_none() {
                count.hit += 1;
                count.since.get_or_insert(call.now);
                decided = Some(count.rule.fault);
            }
        }
        decided
    }
}

impl Count {
    fn matches(&self, call: &CallView<'_>) -> bool {
        let fits =
            |regex: &Option<Regex>, text: &str| regex.as_ref().is_none_or(|regex| regex.is_match(text));
        self.rule.service.as_deref().is_none_or(|service| service == call.service)
            && fits(&self.operation, call.operation)
            && fits(&self.resource, call.resource)
            && self.rule.fault.fits(call)
    }

    /// Counts a matching call, and says whether it is one to be hit.
    fn is_due(&mut self, now: Timestamp) -> bool {
        self.matched += 1;
        let rule = &self.rule;
        let in_turn =
            self.matched.checked_sub(rule.first).is_some_and(|later| later % rule.every.max(1) == 0);
        let in_number = rule.times.is_none_or(|times| self.hit < times);
        let length = rule.for_ms.map(|ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
        let in_time = match (length, self.since) {
            (Some(length), Some(since)) => now.duration_since(since) <= length,
            _ => true,
        };
        in_turn && in_number && in_time
    }
}
