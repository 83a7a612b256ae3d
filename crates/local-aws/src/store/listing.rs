//! Listings: pages over any sorted source of keys.

use std::ops::Bound;

use jiff::Timestamp;

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this string after the prefix are rolled up to their common prefix. Empty is none.
    pub delimiter: String,
    /// Where to begin.
    pub from: Position,
    /// The most entries (objects and common prefixes together) of the page.
    pub limit: usize,
}

/// A place in the order of keys, which is the order of their UTF-8 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// Before all keys.
    #[default]
    Start,
    /// After this key.
    After(String),
    /// After all keys that begin so.
    Past(String),
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// The ETag, without quotes.
    pub etag: String,
}

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T = Listed> {
    /// The objects, in order.
    pub objects: Vec<T>,
    /// The common prefixes, in order.
    pub prefixes: Vec<String>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<Position>,
}

impl ListRequest {
    /// The common prefix that a key is rolled up to.
    fn rolled_up<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let at = rest.find(&self.delimiter)?;
        Some(&key[..self.prefix.len() + at + self.delimiter.len()])
    }

    /// Where to begin, when a marker may be a common prefix that an earlier page ended with: the keys below it are not
    /// rolled up to it a second time.
    fn begin(&self) -> Position {
        match &self.from {
            Position::After(marker) if self.rolled_up(marker) == Some(marker) => {
                Position::Past(marker.clone())
            }
            from => from.clone(),
        }
    }
}

impl Position {
    /// Whether a key lies before this place, or at it.
    pub(super) fn excludes(&self, key: &str) -> bool {
        match self {
            Self::Start => false,
            Self::After(after) => key <= after.as_str(),
            Self::Past(prefix) => key < prefix.as_str() || key.starts_with(prefix),
        }
    }

    /// Whether every key that begins with `folder` lies before this place.
    pub(super) fn excludes_folder(&self, folder: &str) -> bool {
        match self {
            Self::Start => false,
            Self::After(after) => folder < after.as_str() && !after.starts_with(folder),
            Self::Past(prefix) => {
                folder.starts_with(prefix) || (folder < prefix.as_str() && !prefix.starts_with(folder))
            }
        }
    }

    /// Where a sorted map has to be read from to find the keys after this place that begin with `prefix`. What it holds
    /// from there on may still be [excluded](Self::excludes).
    pub(super) fn lower<'a>(&'a self, prefix: &'a str) -> Bound<&'a str> {
        match self {
            Self::After(key) if key.as_str() >= prefix => Bound::Excluded(key),
            Self::Past(past) if past.as_str() >= prefix => Bound::Included(past),
            _ => Bound::Included(prefix),
        }
    }
}

/// Makes a page. `next` gives the first key of the source that the position does not exclude and that begins with the
/// prefix; positions only ever move forward.
pub(super) fn page<T, E>(
    request: &ListRequest,
    mut next: impl FnMut(&Position) -> Result<Option<(String, T)>, E>,
) -> Result<ListPage<(String, T)>, E> {
    let mut page = ListPage { objects: Vec::new(), prefixes: Vec::new(), next: None };
    let mut position = request.begin();
    while let Some((key, value)) = next(&position)? {
        if page.objects.len() + page.prefixes.len() >= request.limit {
            page.next = Some(position);
            break;
        }
        if let Some(prefix) = request.rolled_up(&key) {
            page.prefixes.push(prefix.to_owned());
            position = Position::Past(prefix.to_owned());
        } else {
            position = Position::After(key.clone());
            page.objects.push((key, value));
        }
    }
    Ok(page)
}
