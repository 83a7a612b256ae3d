//! A few distributions over a seeded source.

use fastrand::Rng;

/// Evenly between the two.
pub(crate) fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + rng.f64() * (high - low)
}

/// Normally distributed around 0 with deviation 1 (Irwin and Hall: twelve even ones make a good enough bell, and no
/// logarithm can differ between machines).
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}

/// Log-normally distributed: long-tailed, with this median.
pub(crate) fn long_tailed(rng: &mut Rng, median: f64, sigma: f64) -> f64 {
    median * f64::exp(sigma * normal(rng))
}

/// True this often.
pub(crate) fn happens(rng: &mut Rng, probability: f64) -> bool {
    rng.f64() < probability
}

/// One of them.
pub(crate) fn one_of<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.usize(..choices.len())]
}
