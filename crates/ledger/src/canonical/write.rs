//! The writing half: a serde serializer that writes canonical bytes in one pass and sorts each object in place.

mod key;
mod object;

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde::ser::{self, Serializer};

use self::object::{Array, Entry, Object};
use super::{DEPTH_MAX, Error, INTEGER_MAX, SIZE_BYTES_MAX, prints_as_large_integer};

/// Most events fit; a longer one grows the buffer once or twice.
const CAPACITY_BYTES: usize = 1024;

/// The canonical bytes of `value`: UTF-8, no white space, keys sorted by their UTF-16 code units.
///
/// # Errors
/// Refuses integers beyond ±[`INTEGER_MAX`], NaN and infinities, equal keys, nesting beyond [`DEPTH_MAX`] and
/// results beyond [`SIZE_BYTES_MAX`].
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: Vec::with_capacity(CAPACITY_BYTES), ..Writer::default() };
    value.serialize(&mut writer)?;
    match writer.out.len() {
        0..=SIZE_BYTES_MAX => Ok(writer.out),
        size_bytes => Err(Error::TooLong { size_bytes }),
    }
}

#[derive(Default)]
struct Writer {
    out: Vec<u8>,
    depth: usize,
    /// The entries of all objects that are still open, outermost first.
    entries: Vec<Entry>,
    /// The unescaped keys of those entries, one after another.
    keys: String,
    /// Where an object's entries are put in order before they are copied back.
    scratch: Vec<u8>,
}

impl Writer {
    fn descend(&mut self) -> Result<(), Error> {
        if self.depth == DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    fn integer(&mut self, magnitude: u128, negative: bool) -> Result<(), Error> {
        let sign = if negative { "-" } else { "" };
        if magnitude > u128::from(INTEGER_MAX) {
            return Err(Error::IntegerTooLarge(format!("{sign}{magnitude}")));
        }
        self.out.extend_from_slice(sign.as_bytes());
        decimal(magnitude as u64, &mut self.out);
        Ok(())
    }
}

/// Appends `number` in decimal digits.
fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends `number` as ECMAScript's `Number.prototype.toString` prints it (RFC 8785, section 3.2.2.3).
pub(super) fn double(number: f64, out: &mut Vec<u8>) {
    // ECMAScript prints negative zero as `0`; ryu-js knows.
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
}

/// Appends `text` escaped as RFC 8785, section 3.2.2.2 demands, without the quotes.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.extend_from_slice(&bytes[plain_from..]);
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escaped(text, out);
    out.push(b'"');
}

/// Lets a `Display` write straight into the bytes, without a `String` between.
struct Escape<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(text, self.0);
        Ok(())
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'a>;
    type SerializeTuple = Array<'a>;
    type SerializeTupleStruct = Array<'a>;
    type SerializeTupleVariant = Array<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.integer(value.unsigned_abs().into(), value < 0)
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        self.integer(value.unsigned_abs(), value < 0)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.integer(value.into(), false)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        self.integer(value, false)
    }

    /// JSON numbers are doubles: a float is written as the double that equals it.
    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::NotFinite(value.to_string()));
        }
        if prints_as_large_integer(value) {
            return Err(Error::IntegerTooLarge(format!("{value:.0}")));
        }
        double(value, &mut self.out);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        quoted(value, &mut self.out);
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'"');
        write!(Escape(&mut self.out), "{value}").map_err(ser::Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = Object::open(self)?;
        ser::SerializeStruct::serialize_field(&mut object, variant, value)?;
        ser::SerializeStruct::end(object)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Array<'a>, Error> {
        Array::open(self)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Array<'a>, Error> {
        Array::open(self)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Array<'a>, Error> {
        Array::open(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Array<'a>, Error> {
        Array::open_in_variant(self, variant)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Object<'a>, Error> {
        Object::open(self)
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Object<'a>, Error> {
        // With some of its features serde_json passes numbers and raw text as structs of these names; written
        // as objects they would be hashed as something that nobody meant.
        if name.starts_with("$serde_json::private::") {
            return Err(Error::PrivateForm(name));
        }
        Object::open(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'a>, Error> {
        Object::open_in_variant(self, variant)
    }
}
