//! One daemon per directory.
//!
//! ```text
//! serve     the daemon itself: lock, socket, address, until a signal or idle minutes
//! client    connect to it, start it, stop it
//! address   what a client needs to know; address.json
//! lock      who holds the directory; daemon.lock
//! ```
//!
//! | in the directory | |
//! | --- | --- |
//! | `daemon.lock` | held (flock) as long as a daemon lives |
//! | `address.json` | its address and credentials, there while it answers |
//! | `secret` | the secret of the directory, so that a printed environment stays good |
//! | `world.json`, `journal.jsonl` | state and calls |
//! | `scripted-steps.json` | if there is one: steps and clusters that follow a script |
//! | `faults.json` | if there is one: faults of calls and clusters on purpose ([`crate::faults`]) |
//! | `s3/`, `s3-meta/` | the objects, and what a file system cannot hold of them |
//! | `work/` | where steps run |
//! | `daemon.log` | the output of a daemon that was started in the background |

mod address;
mod client;
mod error;
mod lock;
mod serve;

pub use self::address::{Address, address};
pub use self::client::{connect_or_start, stop};
pub use self::error::DaemonError;
pub use self::serve::{ServeOptions, serve};

#[cfg(test)]
mod tests;
