//! The reading half: JSON whose every reader sees the same value.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::scan::is_plainly_canonical;
use super::{DEPTH_MAX, Error, INTEGER_MAX, SIZE_BYTES_MAX, prints_as_large_integer, to_canonical};

/// Reads one JSON value.
///
/// # Errors
/// Refuses what readers are known to understand differently: equal keys in one object (at any depth), integers
/// beyond ±[`INTEGER_MAX`], nesting beyond [`DEPTH_MAX`], texts beyond [`SIZE_BYTES_MAX`] and lone surrogates.
pub fn parse_strict(text: &[u8]) -> Result<Value, Error> {
    if text.len() > SIZE_BYTES_MAX {
        return Err(Error::TooLong { size_bytes: text.len() });
    }
    check_tokens(text)?;
    let mut refusal = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let strict = de::DeserializeSeed::deserialize(Strict { refusal: &mut refusal }, &mut reader);
    let value = strict.map_err(|err| refusal.unwrap_or_else(|| Error::NotJson(err.to_string())))?;
    reader.end().map_err(|err| Error::NotJson(err.to_string()))?;
    Ok(value)
}

/// [`parse_strict`], and refuses bytes that are not the canonical form of the value they hold.
pub fn parse_canonical(text: &[u8]) -> Result<Value, Error> {
    let value = parse_strict(text)?;
    let canonical = to_canonical(&value)?;
    if canonical == text {
        return Ok(value);
    }
    let same = canonical.iter().zip(text).take_while(|(a, b)| a == b).count();
    Err(Error::NotCanonical { offset: same })
}

/// What [`parse_canonical`] refuses, without the value: in most cases by one look.
pub fn check_canonical(text: &[u8]) -> Result<(), Error> {
    if is_plainly_canonical(text) { Ok(()) } else { parse_canonical(text).map(drop) }
}

/// Whether `text` is the canonical form of the JSON value it holds.
pub fn is_canonical(text: &[u8]) -> bool {
    check_canonical(text).is_ok()
}

/// Checks what is lost once the text has become values: how deep it nests (before anything recurses into it) and
/// how its integers are written (serde_json reads those beyond 64 bits as doubles).
fn check_tokens(text: &[u8]) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Error::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = string_end(text, at),
            b'-' | b'0'..=b'9' => {
                let start = at - 1;
                while text
                    .get(at)
                    .is_some_and(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
                {
                    at += 1;
                }
                check_number(&text[start..at])?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The index after the quote that ends the string whose content starts at `at`, or the end of the text.
fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
    text.len()
}

fn check_number(token: &[u8]) -> Result<(), Error> {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    // Fifteen digits are always below 2^53; what is not digits alone is a fraction, or not JSON.
    if digits.len() <= 15 || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    let small =
        str::from_utf8(digits).ok().and_then(|it| it.parse().ok()).is_some_and(|n: u64| n <= INTEGER_MAX);
    if small { Ok(()) } else { Err(integer_too_large(token)) }
}

fn integer_too_large(token: &[u8]) -> Error {
    // A message quotes the beginning; the token may be a megabyte long.
    let quoted = String::from_utf8_lossy(&token[..token.len().min(40)]);
    let more = if token.len() > 40 { "…" } else { "" };
    Error::IntegerTooLarge(format!("{quoted}{more}"))
}

/// Reads a value and leaves the reason of its own refusal aside, which serde's error could carry as text only.
struct Strict<'a> {
    refusal: &'a mut Option<Error>,
}

impl Strict<'_> {
    fn refuse<T, E: de::Error>(self, refusal: Error) -> Result<T, E> {
        let err = E::custom(&refusal);
        *self.refusal = Some(refusal);
        Err(err)
    }
}

impl<'de> de::DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        if prints_as_large_integer(value) {
            return self.refuse(Error::IntegerTooLarge(format!("{value:.0}")));
        }
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Strict { refusal: self.refusal })? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return self.refuse(Error::DuplicateKey(key));
            }
            let value = entries.next_value_seed(Strict { refusal: self.refusal })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
