//! Commands that the user may give next, spelled so that they can be copied.

use std::fmt::Write;
use std::path::Path;

use crate::args;
use crate::settings::{Common, PlaceChoice};

/// A command of `emrys` for the same pipeline file and the same AWS.
pub(crate) fn invocation(common: &Common, command: &str) -> String {
    let mut text = String::from("emrys");
    if common.place == PlaceChoice::Embedded {
        text += " --local";
        #[cfg(feature = "local")]
        if common.local_dir != Path::new(args::LOCAL_DIR) {
            let _ = write!(text, " --local-dir '{}'", common.local_dir.display());
        }
    }
    if common.config != Path::new(args::CONFIG) {
        let _ = write!(text, " --config '{}'", common.config.display());
    }
    format!("{text} {command}")
}
