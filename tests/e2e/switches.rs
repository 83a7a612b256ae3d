//! The binary that users build has no switch by which a safeguard could be turned off.
//!
//! The simulation needs such switches. It builds the control plane's sources once more, as a package of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The package with the switches, and the name of its library.
const BREAKABLE: (&str, &str) = ("emrys-control-plane-breakable", "emrys_control_plane_breakable");

/// The packages that a package is built from, itself included.
fn built_from(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal", "--all-features"])
        .args(["--prefix", "none", "--format", "{p}", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn the_product_is_not_built_from_the_package_with_the_switches() {
    let product = built_from("emrys");
    assert!(product.contains("emrys-control-plane"), "{product:?}");
    assert!(!product.contains(BREAKABLE.0), "{product:?}");
    assert!(built_from("emrys-simulation").contains(BREAKABLE.0));
}

/// This one looks at the file, as it was built for these tests together with the simulation.
#[test]
fn the_binary_has_nothing_of_the_library_with_the_switches() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_emrys")).unwrap();
    let contains = |name: &str| binary.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(contains("emrys_control_plane"), "the binary has no symbols, by which this could be recognized");
    assert!(!contains(BREAKABLE.1));
}

/// The simulation shows something of the product only where both are built alike.
#[test]
fn both_packages_have_the_same_dependencies() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let dependencies = |package: &str| {
        let manifest = std::fs::read_to_string(crates.join(package).join("Cargo.toml")).unwrap();
        let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
        let section = rest.split("\n[").next().unwrap();
        let lines = section.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(dependencies("control-plane"), dependencies("control-plane-breakable"));
}
