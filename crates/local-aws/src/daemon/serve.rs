//! The daemon itself.

use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::address::{self, Address};
use super::lock::Lock;
use super::{DaemonError, client};
use crate::clock::Clock;
use crate::faults::{FaultPlan, FaultScript};
use crate::journal::Journal;
use crate::server::{Endpoint, EndpointConfig, SavedWorld, replace_file, serve_on};
use crate::store::Store;
use crate::world::{Scripts, World, WorldSettings};

/// How a directory is served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The directory; it is made if it is not there.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// After how long without a call, and with no cluster alive, the daemon ends; `None` for never.
    pub idle: Option<Duration>,
    /// Pace, pages and scripts. Scripts of the directory's `scripted-steps.json` come after these.
    pub settings: WorldSettings,
    /// A file of faults ([`crate::faults`]); its rules come before those of the directory's `faults.json`.
    pub faults: Option<PathBuf>,
    /// The region that clients get with the address.
    pub region: String,
    /// The account that is played.
    pub account: String,
    /// Whether the journal keeps the parameters of requests.
    pub journal_requests: bool,
}

impl ServeOptions {
    /// The usual options for a directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            idle: None,
            settings: WorldSettings::default(),
            faults: None,
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            journal_requests: true,
        }
    }
}

/// The access key id that clients get with the address.
const ACCESS_KEY: &str = "AKIAEMRYSLOCALACCESS";

/// How far a request's date may be off, as at AWS.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Serves a directory until SIGTERM, SIGINT or SIGHUP, or until it was idle for long enough. `on_ready` is called
/// once clients can connect. Running steps are ended with the daemon; the next one finds them gone, as EMR finds the
/// steps of a lost primary node.
pub async fn serve(options: ServeOptions, on_ready: impl FnOnce(&Address)) -> Result<(), DaemonError> {
    client::detach_if_asked();
    let dir = make_dir(&options.dir)?;
    // From here on a signal ends the daemon in order, however early it comes.
    let signals = Signals::listen().map_err(DaemonError::Signals)?;
    let Some(lock) = take_lock(&dir).await? else {
        return Err(DaemonError::AlreadyRunning { dir });
    };
    // What a killed daemon left behind.
    let _ = std::fs::remove_file(address::file_of(&dir));

    let clock = Clock::system();
    let listen = |source| DaemonError::Listen { port: options.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(listen)?;
    let port = listener.local_addr().map_err(listen)?.port();
    let address = Address {
        endpoint_url: format!("http://127.0.0.1:{port}"),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: secret(&dir)?,
        region: options.region.clone(),
        account: options.account.clone(),
        pid: std::process::id(),
        port,
    };
    let (endpoint, driver) = open(&dir, &options, &address, clock.clone())?;
    address::write(&dir, &address).map_err(DaemonError::file("cannot write", address::file_of(&dir)))?;
    tracing::info!(dir = %dir.display(), url = %address.endpoint_url, "serving");
    on_ready(&address);

    let driver = tokio::spawn(driver.run());
    serve_on(listener, endpoint.clone(), ended(signals, &endpoint, &clock, options.idle)).await;

    // No client must find the address of a daemon that has stopped answering. The world stands still before the steps
    // are ended: it must not take their end for their own doing.
    let _ = std::fs::remove_file(address::file_of(&dir));
    driver.abort();
    let _ = driver.await;
    endpoint.shutdown().await;
    drop(lock);
    Ok(())
}

fn make_dir(dir: &Path) -> Result<PathBuf, DaemonError> {
    std::fs::create_dir_all(dir).map_err(DaemonError::file("cannot make", dir))?;
    // Steps run in other folders: the path must not depend on the folder of this process.
    dir.canonicalize().map_err(DaemonError::file("cannot find", dir))
}

/// Takes the lock. It waits for a while: other processes hold it for a moment to see whether it is held.
async fn take_lock(dir: &Path) -> Result<Option<Lock>, DaemonError> {
    for _ in 0..50 {
        if let Some(lock) = Lock::take(dir)? {
            return Ok(Some(lock));
        }
        // A daemon that holds it has told its address, or will soon: no use waiting for that one to end.
        if address::read(dir).is_some() && address::address(dir).is_some() {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

fn open(
    dir: &Path,
    options: &ServeOptions,
    address: &Address,
    clock: Clock,
) -> Result<(Endpoint, crate::server::Driver), DaemonError> {
    let mut settings = options.settings.clone();
    let scripts = scripts(dir)?;
    settings.scripts.steps.extend(scripts.steps);
    settings.scripts.clusters.extend(scripts.clusters);
    settings.scripts.check()?;
    let faults = faults(dir, options)?;
    let plan = FaultPlan::script(&faults)
        .map_err(|source| DaemonError::Faults { path: dir.join(FAULTS), source })?;
    settings.cluster_rules.extend(faults.clusters);
    let saved = SavedWorld::at(dir.join("world.json"));
    let world = match saved.load()? {
        Some(mut world) => {
            world.set_settings(settings);
            world.restarted(clock.now());
            world
        }
        None => World::new(settings, seed(dir)),
    };
    let journal_file = dir.join("journal.jsonl");
    let journal = Journal::open(&journal_file, options.journal_requests)
        .map_err(DaemonError::file("cannot open", &journal_file))?;
    let (endpoint, driver) = Endpoint::new(EndpointConfig {
        world,
        saved: Some(saved),
        store: Store::directory(dir, clock.clone())?,
        journal,
        clock,
        root: Some(dir.to_owned()),
        endpoint_url: address.endpoint_url.clone(),
        region: address.region.clone(),
        account: address.account.clone(),
        access_key: address.access_key.clone(),
        secret_key: address.secret_key.clone(),
        max_skew: Some(MAX_SKEW),
    });
    if !faults.calls.is_empty() {
        tracing::warn!(rules = faults.calls.len(), "calls meet faults on purpose");
        endpoint.set_faults(Some(plan));
    }
    Ok((endpoint, driver))
}

const FAULTS: &str = "faults.json";

/// The faults of the options, then those of the directory.
pub(super) fn faults(dir: &Path, options: &ServeOptions) -> Result<FaultScript, DaemonError> {
    let mut all = FaultScript::default();
    let own = dir.join(FAULTS);
    let own = own.try_exists().map_err(DaemonError::file("cannot read", &own))?.then_some(own);
    for path in options.faults.clone().into_iter().chain(own) {
        let text = std::fs::read_to_string(&path).map_err(DaemonError::file("cannot read", &path))?;
        let script = FaultScript::read(&text).map_err(|source| DaemonError::Faults { path, source })?;
        all.calls.extend(script.calls);
        all.clusters.extend(script.clusters);
    }
    Ok(all)
}

fn scripts(dir: &Path) -> Result<Scripts, DaemonError> {
    let path = dir.join("scripted-steps.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Scripts::read(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Scripts::default()),
        Err(error) => Err(DaemonError::file("cannot read", path)(error)),
    }
}

/// Two directories give different ids, one directory always the same ones.
fn seed(dir: &Path) -> u64 {
    let digest = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// The secret of a directory, made at its first use.
fn secret(dir: &Path) -> Result<String, DaemonError> {
    let path = dir.join("secret");
    if let Ok(secret) = std::fs::read_to_string(&path)
        && !secret.trim().is_empty()
    {
        return Ok(secret.trim().to_owned());
    }
    let mut random = [0_u8; 20];
    let source = Path::new("/dev/urandom");
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut random))
        .map_err(DaemonError::file("cannot read", source))?;
    let secret = hex::encode(random);
    replace_file(&path, secret.as_bytes()).map_err(DaemonError::file("cannot write", path))?;
    Ok(secret)
}

/// The signals that end a daemon.
struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> io::Result<Self> {
        let [terminate, interrupt, hangup] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self([terminate?, interrupt?, hangup?]))
    }

    async fn any(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Waits for the end: a signal, or too long a quiet.
async fn ended(mut signals: Signals, endpoint: &Endpoint, clock: &Clock, idle: Option<Duration>) {
    let quiet = async {
        match idle.and_then(|idle| SignedDuration::try_from(idle).ok()) {
            Some(idle) => quiet_for(endpoint, clock, idle).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signals.any() => tracing::info!("ending on a signal"),
        () = quiet => tracing::info!("ending: nothing happened for a while, and nothing is alive"),
    }
}

/// Returns once nothing has happened for `idle`.
pub(super) async fn quiet_for(endpoint: &Endpoint, clock: &Clock, idle: SignedDuration) {
    loop {
        let now = clock.now();
        let since = endpoint.quiet_since();
        let end = since.unwrap_or(now).checked_add(idle).unwrap_or(jiff::Timestamp::MAX);
        if since.is_some() && end <= now {
            return;
        }
        clock.sleep_until(end).await;
    }
}
