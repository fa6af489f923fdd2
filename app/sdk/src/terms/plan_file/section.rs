//! Reading tables of a document field by field, with the place of each, and noting everything that is wrong with them.

use {
    super::mistake::Notes,
    crate::text::amount,
    toml::{
        Spanned,
        de::{DeTable, DeValue},
    },
};

/// A value that was read.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub value: T,
    /// Byte at which it stands.
    pub at: usize,
    /// The field's name with its table's.
    pub field: String,
}

impl<T> Found<T> {
    pub(super) fn map<U>(&self, value: U) -> Found<U> {
        Found {
            value,
            at: self.at,
            field: self.field.clone(),
        }
    }

    /// Notes that this value is wrong.
    pub(super) fn wrong(&self, notes: &mut Notes, what: impl ToString) {
        notes.add(self.at, &self.field, what);
    }
}

/// A table of the document.
pub(super) struct Section<'a> {
    /// Its name in messages; empty for the document itself.
    pub name: String,
    pub at: usize,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: impl ToString, at: usize, entries: &'a DeTable<'a>) -> Self {
        Self {
            name: name.to_string(),
            at,
            entries,
            known: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// A table of a list, named by the value of `name` in it, or by its number.
    pub(super) fn numbered(list: &str, number: usize, at: usize, entries: &'a DeTable<'a>) -> Self {
        let name = entries.get("name").and_then(|name| name.get_ref().as_str());
        let name = name.map_or_else(|| format!("{list} {number}"), |name| format!("{list} {name:?}"));
        Self::new(name, at, entries)
    }

    /// The names and values that it has.
    pub(super) fn entries(&self) -> &'a DeTable<'a> {
        self.entries
    }

    /// A field's name with the table's.
    pub(super) fn path(&self, key: &str) -> String {
        match self.name.is_empty() {
            true => key.to_owned(),
            // Names in quotation marks read better apart.
            false if self.name.ends_with('"') => format!("{} {key}", self.name),
            false => format!("{}.{key}", self.name),
        }
    }

    /// The raw value of a field that may be left out.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Found<&'a DeValue<'a>>> {
        self.known.push(key);
        let value: &Spanned<DeValue> = self.entries.get(key)?;
        Some(Found {
            value: value.get_ref(),
            at: value.span().start,
            field: self.path(key),
        })
    }

    /// The raw value of a field that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Found<&'a DeValue<'a>>> {
        let found = self.optional(key);
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// A table that must be there.
    pub(super) fn table(&mut self, notes: &mut Notes, key: &'static str) -> Option<Section<'a>> {
        let found = self.required(key)?;
        section(notes, found)
    }

    /// A table that may be left out.
    pub(super) fn optional_table(&mut self, notes: &mut Notes, key: &'static str) -> Option<Section<'a>> {
        let found = self.optional(key)?;
        section(notes, found)
    }

    /// The tables of a list that may be left out, with the value of `name` in them, or their number, as name.
    pub(super) fn tables(&mut self, notes: &mut Notes, key: &'static str) -> Vec<Section<'a>> {
        let Some(found) = self.optional(key) else {
            return Vec::new();
        };
        let Some(items) = found.value.as_array() else {
            found.wrong(notes, format!("expected [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (number, item) in (1..).zip(items.iter()) {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Section::numbered(key, number, item.span().start, table)),
                None => notes.add(item.span().start, key, format!("expected [[{key}]]")),
            }
        }
        tables
    }

    /// Notes fields that do not exist and fields that are missing. A field of a wrong name most likely stands for a
    /// missing one, so that only one of the two is noted.
    pub(super) fn finish(self, notes: &mut Notes) {
        let unknown = self
            .entries
            .iter()
            .filter(|(key, _)| !self.known.contains(&key.get_ref().as_ref()));
        let mut count = 0;
        for (key, _) in unknown {
            count += 1;
            let quoted: Vec<String> = self.known.iter().map(|known| format!("`{known}`")).collect();
            let expected = match quoted.as_slice() {
                [one] => one.clone(),
                [one, other] => format!("{one} or {other}"),
                many => format!("one of {}", many.join(", ")),
            };
            let name = key.get_ref();
            notes.add(
                key.span().start,
                self.path(name),
                format!("unknown field `{name}`, expected {expected}"),
            );
        }
        if self.missing.len() > count {
            for key in &self.missing {
                notes.add(self.at, self.path(key), format!("missing field `{key}`"));
            }
        }
    }
}

fn section<'a>(notes: &mut Notes, found: Found<&'a DeValue<'a>>) -> Option<Section<'a>> {
    match found.value.as_table() {
        Some(table) => Some(Section::new(found.field, found.at, table)),
        None => {
            found.wrong(notes, "expected a table");
            None
        }
    }
}

/// Reads raw values; what is of another type is noted.
impl<'a> Found<&'a DeValue<'a>> {
    pub(super) fn text(self, notes: &mut Notes) -> Option<Found<&'a str>> {
        match self.value.as_str() {
            Some(text) => Some(self.map(text)),
            None => {
                self.wrong(notes, "expected a text in quotation marks");
                None
            }
        }
    }

    pub(super) fn boolean(self, notes: &mut Notes) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.wrong(notes, "expected true or false");
        }
        value
    }

    /// A whole number from 0 to `most`.
    pub(super) fn number<T: TryFrom<i128>>(self, notes: &mut Notes, most: impl Into<u128>) -> Option<Found<T>> {
        let number = whole(self.value).and_then(|number| T::try_from(number).ok());
        match number {
            Some(number) => Some(self.map(number)),
            None => {
                let most: u128 = most.into();
                self.wrong(notes, format!("expected a whole number from 0 to {most}"));
                None
            }
        }
    }

    /// Basis points from 0 to `most`, or as percent in quotation marks.
    pub(super) fn share<T: TryFrom<i128>>(self, notes: &mut Notes, most: impl Into<u128>) -> Option<Found<T>> {
        let Some(text) = self.value.as_str() else {
            return self.number(notes, most);
        };
        let points = Some(text).filter(|text| text.ends_with('%'));
        let points = points.and_then(|text| amount::basis_points(text).ok());
        match points.and_then(|points| T::try_from(points.into()).ok()) {
            Some(points) => Some(self.map(points)),
            None => {
                self.wrong(
                    notes,
                    format!("{text:?}: expected basis points, like 2_000, or percent, like \"20 %\""),
                );
                None
            }
        }
    }

    /// One of several words, as [`words`] declares them.
    pub(super) fn word<T: Copy>(self, notes: &mut Notes, words: &[(&str, T)]) -> Option<T> {
        let text = self.value.as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == text);
        if found.is_none() {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            let expected = match words.as_slice() {
                [one, other] => format!("{one} or {other}"),
                many => format!("one of {}", many.join(", ")),
            };
            let what = text.map_or_else(
                || format!("expected {expected}"),
                |text| format!("{text:?}: expected {expected}"),
            );
            self.wrong(notes, what);
        }
        found.map(|(_, value)| *value)
    }

    /// The items of a list.
    pub(super) fn list(self, notes: &mut Notes, of: &str) -> Option<Vec<Found<&'a DeValue<'a>>>> {
        match self.value.as_array() {
            Some(items) => {
                let item = |item: &'a Spanned<DeValue<'a>>| Found {
                    value: item.get_ref(),
                    at: item.span().start,
                    field: self.field.clone(),
                };
                Some(items.iter().map(item).collect())
            }
            None => {
                self.wrong(notes, format!("expected a list of {of}"));
                None
            }
        }
    }
}

/// The value of a whole number.
pub(super) fn whole(value: &DeValue) -> Option<i128> {
    let integer = value.as_integer()?;
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}
