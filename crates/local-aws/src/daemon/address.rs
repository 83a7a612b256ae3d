//! What a client needs to know about a daemon.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lock;
use crate::server::replace_file;

/// The address of a daemon: the content of `address.json`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// For `AWS_ENDPOINT_URL`: S3 in path style, and all other services.
    pub endpoint_url: String,
    /// For `AWS_ACCESS_KEY_ID`. Any other is as good.
    pub access_key: String,
    /// For `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// For `AWS_REGION`. Clients may use others: the one that they sign for stands in their ARNs.
    pub region: String,
    /// The account that the daemon plays.
    pub account: String,
    /// The daemon's process.
    pub pid: u32,
    /// The port, on 127.0.0.1.
    pub port: u16,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("endpoint_url", &self.endpoint_url)
            .field("region", &self.region)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

pub(super) fn file_of(dir: &Path) -> PathBuf {
    dir.join("address.json")
}

/// The address of the daemon that serves this directory; `None` when none does.
pub fn address(dir: &Path) -> Option<Address> {
    let address = read(dir).filter(|_| lock::is_held(dir))?;
    // A file that a killed daemon left behind may be there while the next one starts: does anybody answer there?
    let socket = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port));
    TcpStream::connect_timeout(&socket, Duration::from_secs(2)).is_ok().then_some(address)
}

/// The address as the file has it, whether or not anybody is there.
pub(super) fn read(dir: &Path) -> Option<Address> {
    serde_json::from_slice(&std::fs::read(file_of(dir)).ok()?).ok()
}

pub(super) fn write(dir: &Path, address: &Address) -> io::Result<()> {
    replace_file(&file_of(dir), &serde_json::to_vec_pretty(address)?)
}
