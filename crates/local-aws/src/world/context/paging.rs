//! Small pages: a marker names the key of the last item given, so that a page is right whatever was added meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page of a list, and the marker of the next one if there is more.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) marker: Option<String>,
}

/// Takes one page of `items`, which are in the list's order. `marker` is what the previous page gave; `None` says that
/// no page of this list gave it. A page of size 0 is empty and has a marker: the next one begins where this one did.
pub(crate) fn page<T>(
    items: Vec<T>,
    marker: Option<&str>,
    size: usize,
    key: impl Fn(&T) -> String,
) -> Option<Page<T>> {
    let last = marker.map_or_else(|| Some(String::new()), decode)?;
    let start = if last.is_empty() { 0 } else { items.iter().position(|item| key(item) == last)? + 1 };
    let total = items.len();
    let taken: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let more = start + taken.len() < total;
    let marker = more.then(|| encode(&taken.last().map_or(last, key)));
    Some(Page { items: taken, marker })
}

/// Takes one page of a list whose order is that of its keys. It goes on after the marker's key, also when that item is
/// gone by now. `None` says that no page of this list gave the marker.
pub(crate) fn sorted_page<T>(
    items: impl Iterator<Item = T>,
    marker: Option<&str>,
    size: usize,
    key: impl Fn(&T) -> String,
) -> Option<Page<T>> {
    let last = marker.map_or_else(|| Some(String::new()), decode)?;
    let mut rest = items.skip_while(|item| !last.is_empty() && key(item) <= last);
    let taken: Vec<T> = rest.by_ref().take(size).collect();
    let marker = rest.next().map(|_| encode(&taken.last().map_or(last, &key)));
    Some(Page { items: taken, marker })
}

impl<T> Page<T> {
    /// The same page with other items.
    pub(crate) fn map<U>(self, form: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(form).collect(), marker: self.marker }
    }
}

/// The key that a marker names. A list that is filtered keeps the item of this key, so that the page goes on from
/// there even when the item no longer passes the filter.
pub(crate) fn marked(marker: Option<&str>) -> Option<String> {
    decode(marker?)
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{key}"))
}

fn decode(marker: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("after:").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(size: usize) -> Vec<Vec<u32>> {
        let mut pages = Vec::new();
        let mut marker = None;
        loop {
            let page = page((0..7_u32).collect(), marker.as_deref(), size, u32::to_string).unwrap();
            pages.push(page.items);
            marker = page.marker;
            if marker.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_cover_the_list_once_and_the_last_has_no_marker() {
        assert_eq!(all(3), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
        assert_eq!(all(7).len(), 1);
    }

    #[test]
    fn an_empty_page_loses_nothing() {
        let first = page((0..3_u32).collect(), None, 0, u32::to_string).unwrap();
        assert!(first.items.is_empty());
        let second = page((0..3_u32).collect(), first.marker.as_deref(), 2, u32::to_string).unwrap();
        assert_eq!(second.items, [0, 1]);
        let third = page((0..3_u32).collect(), second.marker.as_deref(), 0, u32::to_string).unwrap();
        let fourth = page((0..3_u32).collect(), third.marker.as_deref(), 2, u32::to_string).unwrap();
        assert_eq!((fourth.items, fourth.marker), (vec![2], None));
    }

    #[test]
    fn a_sorted_list_goes_on_behind_an_item_that_is_gone() {
        let of = |items: &[u32], marker: Option<&str>| {
            sorted_page(items.iter().copied(), marker, 2, u32::to_string).unwrap()
        };
        let first = of(&[1, 2, 3, 4], None);
        assert_eq!(first.items, [1, 2]);
        let second = of(&[1, 3, 4], first.marker.as_deref());
        assert_eq!((second.items, second.marker), (vec![3, 4], None));
        assert!(sorted_page([1].into_iter(), Some("next-please"), 2, u32::to_string).is_none());
        let empty = sorted_page([1].into_iter(), None, 0, u32::to_string).unwrap();
        assert_eq!(of(&[1], empty.marker.as_deref()).items, [1]);
    }

    #[test]
    fn a_foreign_marker_is_refused() {
        assert!(page(vec![1, 2], Some("next-please"), 1, u32::to_string).is_none());
        assert!(page(vec![1, 2], Some(&encode("9")), 1, u32::to_string).is_none());
    }
}
