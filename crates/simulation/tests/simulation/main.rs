//! The simulation in CI: every crash point, many seeds, one seed twice, and each safeguard taken away.

#[cfg(test)]
mod holds;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod safeguards;
