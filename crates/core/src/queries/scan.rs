//! What a query costs.

/// What Athena asks for a terabyte that is scanned, in the regions of the United States and most others; others are
/// dearer. From athena.guide and rcpedia.stanford.edu; AWS's own page was not at hand.
pub const PRICE_PER_TERABYTE_USD: f64 = 5.0;

/// Scanned bytes are counted in powers of ten, as the least scan limit of a workgroup (10,000,000 bytes) is.
const MEGABYTE: u64 = 1_000_000;
const TERABYTE: f64 = 1e12;

/// The least that a query is billed for.
const LEAST: u64 = 10 * MEGABYTE;

/// What is billed of so many scanned bytes: full megabytes, and ten at least.
pub fn billed_bytes(scanned: u64) -> u64 {
    scanned.div_ceil(MEGABYTE).saturating_mul(MEGABYTE).max(LEAST)
}

/// What a query that scanned so many bytes costs, at the list price.
#[expect(clippy::cast_precision_loss, reason = "a price is rounded anyway")]
pub fn cost_usd(scanned: u64) -> f64 {
    billed_bytes(scanned) as f64 / TERABYTE * PRICE_PER_TERABYTE_USD
}
