//! A page with the ballots and entries behind its structure.

use {
    super::accounts::{DecodeError, space},
    anchor_lang::Discriminator,
    bytemuck::Zeroable,
    earnout::{
        constants::ACCOUNT_VERSION,
        state::{OracleSet, Page, PageMut, PageView},
    },
};

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

impl Default for PageState {
    fn default() -> Self {
        Self::empty(Page::zeroed())
    }
}
