//! A realistic day of logs, made from a seed: the same seed and day make the same bytes.
//!
//! Several web servers write JSON lines, accesses and errors in files of their own. Traffic follows the day.
//! Response times have long tails. In the afternoon one backend is slow and fails for 25 minutes, and its callers log
//! why. A few lines are broken in the ways in which real lines are broken.

use std::fmt::Write;

use emrys_core::day::Day;
use fastrand::Rng;
use serde::Serialize;

use crate::catalog::{BACKENDS, Catalog, Endpoint};
use crate::random::{between, happens, long_tailed, one_of};

const SERVERS: usize = 6;
const MINUTES: u32 = 24 * 60;
/// The minutes of the day in which the incident stands, and its backend.
const INCIDENT: std::ops::Range<u32> = (14 * 60 + 35)..(15 * 60);
const INCIDENT_BACKEND: usize = 0;

/// A made-up day.
#[derive(Debug, PartialEq)]
pub struct DayOfLogs {
    /// The files, in the order of their names.
    pub files: Vec<LogFile>,
    /// What was put in.
    pub facts: Facts,
}

/// A file of it.
#[derive(Debug, PartialEq)]
pub struct LogFile {
    /// Its name below the day's folder.
    pub name: String,
    /// Its lines.
    pub content: Vec<u8>,
}

/// What was put into a made-up day, for comparing it with what comes out.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Access entries.
    pub accesses: u64,
    /// Error entries.
    pub errors: u64,
    /// Access entries with a status of 500 and more.
    pub error_responses: u64,
    /// Lines that no parser can make sense of.
    pub broken: u64,
    /// The minutes of the day in which the incident stands.
    pub incident: (u32, u32),
    /// The backend that has it.
    pub backend: &'static str,
}

/// Makes a day with about this many requests.
pub fn make_day(day: Day, seed: u64, requests: u32) -> DayOfLogs {
    let mut rng = Rng::with_seed(seed);
    let catalog = Catalog::new(&mut rng);
    let mut maker = Maker {
        day: day.to_string(),
        servers: (0..SERVERS).map(|_| Server::default()).collect(),
        facts: Facts {
            incident: (INCIDENT.start, INCIDENT.end),
            backend: BACKENDS[INCIDENT_BACKEND].name,
            ..Facts::default()
        },
        rng,
    };
    let whole_day: f64 = (0..MINUTES).map(traffic).sum();
    for minute in 0..MINUTES {
        let expected = f64::from(requests) * traffic(minute) / whole_day;
        let noise = between(&mut maker.rng, 0.92, 1.08);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count")]
        let count = (expected * noise) as u32;
        for index in 0..count {
            // In order within the minute, and unevenly apart.
            let milliseconds = (index * 60_000 + maker.rng.u32(..60_000)) / count;
            maker.request(&catalog, minute, milliseconds);
        }
        maker.background(minute);
    }
    maker.finish()
}

/// How busy the shop is in a minute of the day: quiet at night, busy before noon and in the evening.
fn traffic(minute: u32) -> f64 {
    let hour = f64::from(minute) / 60.0;
    let hump = |at: f64, width: f64| f64::exp(-((hour - at) / width).powi(2) / 2.0);
    let callers_try_again = if INCIDENT.contains(&minute) { 0.25 } else { 0.0 };
    0.18 + hump(11.0, 2.6) + 1.2 * hump(20.0, 2.2) + 0.5 * hump(15.0, 3.0) + callers_try_again
}

#[derive(Default)]
struct Server {
    access: String,
    error: String,
    /// Where a byte of `access` becomes one that no UTF-8 has.
    spoiled: Vec<usize>,
}

struct Maker {
    day: String,
    servers: Vec<Server>,
    facts: Facts,
    rng: Rng,
}

/// The moment of a line, and who wrote it.
#[derive(Clone, Copy)]
struct At {
    server: usize,
    minute: u32,
    milliseconds: u32,
}

impl Maker {
    fn request(&mut self, catalog: &Catalog, minute: u32, milliseconds: u32) {
        let endpoint = catalog.pick(&mut self.rng);
        let at = At { server: self.rng.usize(..SERVERS), minute, milliseconds };
        let in_trouble = endpoint.backend == INCIDENT_BACKEND && INCIDENT.contains(&minute);
        let status = self.status(endpoint, in_trouble);
        let took = self.response_time(endpoint, status, in_trouble);
        let request = self.rng.u64(..);
        self.access(at, endpoint, status, took, request);
        if status >= 500 {
            self.facts.error_responses += 1;
            self.failure(at, endpoint, status, took, request);
        }
    }

    fn status(&mut self, endpoint: &Endpoint, in_trouble: bool) -> u16 {
        let rng = &mut self.rng;
        if in_trouble && happens(rng, 0.42) {
            return if happens(rng, 0.7) { 504 } else { 503 };
        }
        let luck = rng.f64();
        match (luck, endpoint.method) {
            (..0.0012, _) => 500,
            (..0.0016, _) => 502,
            (..0.021, _) => 404,
            (..0.027, _) => 401,
            (..0.029, _) => 429,
            (..0.045, "POST" | "PUT") => 422,
            (..0.11, "GET") => 304,
            (_, "POST") => 201,
            (_, "DELETE") => 204,
            _ => 200,
        }
    }

    fn response_time(&mut self, endpoint: &Endpoint, status: u16, in_trouble: bool) -> f64 {
        let rng = &mut self.rng;
        let usual = long_tailed(rng, endpoint.median_ms, endpoint.sigma);
        match status {
            504 => between(rng, 3_000.0, 3_180.0),
            304 | 401 | 429 => usual * 0.1,
            _ if in_trouble => usual * between(rng, 6.0, 24.0),
            // Now and then a full garbage collection, a cold cache, a lock.
            _ if happens(rng, 0.004) => usual * between(rng, 8.0, 30.0),
            _ => usual,
        }
    }

    fn access(&mut self, at: At, endpoint: &Endpoint, status: u16, took: f64, request: u64) {
        self.facts.accesses += 1;
        let Self { day, servers, rng, .. } = self;
        let line = &mut servers[at.server].access;
        line.push_str("{\"timestamp\":\"");
        push_time(line, day, at);
        line.push_str("\",\"method\":\"");
        line.push_str(endpoint.method);
        line.push_str("\",\"path\":\"");
        push_path(line, rng, &endpoint.path);
        if endpoint.is_list && happens(rng, 0.4) {
            push(line, format_args!("?page={}", rng.u32(1..40)));
        }
        let bytes = match status {
            204 | 304 => 0.0,
            400.. => between(rng, 60.0, 240.0),
            _ => long_tailed(rng, endpoint.bytes, 0.6),
        };
        push(
            line,
            format_args!(
                "\",\"status_code\":{status},\"response_time\":{took:.1},\"bytes\":{bytes:.0},\
                 \"client_ip\":\"{}.{}.{}.{}\",\"upstream\":\"{}\",\"request_id\":\"{request:016x}\"}}\n",
                rng.u8(11..200),
                rng.u8(..),
                rng.u8(..),
                rng.u8(1..255),
                BACKENDS[endpoint.backend].name,
            ),
        );
    }

    /// The error entry that goes with an answer of 500 and more.
    fn failure(&mut self, at: At, endpoint: &Endpoint, status: u16, took: f64, request: u64) {
        let backend = BACKENDS[endpoint.backend];
        let order = self.rng.u32(100_000..9_999_999);
        let name = backend.name;
        let (message, exception) = match status {
            504 => (
                format!("call to {name} timed out after {took:.0} ms for order {order}"),
                "java.net.SocketTimeoutException: Read timed out",
            ),
            503 => (
                format!("no connection to {name} within 250 ms, {} callers waiting", self.rng.u32(40..200)),
                "com.zaxxer.hikari.pool.HikariPool$PoolTimeoutException: Connection is not available",
            ),
            502 => (
                format!("{name} closed the connection in the middle of answer {order}"),
                "java.io.EOFException: unexpected end of stream",
            ),
            _ => (
                format!("unhandled exception in request {request:016x}"),
                "java.lang.NullPointerException: Cannot invoke \\\"Price.amount()\\\" because \\\"price\\\" is null",
            ),
        };
        self.error(at, "ERROR", backend.package, &message, Some(exception));
    }

    /// What is in every log: warnings, and now and then a broken line.
    fn background(&mut self, minute: u32) {
        let rng = &mut self.rng;
        let at = At { server: rng.usize(..SERVERS), minute, milliseconds: 59_000 + rng.u32(..1_000) };
        let backend = *one_of(rng, &BACKENDS);
        if happens(rng, 0.5) {
            let took = rng.u32(1_000..4_000);
            let rows = rng.u32(10..90_000);
            self.error(at, "WARN", backend.package, &format!("slow query: {took} ms for {rows} rows"), None);
        }
        if happens(&mut self.rng, 0.04) {
            let client = self.rng.u32(1_000..99_999);
            let message = format!("session of customer {client} could not be refreshed");
            let exception = Some("com.example.accounts.TokenExpiredException: token expired");
            self.error(at, "ERROR", BACKENDS[3].package, &message, exception);
        }
        if happens(&mut self.rng, 0.05) {
            self.broken(at);
        }
    }

    fn error(&mut self, at: At, level: &str, package: &str, message: &str, exception: Option<&str>) {
        self.facts.errors += 1;
        let line = &mut self.servers[at.server].error;
        line.push_str("{\"timestamp\":\"");
        push_time(line, &self.day, at);
        push(
            line,
            format_args!("\",\"level\":\"{level}\",\"logger\":\"{package}\",\"message\":\"{message}\""),
        );
        if let Some(exception) = exception {
            push(
                line,
                format_args!(
                    ",\"exception\":\"{exception}\\n\\tat {package}.call({}.java:{})\\n\\tat \
                     com.example.web.Dispatcher.handle(Dispatcher.java:212)\\n\\tat \
                     java.base/java.lang.Thread.run(Thread.java:840)\"",
                    package.rsplit('.').next().unwrap_or(package),
                    self.rng.u32(40..400),
                ),
            );
        }
        line.push_str("}\n");
    }

    /// A line as a crash, a full disk or another program's output leaves it.
    fn broken(&mut self, at: At) {
        self.facts.broken += 1;
        let Server { access: line, spoiled, .. } = &mut self.servers[at.server];
        match self.rng.u8(..4) {
            0 => {
                line.push_str("{\"timestamp\":\"");
                push_time(line, &self.day, at);
                line.push_str("\",\"method\":\"GET\",\"path\":\"/api/v2/pro\n");
            }
            1 => line.push_str("nginx: worker process exited on signal 11\n"),
            2 => line.push_str(
                "{\"timestamp\":\"not a time\",\"method\":\"GET\",\"path\":\"/\",\"status_code\":\"ok\"}\n",
            ),
            _ => {
                spoiled.extend([line.len(), line.len() + 1]);
                line.push_str("??\u{1}\u{2}{{{\n");
            }
        }
    }

    fn finish(mut self) -> DayOfLogs {
        // One server was killed while it wrote: its last line has neither an end nor a newline.
        self.facts.broken += 1;
        self.servers[0].access.push_str("{\"timestamp\":\"");
        self.servers[0].access.push_str(&self.day);
        let (access, error): (Vec<_>, Vec<_>) = self
            .servers
            .into_iter()
            .enumerate()
            .map(|(index, server)| {
                (
                    LogFile { name: format!("access-{index:02}.log"), content: server.access.into_bytes() },
                    LogFile { name: format!("error-{index:02}.log"), content: server.error.into_bytes() },
                )
            })
            .unzip();
        DayOfLogs { files: access.into_iter().chain(error).collect(), facts: self.facts }
    }
}

fn push(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a string takes everything");
}

fn push_time(line: &mut String, day: &str, at: At) {
    let (hour, minute) = (at.minute / 60, at.minute % 60);
    let (second, millisecond) = (at.milliseconds / 1_000, at.milliseconds % 1_000);
    push(line, format_args!("{day}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"));
}

fn push_path(line: &mut String, rng: &mut Rng, path: &str) {
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        line.push_str(before);
        let (kind, after) = after.split_once('}').unwrap_or((after, ""));
        match kind {
            "n" => push(line, format_args!("{}", rng.u32(1_000..2_000_000))),
            "h" => push(line, format_args!("{:024x}", rng.u128(..) >> 32)),
            _ => {
                let (a, b) = (rng.u64(..), rng.u64(..));
                push(
                    line,
                    format_args!(
                        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                        a >> 32,
                        a & 0xffff,
                        (a >> 16) & 0xfff,
                        b & 0xfff,
                        b >> 16
                    ),
                );
            }
        }
        rest = after;
    }
    line.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Day {
        "2024-10-20".parse().unwrap()
    }

    fn lines(logs: &DayOfLogs, kind: &str) -> Vec<String> {
        logs.files
            .iter()
            .filter(|file| file.name.starts_with(kind))
            .flat_map(|file| {
                String::from_utf8_lossy(&file.content).lines().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn one_seed_makes_one_day() {
        assert_eq!(make_day(day(), 7, 2_000), make_day(day(), 7, 2_000));
        assert_ne!(make_day(day(), 7, 2_000).files, make_day(day(), 8, 2_000).files);
    }

    #[test]
    fn the_facts_are_what_an_independent_count_finds() {
        let logs = make_day(day(), 1, 20_000);
        let (mut accesses, mut broken, mut failed) = (0, 0, 0);
        for line in lines(&logs, "access-") {
            match serde_json::from_str::<serde_json::Value>(&line) {
                Ok(entry) if entry["status_code"].is_u64() => {
                    accesses += 1;
                    failed += u64::from(entry["status_code"].as_u64() >= Some(500));
                }
                _ => broken += 1,
            }
        }
        let errors = lines(&logs, "error-");
        for line in &errors {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        let facts = &logs.facts;
        assert_eq!((accesses, broken, failed), (facts.accesses, facts.broken, facts.error_responses));
        assert_eq!(errors.len() as u64, facts.errors);
        assert!(broken > 20, "{broken}");
    }

    #[test]
    fn the_incident_stands_out() {
        let logs = make_day(day(), 1, 60_000);
        let (mut inside, mut outside) = (0_u32, 0_u32);
        for line in lines(&logs, "access-") {
            let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) else {
                continue;
            };
            if entry["status_code"].as_u64().is_some_and(|status| status >= 503) {
                let time = entry["timestamp"].as_str().unwrap();
                if ("2024-10-20T14:35".."2024-10-20T15:00").contains(&time) {
                    inside += 1;
                } else {
                    outside += 1;
                }
            }
        }
        assert!(inside > 100, "{inside}");
        assert_eq!(outside, 0);
    }

    #[test]
    fn each_server_writes_minute_after_minute() {
        for file in make_day(day(), 3, 5_000).files.iter().filter(|file| file.name.starts_with("error-")) {
            let times: Vec<&str> =
                str::from_utf8(&file.content).unwrap().lines().map(|line| &line[14..30]).collect();
            assert!(times.is_sorted(), "{}", file.name);
        }
    }
}
