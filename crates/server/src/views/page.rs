//! Cutting lists into pages.

use shipway_api::Page;
use shipway_api::page::{LIMIT_DEFAULT, LIMIT_MAX};

/// The items after the one whose key is `cursor`. `items` are in the order of the list, each with its key.
pub(crate) fn page<T>(
    items: impl Iterator<Item = (String, T)>,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Page<T> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize;
    let mut items = items.peekable();
    if let Some(cursor) = cursor {
        // A key that is gone, or never was, leaves nothing: lists only grow while they are read.
        items.by_ref().find(|(key, _)| key == cursor);
    }
    let mut last = None;
    let mut taken = Vec::new();
    for (key, item) in items.by_ref().take(limit) {
        last = Some(key);
        taken.push(item);
    }
    let next = if items.peek().is_some() { last } else { None };
    Page { items: taken, next }
}

/// All of a short list.
pub(crate) fn whole<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_put_together_are_the_list() {
        let list = || (1..=7).map(|n| (n.to_string(), n));
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(list(), cursor.as_deref(), Some(3));
            assert!(page.items.len() <= 3);
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(page(list(), Some("7"), None).items, [0; 0]);
    }
}
