//! Who drives a run: one process, told apart from all others that are and were.

use serde::{Deserialize, Serialize};

/// A process that drives a run, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// The user, for people to ask.
    pub who: String,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// This start of this host, and the process namespace there: containers of one host share its boot, and not its
    /// process ids. Empty where nobody can tell.
    #[serde(default)]
    pub boot: String,
    /// When the process began, in ticks since the boot: ids of processes are used again. Empty where nobody can tell.
    #[serde(default)]
    pub started: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {} on {})", self.who, self.pid, self.host)
    }
}

/// Whether a process lives, as far as this one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vitality {
    /// It does.
    Alive,
    /// It does not, for certain.
    Dead,
    /// It runs elsewhere, or nobody can tell.
    Unknown,
}

impl Holder {
    /// This process.
    pub(crate) fn this_process(who: &str) -> Self {
        let pid = std::process::id();
        Self {
            who: who.to_owned(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid,
            boot: proc::boot().unwrap_or_default(),
            started: proc::started(pid).ok().flatten().unwrap_or_default(),
        }
    }

    /// Whether this process has certainly ended: only this host can know, and only of its own processes.
    pub fn is_certainly_dead(&self) -> bool {
        self.vitality(&Self::this_process("")) == Vitality::Dead
    }

    /// Whether this process lives, asked from `here`.
    pub(super) fn vitality(&self, here: &Self) -> Vitality {
        self.evaluate(here, proc::started)
    }

    /// `started` tells when a process of this host began; none when there is no such process.
    fn evaluate(
        &self,
        here: &Self,
        started: impl FnOnce(u32) -> std::io::Result<Option<String>>,
    ) -> Vitality {
        let is_known = !self.boot.is_empty() && !self.started.is_empty();
        // Another boot of a host of the same name proves nothing: names are not unique.
        if !is_known || self.host != here.host || self.boot != here.boot {
            return Vitality::Unknown;
        }
        match started(self.pid) {
            Ok(Some(started)) if started == self.started => Vitality::Alive,
            Ok(_) => Vitality::Dead,
            Err(_) => Vitality::Unknown,
        }
    }
}

/// The number of the user that this process runs as; none where users have none.
pub fn user_id() -> Option<u32> {
    #[cfg(unix)]
    return Some(rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    None
}

/// What Linux tells of processes; nothing elsewhere.
mod proc {
    use std::fs;
    use std::io::{self, ErrorKind};

    use rustix::io::Errno;
    use rustix::process::Pid;

    pub(super) fn boot() -> Option<String> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(format!("{} {}", boot.trim(), namespace.display()))
    }

    pub(super) fn started(pid: u32) -> io::Result<Option<String>> {
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => parse(&stat).map(Some).ok_or_else(|| ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => unlisted(pid),
            // It ended while it was looked at (ESRCH).
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A process that /proc does not show: mounted with `hidepid=2`, or under systemd's `ProtectProc=invisible`, it
    /// leaves out those of other users, who live all the same. The kernel tells them apart (kill(2)): only ESRCH says
    /// that there is no such process. When one began that only the kernel knows of, nobody can tell.
    pub(super) fn unlisted(pid: u32) -> io::Result<Option<String>> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(ErrorKind::InvalidData)?;
        match rustix::process::test_kill_process(pid) {
            Err(Errno::SRCH) => Ok(None),
            Ok(()) | Err(_) => Err(ErrorKind::PermissionDenied.into()),
        }
    }

    /// The 22nd field. The second is the program's name in parentheses, which may hold blanks and parentheses. A
    /// process that has ended and that nobody has waited for is dead: it drives nothing.
    pub(super) fn parse(stat: &str) -> Option<String> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let started = fields.nth(18)?;
        Some(if matches!(state, "Z" | "X") { format!("{started}, and ended") } else { started.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            who: "ann".into(),
            host: "laptop".into(),
            pid: 42,
            boot: "b1 pid:[1]".into(),
            started: "9000".into(),
        }
    }

    #[test]
    fn only_this_boot_of_this_host_can_prove_a_death() {
        let here = holder();
        let began = |at: Option<&'static str>| move |_| Ok(at.map(str::to_owned));
        assert_eq!(holder().evaluate(&here, began(Some("9000"))), Vitality::Alive);
        assert_eq!(holder().evaluate(&here, began(None)), Vitality::Dead);
        assert_eq!(holder().evaluate(&here, began(Some("9001"))), Vitality::Dead, "the id was used again");
        assert_eq!(
            holder().evaluate(&here, |_| Err(std::io::ErrorKind::PermissionDenied.into())),
            Vitality::Unknown
        );
        for elsewhere in [
            Holder { host: "server".into(), ..holder() },
            Holder { boot: "b2 pid:[1]".into(), ..holder() },
            Holder { boot: "b1 pid:[7]".into(), ..holder() },
            Holder { boot: String::new(), ..holder() },
            Holder { started: String::new(), ..holder() },
        ] {
            assert_eq!(elsewhere.evaluate(&here, began(None)), Vitality::Unknown, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let rest = "S 1 42 42 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 9000 1 2 3";
        assert_eq!(proc::parse(&format!("42 (a) b ( c) {rest}")).as_deref(), Some("9000"));
        let zombie = rest.replacen('S', "Z", 1);
        assert_ne!(proc::parse(&format!("42 (emrys) {zombie}")).as_deref(), Some("9000"));
        assert_eq!(proc::parse("42 (emrys) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_alive_and_one_that_was_waited_for_is_dead() {
        let here = Holder::this_process("ann");
        assert_eq!(here.vitality(&here), Vitality::Alive);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let began = proc::started(child.id()).unwrap().unwrap_or_default();
        let other = Holder { pid: child.id(), started: began.replace(", and ended", ""), ..here.clone() };
        child.wait().unwrap();
        assert_eq!(other.vitality(&here), Vitality::Dead);
    }

    /// Process 1 is another user's, or, for root, its own: either way it lives, whatever /proc leaves out.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_proc_hides_is_not_dead() {
        let here = Holder::this_process("ann");
        let hidden = Holder { pid: 1, ..here.clone() };
        assert_eq!(hidden.evaluate(&here, proc::unlisted), Vitality::Unknown);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = Holder { pid: child.id(), ..here.clone() };
        assert_eq!(gone.evaluate(&here, proc::unlisted), Vitality::Dead);
    }
}
