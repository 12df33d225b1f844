//! Objects and arrays while they are being written.
//!
//! An open object writes each entry as `"key":value,` in the order in which it arrives and remembers where the
//! entry starts. Closing it sorts those segments, unless they came sorted, and turns the last comma into `}`.

use std::cmp::Ordering;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::key::KeyText;
use super::{Error, Writer, quoted};

/// One entry of an open object.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Where its unescaped key lies in [`Writer::keys`].
    key: (usize, usize),
    /// Where its segment lies in [`Writer::out`]; the end is known when the object closes.
    segment: (usize, usize),
}

pub(super) struct Object<'a> {
    writer: &'a mut Writer,
    /// Where its entries begin in [`Writer::entries`].
    first_entry: usize,
    /// The entries of the object around it, which holds it under the name of an enum's variant.
    variant: Option<usize>,
}

impl<'a> Object<'a> {
    pub(super) fn open(writer: &'a mut Writer) -> Result<Self, Error> {
        let first_entry = writer.open_object()?;
        Ok(Self { writer, first_entry, variant: None })
    }

    pub(super) fn open_in_variant(writer: &'a mut Writer, variant: &str) -> Result<Self, Error> {
        let around = writer.open_object()?;
        writer.open_entry(variant);
        let first_entry = writer.open_object()?;
        Ok(Self { writer, first_entry, variant: Some(around) })
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        self.writer.out.push(b',');
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.writer.close_object(self.first_entry)?;
        self.writer.close_variant(self.variant)
    }
}

pub(super) struct Array<'a> {
    writer: &'a mut Writer,
    /// As in [`Object`].
    variant: Option<usize>,
}

impl<'a> Array<'a> {
    pub(super) fn open(writer: &'a mut Writer) -> Result<Self, Error> {
        writer.descend()?;
        writer.out.push(b'[');
        Ok(Self { writer, variant: None })
    }

    pub(super) fn open_in_variant(writer: &'a mut Writer, variant: &str) -> Result<Self, Error> {
        let around = writer.open_object()?;
        writer.open_entry(variant);
        let array = Self::open(writer)?;
        Ok(Self { variant: Some(around), ..array })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        self.writer.out.push(b',');
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.writer.close_with(b']');
        self.writer.close_variant(self.variant)
    }
}

impl Writer {
    fn open_object(&mut self) -> Result<usize, Error> {
        self.descend()?;
        self.out.push(b'{');
        Ok(self.entries.len())
    }

    fn open_entry(&mut self, key: &str) {
        let key_start = self.keys.len();
        self.keys.push_str(key);
        let segment_start = self.out.len();
        self.entries
            .push(Entry { key: (key_start, self.keys.len()), segment: (segment_start, segment_start) });
        quoted(key, &mut self.out);
        self.out.push(b':');
    }

    fn close_object(&mut self, first_entry: usize) -> Result<(), Error> {
        self.sort_entries(first_entry)?;
        // Sorting may have moved the entry that came first, whose key lies lowest.
        if let Some(keys_start) = self.entries[first_entry..].iter().map(|it| it.key.0).min() {
            self.keys.truncate(keys_start);
            self.entries.truncate(first_entry);
        }
        self.close_with(b'}');
        Ok(())
    }

    fn close_variant(&mut self, around: Option<usize>) -> Result<(), Error> {
        let Some(first_entry) = around else { return Ok(()) };
        self.out.push(b',');
        self.close_object(first_entry)
    }

    /// Ends a list of comma-ended parts: the last comma, if there is one, becomes the closing bracket.
    fn close_with(&mut self, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
        self.depth -= 1;
    }

    /// Puts the segments of the innermost open object in the order of their keys; refuses equal keys.
    fn sort_entries(&mut self, first_entry: usize) -> Result<(), Error> {
        let entries = &mut self.entries[first_entry..];
        let Some(start) = entries.first().map(|it| it.segment.0) else { return Ok(()) };
        let keys = &self.keys;
        let key = |it: &Entry| &keys[it.key.0..it.key.1];
        if entries.is_sorted_by(|a, b| order(key(a), key(b)).is_lt()) {
            return Ok(());
        }

        let mut end = self.out.len();
        for entry in entries.iter_mut().rev() {
            entry.segment.1 = end;
            end = entry.segment.0;
        }
        entries.sort_unstable_by(|a, b| order(key(a), key(b)));
        if let Some(pair) = entries.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
            return Err(Error::DuplicateKey(key(&pair[0]).to_owned()));
        }
        self.scratch.clear();
        for entry in entries.iter() {
            self.scratch.extend_from_slice(&self.out[entry.segment.0..entry.segment.1]);
        }
        self.out[start..].copy_from_slice(&self.scratch);
        Ok(())
    }
}

/// The order of RFC 8785, section 3.2.3: by UTF-16 code units.
fn order(a: &str, b: &str) -> Ordering {
    // For ASCII, bytes and code units order alike, and nearly all keys are ASCII.
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

impl SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(KeyText(|text: &str| self.writer.open_entry(text)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

/// Structs and struct variants differ in name only; so do the four kinds of array.
macro_rules! compound {
    ($type:ident: $(($trait:ident, $method:ident($($key:ident)?), $body:expr)),+ $(,)?) => {$(
        impl $trait for $type<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), Error> {
                $(self.writer.open_entry($key);)?
                $body(self, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )+};
}

compound!(Object:
    (SerializeStruct, serialize_field(key), Object::value),
    (SerializeStructVariant, serialize_field(key), Object::value),
);
compound!(Array:
    (SerializeSeq, serialize_element(), Array::element),
    (SerializeTuple, serialize_element(), Array::element),
    (SerializeTupleStruct, serialize_field(), Array::element),
    (SerializeTupleVariant, serialize_field(), Array::element),
);
