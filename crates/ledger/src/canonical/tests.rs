use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::scan::is_plainly_canonical;
use super::*;

fn canonical<T: Serialize + ?Sized>(value: &T) -> String {
    String::from_utf8(to_canonical(value).expect("has a canonical form")).expect("is UTF-8")
}

fn recanonicalised(text: &str) -> String {
    canonical(&parse_strict(text.as_bytes()).expect("is strict JSON"))
}

/// RFC 8785, section 3.2.2.
#[test]
fn writes_the_example_of_the_rfc() {
    let input = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(recanonicalised(input), expected);
}

/// RFC 8785, section 3.2.3: the order of UTF-16 code units puts U+1F600 before U+FB33, unlike UTF-8.
#[test]
fn sorts_keys_by_utf16_code_units() {
    let input = r#"{
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
    }"#;
    let text = recanonicalised(input);
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
    let places: Vec<_> = order.iter().map(|it| text.find(it)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    assert!(text.starts_with(r#"{"\r":"#), "{text}");
}

/// RFC 8785, appendix B.
#[test]
fn prints_doubles_as_ecmascript_does() {
    for (bits, expected) in [
        (0x0000000000000000_u64, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ] {
        let mut out = Vec::new();
        write::double(f64::from_bits(bits), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected, "{bits:016x}");
    }
}

#[test]
fn refuses_numbers_that_readers_round_or_cannot_read() {
    let limit = INTEGER_MAX as i64;
    assert_eq!(canonical(&[limit, -limit]), "[9007199254740991,-9007199254740991]");
    let refused = |text: &str| Err(Error::IntegerTooLarge(text.to_owned()));
    assert_eq!(to_canonical(&(limit + 2)), refused("9007199254740993"));
    assert_eq!(to_canonical(&(-limit - 1)), refused("-9007199254740992"));
    assert_eq!(to_canonical(&u128::MAX), refused("340282366920938463463374607431768211455"));
    assert_eq!(to_canonical(&9007199254740992.0), refused("9007199254740992"));
    assert_eq!(to_canonical(&f64::NAN), Err(Error::NotFinite("NaN".to_owned())));
    assert_eq!(to_canonical(&f64::NEG_INFINITY), Err(Error::NotFinite("-inf".to_owned())));

    assert_eq!(parse_strict(b"[9007199254740991,-9007199254740991,1e21]"), Ok(json!([limit, -limit, 1e21])));
    let megabyte = "9".repeat(SIZE_BYTES_MAX);
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616",
        "1000000000000000000000000",
        "1e20",
        "9007199254740992.0",
        r#"{"a":["\"",9007199254740993]}"#,
        &megabyte,
    ] {
        let found = parse_strict(text.as_bytes());
        assert!(matches!(found, Err(Error::IntegerTooLarge(_))), "{found:?}");
    }
}

#[test]
fn refuses_equal_keys() {
    let found = parse_strict(br#"{"a":[{"b":1,"\u0062":2}]}"#);
    assert_eq!(found, Err(Error::DuplicateKey("b".to_owned())));

    struct Twice;
    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            for key in ["k", "a", "k"] {
                map.serialize_entry(key, &0)?;
            }
            map.end()
        }
    }
    assert_eq!(to_canonical(&[Twice]), Err(Error::DuplicateKey("k".to_owned())));
}

#[test]
fn refuses_what_is_too_deep_or_too_long_in_both_directions() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = parse_strict(nested(DEPTH_MAX).as_bytes()).expect("is deep enough");
    assert_eq!(canonical(&deepest), nested(DEPTH_MAX));
    assert_eq!(to_canonical(&[deepest]), Err(Error::TooDeep));
    assert_eq!(parse_strict(nested(DEPTH_MAX + 1).as_bytes()), Err(Error::TooDeep));
    assert_eq!(parse_strict(&[b'['; 100_000]), Err(Error::TooDeep));
    assert!(
        parse_strict(format!("{:?}", "[".repeat(100)).as_bytes()).is_ok(),
        "brackets in a string do not nest"
    );

    let longest = "x".repeat(SIZE_BYTES_MAX - 2);
    let text = canonical(&longest);
    assert_eq!(parse_strict(text.as_bytes()), Ok(Value::from(longest.clone())));
    let size_bytes = SIZE_BYTES_MAX + 1;
    assert_eq!(to_canonical(&(longest + "x")), Err(Error::TooLong { size_bytes }));
    assert_eq!(parse_strict(&vec![b' '; size_bytes]), Err(Error::TooLong { size_bytes }));
}

#[test]
fn refuses_what_is_not_json() {
    for text in
        ["", " ", "{", "[1,]", "{\"a\":1,}", "01", "1 2", "nul", "\"\\ud800\"", "\"\n\"", "\"\\", "NaN", "-"]
    {
        let found = parse_strict(text.as_bytes());
        assert!(matches!(found, Err(Error::NotJson(_))), "{text:?}: {found:?}");
    }
    assert!(matches!(parse_strict(b"\"\xff\""), Err(Error::NotJson(_))));
}

#[test]
fn knows_canonical_bytes_from_others() {
    let canonical = r#"{"a":[1,"\n"],"b":0.5}"#;
    assert!(is_canonical(canonical.as_bytes()));
    for (other, offset) in [
        (r#" {"a":[1,"\n"],"b":0.5}"#, 0),
        (r#"{"a":[1,"\n"],"b":0.50}"#, 21),
        (r#"{"a":[1,"\n"],"b":5e-1}"#, 18),
        (r#"{"b":0.5,"a":[1,"\n"]}"#, 2),
        (r#"{"a":[1,"\u000a"],"b":0.5}"#, 10),
        ("{\"a\":[1,\"\\n\"],\"b\":0.5}\n", 22),
    ] {
        assert_eq!(parse_canonical(other.as_bytes()), Err(Error::NotCanonical { offset }), "{other}");
        assert!(!is_canonical(other.as_bytes()), "{other}");
    }
}

#[test]
fn writes_every_shape_that_serde_knows() {
    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(u8, char),
        Struct { z: Option<u8>, a: () },
    }
    #[derive(Serialize)]
    struct All<'a> {
        shapes: [Shape; 4],
        keys: BTreeMap<u64, bool>,
        empty: BTreeMap<String, u8>,
        float: f32,
        bytes: &'a [u8],
    }
    let all = All {
        shapes: [Shape::Unit, Shape::Newtype(1), Shape::Tuple(2, '"'), Shape::Struct { z: None, a: () }],
        keys: BTreeMap::from([(u64::MAX, true), (3, false)]),
        empty: BTreeMap::new(),
        float: 0.5,
        bytes: b"\x00\xff",
    };
    let expected = concat!(
        r#"{"bytes":[0,255],"empty":{},"float":0.5,"keys":{"18446744073709551615":true,"3":false},"#,
        r#""shapes":["Unit",{"Newtype":1},{"Tuple":[2,"\""]},{"Struct":{"a":null,"z":null}}]}"#
    );
    assert_eq!(canonical(&all), expected);
    assert_eq!(to_canonical(&BTreeMap::from([(vec![1], 1)])), Err(Error::KeyNotText));
}

#[test]
fn refuses_the_private_forms_of_serde_json() {
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw {
        text: &'static str,
    }
    let refused = Err(Error::PrivateForm("$serde_json::private::RawValue"));
    assert_eq!(to_canonical(&[Raw { text: "{}" }]), refused);
}

fn any_json() -> impl Strategy<Value = Value> {
    let limit = INTEGER_MAX as i64;
    let number =
        prop::num::f64::NORMAL.prop_filter("is not read as an integer", |n| !prints_as_large_integer(*n));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-limit..=limit).prop_map(Value::from),
        number.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Bytes that are canonical or nearly so.
fn nearly_canonical() -> impl Strategy<Value = Vec<u8>> {
    let plain = prop::collection::btree_map("[a-z]{1,3}", any_json(), 0..6);
    let plain = plain.prop_map(|entries| to_canonical(&entries).expect("is canonical"));
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..3);
    (plain, changes).prop_map(|(mut bytes, changes)| {
        for (place, byte, change) in changes {
            let at = place.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, bytes[at]),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    })
}

#[test]
fn one_look_knows_the_plain_forms_and_no_other() {
    for plain in ["0", "-12", "[]", "{}", "[[],{}]", r#"{"a":"é \n","b":{"a":[1,2]},"c":null}"#, "true"] {
        assert!(is_plainly_canonical(plain.as_bytes()), "{plain}");
    }
    let deep = ["[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1)].concat();
    let others = [
        "",
        " 0",
        "00",
        "01",
        "-0",
        "-",
        "0.5",
        "1e3",
        "9007199254740993",
        "[1,]",
        "[,1]",
        "[1 ]",
        "{,}",
        r#"{"b":1,"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,}"#,
        r#"{"a" :1}"#,
        r#""\u000a""#,
        r#""\/""#,
        "\"\n\"",
        "\"",
        "\"\\",
        "{\"a",
        "{\"a\":",
        "nul",
        "truee",
        "[1]]",
        &deep,
    ];
    for other in others {
        assert!(!is_plainly_canonical(other.as_bytes()), "{other}");
    }
    assert!(is_plainly_canonical(&deep.as_bytes()[1..deep.len() - 1]));
    assert!(!is_plainly_canonical(b"\"\xff\""));
}

proptest! {
    #[test]
    fn what_one_look_takes_for_canonical_is_so(bytes in nearly_canonical()) {
        if is_plainly_canonical(&bytes) {
            prop_assert!(parse_canonical(&bytes).is_ok(), "{}", String::from_utf8_lossy(&bytes));
        }
        prop_assert_eq!(check_canonical(&bytes), parse_canonical(&bytes).map(drop));
    }

    #[test]
    fn agrees_with_another_implementation_and_reads_itself_back(value in any_json()) {
        let bytes = to_canonical(&value)?;
        prop_assert_eq!(&bytes, &serde_json_canonicalizer::to_vec(&value)?);
        let read = parse_canonical(&bytes)?;
        prop_assert_eq!(to_canonical(&read)?, bytes);
    }

    #[test]
    fn never_panics_and_never_accepts_what_it_would_not_write(text in any::<Vec<u8>>()) {
        if let Ok(value) = parse_strict(&text) {
            prop_assert!(to_canonical(&value).is_ok());
        }
    }

    #[test]
    fn whatever_is_strict_can_be_written(text in r#"[\[{]{0,3}("a":)?(-?[0-9]{1,25}(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?)[\]}]{0,3}"#) {
        if let Ok(value) = parse_strict(text.as_bytes()) {
            prop_assert!(to_canonical(&value).is_ok(), "{}", text);
        }
    }
}
