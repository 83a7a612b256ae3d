//! The endpoint: everything behind one function from a request to a response.
//!
//! ```text
//! socket     hyper over a TCP listener  --+
//! endpoint   Endpoint::send  <------------+-- an in-process client (tests, the simulation)
//!    |-> open_call                one request: faults on purpose, and its line in the journal
//!    |-> wire, then the world       one lock, one turn per call; effects to the runner
//!    |      |-> answers                 each answer against the service model
//!    |-> s3                         streams, outside of the lock
//!    |-> journal                    one line per request
//! driver     time and the ends of steps move the world when nobody calls
//! saved      the world on disk, for the next daemon
//! ```

mod answers;
mod driver;
mod endpoint;
mod open_call;
mod saved;
mod socket;

pub use self::driver::Driver;
pub use self::endpoint::{Cut, Endpoint, EndpointConfig};
pub(crate) use self::saved::replace as replace_file;
pub use self::saved::{SavedWorld, SavedWorldError};
pub use self::socket::serve_on;

#[cfg(test)]
pub(crate) mod tests;
