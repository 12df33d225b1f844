//! Any server that answers a GET with the numbers as JSON.

use http::{StatusCode, header};
use shipway_model::analysis::{Sample, VALUES_MAX};
use shipway_model::resource::metric::{Endpoint, HttpQuery};

use super::prometheus::form_urlencoded;
use crate::asking::api::bearer;
use crate::asking::{AskError, Question, TIMEOUT, written};
use crate::outbound::{Call, Outbound};
use crate::spec::Spec;

pub(crate) const SPEC: Spec = Spec {
    kind: "http",
    summary: "Numbers that a server answers as JSON, for a version and a stretch of time.",
};

const BODY_BYTES_MAX: usize = 1 << 20;

pub(crate) async fn ask(
    outbound: &Outbound,
    source: &Endpoint,
    query: &HttpQuery,
    question: &Question,
) -> Result<Option<Sample>, AskError> {
    let url = format!("{}{}", source.url.trim_end_matches('/'), filled(&query.path, question));
    let mut call = Call::get(&url, TIMEOUT, BODY_BYTES_MAX);
    if let Some(name) = &source.token_variable {
        call.headers.insert(header::AUTHORIZATION, bearer(name)?);
    }
    let answer = outbound.call(call).await?;
    match answer.status {
        // The server knows nothing of the version, or nothing yet.
        StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => return Ok(None),
        StatusCode::OK => {}
        status => return Err(AskError::Status(format!("{status}: {}", answer.excerpt()))),
    }
    if answer.is_cut {
        return Err(AskError::TooLarge(BODY_BYTES_MAX));
    }
    let sample: Sample =
        serde_json::from_slice(&answer.body).map_err(|error| AskError::Invalid(error.to_string()))?;
    Ok(Some(bounded(sample)))
}

/// The path with the version and the stretch, encoded so that neither can end it.
fn filled(path: &str, question: &Question) -> String {
    path.replace("${version}", &form_urlencoded(question.version.as_str()))
        .replace("${from}", &form_urlencoded(&written(question.from)))
        .replace("${to}", &form_urlencoded(&written(question.to)))
}

/// Of too many values only the sums are kept.
pub(super) fn bounded(mut sample: Sample) -> Sample {
    if let Some(values) = sample.values.take_if(|it| it.len() > VALUES_MAX) {
        sample.n = Some(values.len() as u64);
        sample.sum = Some(values.iter().sum());
        sample.sum_sq = Some(values.iter().map(|it| it * it).sum());
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::super::prometheus::tests::question;
    use super::*;

    #[test]
    fn placeholders_cannot_end_the_path() {
        let mut question = question();
        question.version = "1.0.0+a".parse().unwrap();
        assert_eq!(
            filled("/n?v=${version}&from=${from}&to=${to}", &question),
            "/n?v=1.0.0%2Ba&from=1970-01-01T00%3A01%3A40.000Z&to=1970-01-01T00%3A01%3A50.000Z"
        );
    }

    #[test]
    fn many_values_become_their_sums() {
        let sample = bounded(Sample { values: Some(vec![2.0; VALUES_MAX + 1]), ..Sample::default() });
        assert_eq!((sample.n, sample.sum, sample.sum_sq), (Some(1001), Some(2002.0), Some(4004.0)));
        let few = Sample { values: Some(vec![2.0; VALUES_MAX]), ..Sample::default() };
        assert_eq!(bounded(few.clone()), few);
    }
}
