//! Whether a request is meant for this stand-in: a page from elsewhere must not read it through a name that is pointed
//! at this machine (DNS rebinding).

use axum::http::{Request, StatusCode, Uri, Version, header, uri::Authority};
use headcount_address::{HostName, ServerNames};

use super::query::Refusal;

/// Old clients know the stream by this name, which their machine then points here.
const MEETUP: &str = "stream.meetup.com";

/// The names of a stand-in: its own, and the one that it stands in for.
pub(super) fn names(local: std::net::SocketAddr, added: &[HostName]) -> ServerNames {
    let meetup = MEETUP.parse().expect("the name of a host");
    ServerNames::new(local, &[added, &[meetup]].concat())
}

/// Why a request is not answered, if it is not.
pub(super) fn refusal<B>(
    names: &ServerNames,
    request: &Request<B>,
) -> Option<(StatusCode, Refusal)> {
    let bad = |message| {
        Some((
            StatusCode::BAD_REQUEST,
            Refusal::new("bad_request", message),
        ))
    };
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let host = match hosts[..] {
        [host] => host
            .to_str()
            .ok()
            .and_then(|host| host.parse::<Authority>().ok()),
        // HTTP/1.0 had none.
        [] if request.version() < Version::HTTP_11 => return None,
        _ => return bad("a request has one Host header"),
    };
    let Some(host) = host else {
        return bad("the Host header is not a name");
    };
    let in_uri = Uri::authority(request.uri()).map(Authority::host);
    let foreign = std::iter::once(host.host())
        .chain(in_uri)
        .find(|name| !names.contains(name))?;
    let name: String = foreign.chars().take(80).collect();
    let message = format!(
        "this stand-in listens on its own machine only, and does not know the name {name}; if clients shall reach it by \
         that name, start it with --host {name}"
    );
    Some((
        StatusCode::MISDIRECTED_REQUEST,
        Refusal::new("misdirected", message),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(local: &str, version: Version, uri: &str, hosts: &[&str]) -> u16 {
        let added = ["old.example".parse().unwrap()];
        let names = names(local.parse().unwrap(), &added);
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let refusal = refusal(&names, &request.body(()).unwrap());
        refusal.map_or(200, |(status, _)| status.as_u16())
    }

    #[test]
    fn only_its_own_names_reach_it() {
        let local = "127.0.0.1:8000";
        let check = |hosts: &[&str], expected| {
            let found = status(local, Version::HTTP_11, "/2/rsvps", hosts);
            assert_eq!(found, expected, "{hosts:?}");
        };
        for own in [
            "localhost:8000",
            "127.0.0.1",
            "stream.meetup.com",
            "Old.Example:80",
        ] {
            check(&[own], 200);
        }
        for foreign in ["evil.example", "127.0.0.1.evil.example:8000", "meetup.com"] {
            check(&[foreign], 421);
        }
        check(&["localhost", "localhost"], 400);
        check(&["a b"], 400);
        check(&[], 400);
        assert_eq!(status(local, Version::HTTP_10, "/2/rsvps", &[]), 200);
        let absolute = "http://evil.example/2/rsvps";
        assert_eq!(
            status(local, Version::HTTP_11, absolute, &["localhost"]),
            421
        );
        let open = "0.0.0.0:8000";
        assert_eq!(status(open, Version::HTTP_11, "/", &["any.example"]), 200);
    }
}
