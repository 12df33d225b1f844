//! Ids, names, digests and units: what is accepted is written back the same, and nothing makes them panic.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_model::effect::{Direction, EffectKey};
use shipway_model::plan::StepId;
use shipway_model::{Digest, Millis, Name, ReleaseId, RolloutId, TokenId, Version};

/// Texts near the border between what is accepted and what is not.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9-]{0,70}",
        "[A-Za-z0-9.+_/-]{0,70}",
        "sha256:[0-9a-fA-F]{60,66}",
        "(rol|rel|tok|Rol|)_?[0-9a-fA-F]{30,34}",
        "rol_[0-9a-f]{32}/[0-9+-]{0,12}/(do|undo|Do|)/[0-9 ]{0,12}/?",
        r"(P|PT|-|)[0-9]{0,22}[.,]?[0-9]{0,4} ?(d|h|m|s|ms|us|ns|w|y|mo|D|H|M|S|ago|)( [0-9]{1,5}(s|ms))?",
    ]
}

/// If `text` is accepted, then what is written is read as the same value, by itself and as JSON.
fn check<T>(text: &str) -> Result<(), TestCaseError>
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).unwrap();
    match text.parse::<T>() {
        Ok(value) => check_value(&value),
        Err(error) => {
            prop_assert!(serde_json::from_str::<T>(&json).is_err());
            // It is shown to people, so it stays short.
            prop_assert!(error.to_string().len() < 2_000, "{error}");
            Ok(())
        }
    }
}

fn check_value<T>(value: &T) -> Result<(), TestCaseError>
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let written = value.to_string();
    let read = written.parse::<T>().map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&read, value);
    let json = serde_json::to_value(value).unwrap();
    prop_assert_eq!(json.as_str(), Some(written.as_str()));
    prop_assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
    Ok(())
}

fn effect_key() -> impl Strategy<Value = EffectKey> {
    let direction = prop_oneof![Just(Direction::Do), Just(Direction::Undo)];
    (any::<u128>(), any::<u32>(), direction, any::<u32>()).prop_map(|(rollout, step, direction, attempt)| {
        EffectKey {
            rollout: format!("rol_{rollout:032x}").parse().unwrap(),
            step: StepId(step),
            direction,
            attempt,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_written_back(text in text()) {
        check::<Name>(&text)?;
        check::<Version>(&text)?;
        check::<Digest>(&text)?;
        check::<Millis>(&text)?;
        check::<EffectKey>(&text)?;
        check::<RolloutId>(&text)?;
        check::<ReleaseId>(&text)?;
        check::<TokenId>(&text)?;
    }

    #[test]
    fn names_and_versions_stay_inside_their_folder(text in text()) {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert!(!name.as_str().contains(['/', '.', '\\']));
        }
        if let Ok(version) = text.parse::<Version>() {
            prop_assert!(!version.as_str().contains(['/', '\\']) && !version.as_str().contains(".."));
        }
    }

    #[test]
    fn every_digest_reads_back(bytes in any::<[u8; 32]>()) {
        check_value(&Digest::from_bytes(bytes))?;
    }

    #[test]
    fn every_duration_of_up_to_ten_years_reads_back(millis in 0..=10 * 366 * 24 * 3_600_000_u64) {
        check_value(&Millis(millis))?;
    }

    #[test]
    fn every_effect_key_reads_back(key in effect_key()) {
        check_value(&key)?;
    }
}
