//! Cutting lists into pages.

use shipway_api::page::{LIMIT_DEFAULT, LIMIT_MAX};
use shipway_api::{Code, Page};

use crate::problem::Failure;

/// Which part of a list is asked for.
pub(crate) struct Cut<'a> {
    /// The key of the last item of the page before.
    cursor: Option<&'a str>,
    limit: usize,
}

impl<'a> Cut<'a> {
    pub(crate) fn new(cursor: Option<&'a str>, limit: Option<u32>) -> Self {
        Self { cursor, limit: limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize }
    }

    /// The page of `items`, which come in the list's order. Only what is on the page is made into a view.
    pub(crate) fn page<I, T>(
        &self,
        items: impl Iterator<Item = I>,
        key: impl Fn(&I) -> String,
        view: impl Fn(I) -> T,
    ) -> Result<Page<T>, Failure> {
        let mut items = items.peekable();
        if let Some(cursor) = self.cursor
            && !items.by_ref().any(|item| key(&item) == cursor)
        {
            let detail = format!("`{cursor}` is no place in this list, or is none any more");
            return Err(Failure::new(Code::InvalidRequest, detail)
                .hint("a cursor is the `next` of the page before; without one the list begins again"));
        }
        let (mut last, mut taken) = (None, Vec::new());
        for item in items.by_ref().take(self.limit) {
            last = Some(key(&item));
            taken.push(view(item));
        }
        let next = if items.peek().is_some() { last } else { None };
        Ok(Page { items: taken, next })
    }
}

/// All of a short list.
pub(crate) fn whole<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(cursor: Option<&str>, limit: Option<u32>) -> Page<i32> {
        Cut::new(cursor, limit).page(1..=7, i32::to_string, |it| it).unwrap()
    }

    #[test]
    fn pages_put_together_are_the_list() {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(cursor.as_deref(), Some(3));
            assert!(page.items.len() <= 3);
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_no_place_in_the_list_is_refused() {
        for cursor in ["nonsense", "8", ""] {
            assert!(Cut::new(Some(cursor), None).page(1..=7, i32::to_string, |it| it).is_err(), "{cursor}");
        }
    }

    #[test]
    fn odd_limits_give_short_pages() {
        assert_eq!(page(Some("7"), None).items, [0; 0]);
        assert_eq!(page(None, Some(0)).items, [1]);
        assert_eq!(page(None, Some(u32::MAX)).items.len(), 7);
    }
}
