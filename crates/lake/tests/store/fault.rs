//! A network and servers that go wrong as told: what stands between the client and an S3 server, and stores that only
//! look like one.

use std::collections::{HashMap, VecDeque};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered as the server does.
    None,
    /// 503 SlowDown; the server never sees it.
    SlowDown,
    /// The server does it, and the connection breaks before the answer.
    Reset,
    /// The server does it, and says 500.
    Error,
    /// The server does it, and no answer comes.
    Silence,
    /// Nobody sees it, and no answer comes.
    Lost,
    /// The connection breaks in the middle of the answer.
    Half,
}

/// Answers one request on a connection, which then ends.
type Serve = dyn Fn(&Request, &mut TcpStream) + Send + Sync;

/// A server on a port of its own, which ends with the process.
pub(crate) struct Server {
    address: SocketAddr,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    head: String,
    body: Vec<u8>,
}

impl Server {
    /// Passes requests on to `upstream` (`http://127.0.0.1:port`), with the faults that were told.
    pub(crate) fn before(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let faults = Arc::<Mutex<VecDeque<Fault>>>::default();
        let told = Arc::clone(&faults);
        Self::start(faults, move |request, client| {
            let fault = told.lock().unwrap().pop_front().unwrap_or(Fault::None);
            pass(request, client, &upstream, fault);
        })
    }

    /// A store that keeps objects by name and knows no conditions; or, `polite`, one that knows them but looks and
    /// stores in two steps.
    pub(crate) fn careless(polite: bool) -> Self {
        let objects = Mutex::new(HashMap::<String, Vec<u8>>::new());
        Self::start(Arc::default(), move |request, client| {
            let key = request.path.split('?').next().unwrap().to_owned();
            let there = objects.lock().unwrap().get(&key).cloned();
            let unless_there = request.head.to_lowercase().contains("if-none-match");
            match (&*request.method, there) {
                ("PUT", Some(_)) if polite && unless_there => {
                    answer(client, "412 Precondition Failed", b"")
                }
                ("PUT", _) => {
                    std::thread::sleep(Duration::from_millis(50));
                    objects.lock().unwrap().insert(key, request.body.clone());
                    answer(client, "200 OK", b"");
                }
                ("GET", Some(body)) => answer(client, "200 OK", &body),
                ("GET", None) => answer(
                    client,
                    "404 Not Found",
                    b"<Error><Code>NoSuchKey</Code></Error>",
                ),
                _ => answer(client, "200 OK", b"<DeleteResult/>"),
            }
        })
    }

    fn start(
        faults: Arc<Mutex<VecDeque<Fault>>>,
        serve: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve: Arc<Serve> = Arc::new(serve);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    let mut client = client;
                    client
                        .set_read_timeout(Some(Duration::from_secs(20)))
                        .unwrap();
                    if let Some(request) = Request::read(&mut client) {
                        serve(&request, &mut client);
                    }
                });
            }
        });
        Self { address, faults }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next requests go so.
    pub(crate) fn tell(&self, faults: &[Fault]) {
        *self.faults.lock().unwrap() = faults.iter().copied().collect();
    }

    /// How many of the told faults have not happened.
    pub(crate) fn left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }
}

impl Request {
    fn read(client: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut part = vec![0; 64 << 10];
        let head = loop {
            let n = client.read(&mut part).ok().filter(|n| *n > 0)?;
            bytes.extend_from_slice(&part[..n]);
            if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
        };
        let mut body = bytes.split_off(head + 4);
        bytes.truncate(head);
        let head = String::from_utf8(bytes).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().unwrap())
        });
        while body.len() < length.unwrap_or(0) {
            let n = client.read(&mut part).ok().filter(|n| *n > 0)?;
            body.extend_from_slice(&part[..n]);
        }
        let mut words = head.split(' ');
        Some(Self {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            head,
            body,
        })
    }
}

fn pass(request: &Request, client: &mut TcpStream, upstream: &str, fault: Fault) {
    match fault {
        Fault::SlowDown => {
            let text =
                b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>";
            return answer(client, "503 Service Unavailable", text);
        }
        Fault::Lost => return wait_for_end(client),
        _ => {}
    }
    let mut server = TcpStream::connect(upstream).unwrap();
    let head = format!("{}\r\nConnection: close\r\n\r\n", request.head);
    server.write_all(head.as_bytes()).unwrap();
    server.write_all(&request.body).unwrap();
    let mut response = Vec::new();
    server.read_to_end(&mut response).unwrap();
    match fault {
        Fault::Reset => {}
        Fault::Error => answer(
            client,
            "500 Internal Server Error",
            b"<Error><Code>InternalError</Code></Error>",
        ),
        Fault::Silence => wait_for_end(client),
        Fault::Half => {
            let _ = client.write_all(&response[..response.len() / 2]);
        }
        _ => {
            let _ = client.write_all(&response);
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// The client has given up when it closes the connection.
fn wait_for_end(client: &mut TcpStream) {
    let _ = client.read(&mut [0]);
}

fn answer(client: &mut TcpStream, status: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"{length}\"\r\nLast-Modified: Sat, 21 Nov 2026 03:00:00 GMT\r\nConnection: close\r\n\r\n"
    );
    let _ = client.write_all(head.as_bytes());
    let _ = client.write_all(body);
    let _ = client.shutdown(Shutdown::Both);
}
