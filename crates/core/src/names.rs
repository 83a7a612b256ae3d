//! What marks something at AWS as ours: the prefix of cluster names, and the tags of clusters.

use sha2::{Digest, Sha256};

use crate::s3_uri::S3Uri;

/// What the name of every cluster of ours begins with.
pub const NAME_PREFIX: &str = "emrys/";

/// The longest value of a tag.
pub(crate) const TAG_MAX: usize = 256;

/// How the state folder stands in a cluster's tag: two deployments of one pipeline must not sweep each other. An
/// address that a tag cannot hold stands there as its hash.
pub fn state_tag(state: &S3Uri) -> String {
    let text = state.to_string();
    let may_stand = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
    if text.len() <= TAG_MAX && text.chars().all(may_stand) {
        text
    } else {
        format!("sha256:{}", hex::encode(Sha256::digest(text)))
    }
}

/// The tag that names the launch which made a cluster.
pub const LAUNCH_TAG: &str = "emrys:launch";
