//! Request bodies. No route takes one yet, so the server reads them within limits and throws them away: the
//! connection stays usable. A body that breaks a limit ends its connection.

use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::{http::problem::Problem, options::Options};

/// Reads a body to its end and forgets it.
pub(crate) async fn discard<B: Body + Unpin>(
    mut body: B,
    headers: &HeaderMap,
    limits: &Options,
) -> Result<(), Problem> {
    if body.is_end_stream() {
        return Ok(());
    }
    if declared(headers).is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large(limits));
    }
    let last = Instant::now() + limits.body_total;
    let mut length = 0;
    loop {
        let next = (Instant::now() + limits.body_idle).min(last);
        let Ok(frame) = timeout_at(next, body.frame()).await else {
            let error = "the body of this request did not arrive in time";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, error).closing());
        };
        match frame {
            None => return Ok(()),
            Some(Ok(frame)) => {
                length += frame
                    .data_ref()
                    .map_or(0, |data| bytes::Buf::remaining(data) as u64)
            }
            Some(Err(_)) => {
                let error = "the body of this request is not framed as its header says";
                return Err(Problem::new(StatusCode::BAD_REQUEST, error).closing());
            }
        }
        if length > limits.body_bytes {
            return Err(too_large(limits));
        }
    }
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large(limits: &Options) -> Problem {
    let error = format!(
        "the body of a request has at most {} bytes",
        limits.body_bytes
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error).closing()
}
