//! Ids of the form that AWS gives, from a seed and a counter: never twice, and the same in each replay.

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The source of ids of one world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: u64,
    issued: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, issued: 0 }
    }

    /// `j-` and 13 upper-case letters and digits.
    pub(crate) fn cluster(&mut self) -> String {
        format!("j-{}", base36(self.next()))
    }

    /// `s-` and 13 upper-case letters and digits.
    pub(crate) fn step(&mut self) -> String {
        format!("s-{}", base36(self.next()))
    }

    /// A UUID of version 4 by its form: the ids of Athena's queries.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let text = format!("{bits:032x}");
        format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }

    fn next(&mut self) -> u64 {
        self.issued += 1;
        // `mix` is a bijection, so that distinct counters give distinct ids; 36^13 is more than 2^64.
        mix(self.issued.wrapping_add(mix(self.seed)))
    }
}

/// A stable number for a name, for what is derived from an id (instance ids, addresses) instead of stored.
pub(crate) fn derived(name: &str, part: u64) -> u64 {
    // FNV-1a, then mixed: adjacent names must not give adjacent numbers.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(hash.wrapping_add(part))
}

/// 13 upper-case letters and digits.
pub(crate) fn base36(mut number: u64) -> String {
    let mut text = [b'0'; 13];
    for digit in text.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The finaliser of splitmix64: every bit of the input reaches every bit of the output, and no two inputs meet.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_look_like_aws_and_do_not_repeat() {
        let mut ids = Ids::new(7);
        let made: BTreeSet<String> = (0..2_000).map(|_| ids.cluster()).collect();
        assert_eq!(made.len(), 2_000);
        for id in made {
            let tail = id.strip_prefix("j-").unwrap();
            assert_eq!(tail.len(), 13);
            assert!(tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn a_uuid_has_its_version_and_does_not_repeat() {
        let mut ids = Ids::new(7);
        let (one, two) = (ids.uuid(), ids.uuid());
        assert_ne!(one, two);
        assert_eq!((one.len(), &one[14..15]), (36, "4"), "{one}");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut one, mut two, mut other) = (Ids::new(1), Ids::new(1), Ids::new(2));
        assert_eq!((one.cluster(), one.step()), (two.cluster(), two.step()));
        assert_ne!(one.cluster(), other.cluster());
    }
}
