//! The demo, whose results are compared with what went in.

use crate::support::World;

#[test]
fn the_demo_works_twice_and_loses_no_line() {
    let world = World::new();
    for attempt in 1..=2 {
        let demo = world.emrys(&["demo", "--requests", "5000", "--json"]).expect(0).json();
        let run = &demo["run"];
        assert_eq!(run["outcome"], "succeeded");
        assert_eq!(run["attempt"], attempt);
        let requests: u64 = demo["results"]["status_codes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["requests"].as_u64().unwrap())
            .sum();
        let made = |what: &str| demo["made"][what].as_u64().unwrap();
        assert_eq!(requests, made("accesses"), "{demo:#}");
        assert_eq!(run["rows_rejected"], made("broken"));
        assert_eq!(run["rows_read"], made("accesses") + made("errors") + made("broken"));
        assert!(made("broken") > 0 && made("errors") > 0);
    }
}
