//! Made-up logs, small and seeded: ordinary traffic, an incident, and lines that are not in order.

use std::fmt::Write as _;

/// A day of JSON lines. One seed gives one text.
pub(crate) fn day(day: &str, lines: u32, seed: u64) -> String {
    let mut random = Random(seed);
    let mut text = String::new();
    for _ in 0..lines {
        let line = line(day, &mut random);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    // The last line was being written when the file was closed.
    text.push_str(r#"{"timestamp":"2024-10-20T23:59:59Z","method":"GET","pa"#);
    text
}

fn line(day: &str, random: &mut Random) -> String {
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    let timestamp = format!("{day}T{hour:02}:{minute:02}:{second:02}Z");
    match random.below(100) {
        0 => "this is no JSON".to_owned(),
        1 => String::new(),
        2 => format!(
            r#"{{"timestamp":"{timestamp}","method":"GET","path":"/x","status_code":null,"response_time":3}}"#
        ),
        3 => format!(
            r#"{{"timestamp":"{timestamp}","level":"ERROR","message":"order {} failed after {} ms","exception":"java.net.SocketTimeoutException"}}"#,
            random.below(100_000),
            random.below(5_000)
        ),
        _ => {
            let status = [200, 200, 200, 200, 201, 304, 404, 500][random.below(8) as usize];
            // A long tail: the product of three numbers.
            let time = 1 + random.below(20) * (1 + random.below(10)) * (1 + random.below(6));
            let path = match random.below(4) {
                0 => "/".to_owned(),
                1 => format!("/orders/{}", random.below(10_000)),
                2 => format!("/users/{}/cart?item={}", random.below(500), random.below(50)),
                _ => format!("/assets/{:08x}.js", random.below(u32::MAX)),
            };
            format!(
                r#"{{"timestamp":"{timestamp}","method":"GET","path":"{path}","status_code":{status},"response_time":{time},"bytes":{},"client_ip":"203.0.113.{}"}}"#,
                random.below(100_000),
                random.below(256)
            )
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(bound)).unwrap()
    }
}
