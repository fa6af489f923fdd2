//! A page with the ballots and entries behind its structure.

use {
    super::decode::{DecodeError, space},
    anchor_lang::Discriminator,
    earnout::{
        constants::{ACCOUNT_VERSION, NO_VALUE},
        state::{OracleSet, Page, PageGrants, PageMut, PageView, place},
    },
    std::collections::{BTreeMap, BTreeSet},
};

/// What `attest_page` takes to report the values of grants by their indices: for each page the index of the first
/// grant, and the values from it on.
pub fn uploads(values: &BTreeMap<u32, i64>) -> Vec<(u32, Vec<i64>)> {
    let mut uploads: Vec<(u32, Vec<i64>)> = Vec::new();
    for (index, value) in values {
        match uploads.last_mut().filter(|(first, _)| is_same_page(*first, *index)) {
            Some((first, values)) => {
                let before = place(*index).1.saturating_sub(place(*first).1);
                values.resize(before.into(), NO_VALUE);
                values.push(*value);
            }
            None => uploads.push((*index, vec![*value])),
        }
    }
    uploads
}

/// How `dispute` and `rule` name the grants with these indices: once for each page.
pub fn by_page(grants: &BTreeSet<u32>) -> Vec<PageGrants> {
    let mut pages: Vec<PageGrants> = Vec::new();
    for index in grants {
        match pages.last_mut().filter(|page| is_same_page(page.first, *index)) {
            Some(page) => page.mask |= 1u64.checked_shl(index.saturating_sub(page.first)).unwrap_or_default(),
            None => pages.push(PageGrants::one(*index)),
        }
    }
    pages
}

fn is_same_page(one: u32, other: u32) -> bool {
    place(one).0 == place(other).0
}

/// A page, as its account holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct PageState {
    /// Its structure.
    head: Page,
    /// What is behind it, in words so that the values in it are aligned.
    columns: Vec<u64>,
}

impl PageState {
    /// An empty page with this structure, on which `set` votes.
    pub fn begin(head: Page, set: &OracleSet) -> Self {
        let mut page = Self::empty(head);
        page.edit().begin(set);
        page
    }

    fn empty(head: Page) -> Self {
        let words = head.columns_len().div_ceil(size_of::<u64>());
        Self {
            head,
            columns: vec![0; words],
        }
    }

    /// Reads a page.
    ///
    /// # Errors
    /// If the bytes are not those of a page, or of an unknown version.
    pub fn read(data: &[u8]) -> Result<Self, DecodeError> {
        let name = "page";
        let body = data
            .strip_prefix(Page::DISCRIMINATOR)
            .ok_or(DecodeError::WrongType(name))?;
        let too_short = |needed| DecodeError::TooShort(name, data.len(), needed);
        let (head, columns) = body
            .split_at_checked(size_of::<Page>())
            .ok_or(too_short(space::<Page>()))?;
        let head: Page = bytemuck::pod_read_unaligned(head);
        if head.version != ACCOUNT_VERSION {
            return Err(DecodeError::UnknownVersion(name, head.version));
        }
        let mut page = Self::empty(head);
        let needed = space::<Page>().saturating_add(head.columns_len());
        if columns.len() != head.columns_len() {
            return Err(too_short(needed));
        }
        page.edit().columns.copy_from_slice(columns);
        Ok(page)
    }

    /// Its structure.
    pub fn head(&self) -> &Page {
        &self.head
    }

    /// The page, to be read.
    pub fn view(&self) -> PageView<'_> {
        let columns: &[u8] = bytemuck::cast_slice(&self.columns);
        PageView {
            head: &self.head,
            columns: columns.get(..self.head.columns_len()).unwrap_or_default(),
        }
    }

    /// The page, to be written.
    pub fn edit(&mut self) -> PageMut<'_> {
        let length = self.head.columns_len();
        let columns: &mut [u8] = bytemuck::cast_slice_mut(&mut self.columns);
        PageMut {
            head: &mut self.head,
            columns: columns.get_mut(..length).unwrap_or_default(),
        }
    }

    /// The bytes of its account.
    pub fn to_bytes(&self) -> Vec<u8> {
        [Page::DISCRIMINATOR, bytemuck::bytes_of(&self.head), self.view().columns].concat()
    }
}

impl std::fmt::Debug for PageState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.head.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_named_once_for_each_page() {
        let grants = by_page(&[3, 7, 8, 63, 64, 200].into());
        let expected = [(3, 1 | 1 << 4 | 1 << 5 | 1 << 60), (64, 1), (200, 1)];
        assert_eq!(grants, expected.map(|(first, mask)| PageGrants { first, mask }));
        assert!(grants.iter().all(|grants| grants.slots().is_some()));
        assert_eq!(
            by_page(&(64..128).collect()),
            [PageGrants {
                first: 64,
                mask: u64::MAX
            }]
        );
        assert_eq!(by_page(&BTreeSet::new()), []);
    }

    #[test]
    fn values_are_reported_once_for_each_page() {
        let values = [(62, 5), (64, 6), (66, -7), (129, 0)].into();
        let expected = [(62, vec![5]), (64, vec![6, NO_VALUE, -7]), (129, vec![0])];
        assert_eq!(uploads(&values), expected);
        let full = (64..128).map(|index| (index, index.into())).collect();
        assert_eq!(
            uploads(&full)
                .iter()
                .map(|(first, values)| (*first, values.len()))
                .collect::<Vec<_>>(),
            [(64, 64)]
        );
    }
}
