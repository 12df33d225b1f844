//! JSON from a stream.
//!
//! `serde_json` refuses what is no JSON (`NaN`, numbers beyond 1.8e308, nesting beyond 128 in what is read), and the
//! derived readers refuse a field that comes twice. What is left is done here: places in faults, nothing behind the
//! document, and maps whose keys come twice.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::lines::Lines;
use super::{Fault, Source};

/// Reads the one value that the document is.
///
/// # Errors
/// It is something else, or something follows it.
pub(super) fn read<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Fault> {
    read_with(source, PhantomData)
}

/// The same with a seed, which may pass on the elements of a long list as they come.
///
/// # Errors
/// As for [`read`].
pub(super) fn read_with<S: for<'de> DeserializeSeed<'de, Value = T>, T>(
    source: Source<'_>,
    seed: S,
) -> Result<T, Fault> {
    // Bytes are taken one by one, which the standard library makes fast for its own reader alone.
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 * 1024, source));
    let value = seed.deserialize(&mut deserializer).map_err(|it| fault(&it))?;
    deserializer.end().map_err(|it| fault(&it))?;
    Ok(value)
}

/// Reads a value from every line that is not blank.
///
/// # Errors
/// A line is something else, or `take` refuses its value.
pub(super) fn read_lines<T: DeserializeOwned>(
    source: Source<'_>,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(), Fault> {
    let mut lines = Lines::new(source);
    loop {
        let Some(line) = lines.next()? else { return Ok(()) };
        if line.trim().is_empty() {
            continue;
        }
        let read = serde_json::from_str(line);
        let number = lines.number();
        let value = read.map_err(|it| fault_on(number, &it))?;
        take(value).map_err(|it| lines.fault(it))?;
    }
}

/// Its message without the place, which the fault has.
pub(super) fn fault(error: &serde_json::Error) -> Fault {
    match error.line() {
        0 => Fault::new(message(error)),
        line => fault_on(line as u64, error),
    }
}

fn fault_on(line: u64, error: &serde_json::Error) -> Fault {
    // Column 0 is the end of the line before, or of nothing.
    Fault::at(line, error.column().max(1) as u64, message(error))
}

fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// A map in which no key comes twice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unique<T>(pub(super) BTreeMap<String, T>);

impl<T> Default for Unique<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData)).map(Self)
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value()?;
            if let Some(twice) = map.contains_key(&key).then_some(&key) {
                return Err(A::Error::custom(format!("the key `{twice}` is there twice")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<usize, &str>) {
        let mut bytes = text.as_bytes();
        let read = read::<Unique<f64>>(Source::new(&mut bytes)).map(|it| it.0.len());
        assert_eq!(read.map_err(|it| it.to_string()), expect.map_err(str::to_owned));
    }

    #[test]
    fn what_is_ambiguous_or_no_json_is_refused_with_its_place() {
        check(r#"{"a": 1, "b": 2.5}"#, Ok(2));
        check("{\"a\": 1,\n \"a\": 2}", Err("line 2, column 8: the key `a` is there twice"));
        check("{\"a\": NaN}", Err("line 1, column 7: expected value"));
        check("{\"a\": 1e999}", Err("line 1, column 12: number out of range"));
        check("{\"a\": 1} x", Err("line 1, column 10: trailing characters"));
        check("{\"a\":", Err("line 1, column 5: EOF while parsing a value"));
    }

    #[test]
    fn a_faulty_line_is_named() {
        let mut bytes = b"1\n\n2\n{\n".as_slice();
        let mut sum = 0;
        let read = read_lines::<u64>(Source::new(&mut bytes), |it| {
            sum += it;
            Ok(())
        });
        assert_eq!(sum, 3);
        let said = "line 4, column 1: invalid type: map, expected u64";
        assert_eq!(read.unwrap_err().to_string(), said);
    }
}
