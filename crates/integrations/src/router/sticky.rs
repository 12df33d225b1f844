//! Sessions: the cookie that holds a bucket, and the backend a bucket keeps.

use http::{HeaderMap, HeaderValue, header};
use shipway_model::routing::Sticky;

use super::table::{BUCKETS, Bucket};

/// The bucket of the request's session, if it carries a well-formed cookie.
pub(super) fn read(headers: &HeaderMap, sticky: &Sticky) -> Option<Bucket> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == sticky.cookie)
        .find_map(|(_, value)| parse(value))
}

/// The `Set-Cookie` line that starts a session in `bucket`.
pub(super) fn write(sticky: &Sticky, bucket: Bucket) -> Option<HeaderValue> {
    let age_s = sticky.ttl.0.div_ceil(1000);
    let line = format!("{}={bucket}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax", sticky.cookie);
    HeaderValue::try_from(line).ok()
}

/// A stable rank of a backend for a bucket (rendezvous hashing: the highest rank serves). A backend that joins
/// or leaves moves only the sessions that it gains or had. The FNV-1a sum is finished with a 64-bit mixer,
/// because FNV alone ranks names that differ in their last byte almost alike.
pub(super) fn rank(bucket: Bucket, target: &str, port: u16) -> u64 {
    let (bucket, port) = (bucket.to_le_bytes(), port.to_le_bytes());
    let sum =
        bucket.iter().chain(target.as_bytes()).chain(&port).fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let mixed = (sum ^ (sum >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

fn parse(value: &str) -> Option<Bucket> {
    let plain = !value.is_empty() && value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|bucket| plain && *bucket < BUCKETS)
}

#[cfg(test)]
mod tests {
    use shipway_model::Millis;

    use super::*;

    fn sticky() -> Sticky {
        Sticky { cookie: "session".into(), ttl: Millis::from_secs(60) }
    }

    #[test]
    fn reads_its_cookie_among_others_and_refuses_what_is_not_a_bucket() {
        let read_from = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            read(&headers, &sticky())
        };
        assert_eq!(read_from("a=1; session=9999; b=2"), Some(9999));
        assert_eq!(read_from("session=0"), Some(0));
        for bad in ["session=10000", "session=", "session=+1", "session=x", "xsession=1", "session=00001"] {
            assert_eq!(read_from(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_leaving_backend_moves_only_its_own_sessions() {
        let best = |bucket, targets: &[&'static str]| {
            targets.iter().copied().max_by_key(|target| rank(bucket, target, 80)).unwrap()
        };
        let mut held = [0_u32; 3];
        for bucket in 0..BUCKETS {
            let before = best(bucket, &["web-1", "web-2", "web-3"]);
            let after = best(bucket, &["web-1", "web-2"]);
            assert!(before == after || before == "web-3", "bucket {bucket} moved without need");
            held[usize::from(before.as_bytes()[4] - b'1')] += 1;
        }
        assert!(held.iter().all(|count| (2900..3800).contains(count)), "uneven: {held:?}");
    }
}
