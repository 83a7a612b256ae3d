//! The control plane over the embedded AWS, in one process: the real SDK with its serializers, signer and retries, a
//! connector in the place of the network, and a virtual clock in which a day of waiting takes no time.

#[cfg(test)]
mod clocks;
mod denied;
#[cfg(test)]
mod drives;
#[cfg(test)]
mod garbage;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod launches;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod managed;
mod operators;
#[cfg(test)]
mod others;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod stopped;
#[cfg(test)]
mod world;
