//! Request bodies. Only statements and promotions have a use for one; of every other request the server reads it within limits and throws
//! it away, so that the connection stays usable. A body that breaks a limit ends its connection.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::{http::problem::Problem, options::Options};

/// Reads a body to its end and forgets it.
pub(crate) async fn discard<B: Body<Data = Bytes> + Unpin>(
    body: B,
    headers: &HeaderMap,
    limits: &Options,
) -> Result<(), Problem> {
    read(body, headers, limits, limits.body_bytes, |_| {}).await
}

/// Reads the body of a statement or a promotion to its end.
pub(crate) async fn keep<B: Body<Data = Bytes> + Unpin>(
    body: B,
    headers: &HeaderMap,
    limits: &Options,
) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::new();
    let keep = |piece: &Bytes| kept.extend_from_slice(piece);
    read(body, headers, limits, limits.statement_bytes, keep).await?;
    Ok(kept.freeze())
}

async fn read<B: Body<Data = Bytes> + Unpin>(
    mut body: B,
    headers: &HeaderMap,
    limits: &Options,
    most: u64,
    mut each: impl FnMut(&Bytes),
) -> Result<(), Problem> {
    if body.is_end_stream() {
        return Ok(());
    }
    if declared(headers).is_some_and(|length| length > most) {
        return Err(too_large(most));
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
                // Trailers are no part of it.
                let Ok(piece) = frame.into_data() else {
                    continue;
                };
                length += piece.len() as u64;
                if length > most {
                    return Err(too_large(most));
                }
                each(&piece);
            }
            Some(Err(_)) => {
                let error = "the body of this request is not framed as its header says";
                return Err(Problem::new(StatusCode::BAD_REQUEST, error).closing());
            }
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

fn too_large(most: u64) -> Problem {
    let error = format!("the body of this request has at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error).closing()
}
