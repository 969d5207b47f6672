//! The inputs of a running process, each with a sender of our own on the other side.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use serde_json::Value;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::{shapes::Shape, support::*};

/// A way in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RecordInput {
    File,
    Http,
    WebSocket,
    StandardInput,
}

pub const ALL: [RecordInput; 4] = [
    RecordInput::File,
    RecordInput::Http,
    RecordInput::WebSocket,
    RecordInput::StandardInput,
];

/// Where a process shows something.
const PATHS: [&str; 6] = [
    "/metrics",
    "/api/v1/summary",
    "/api/v1/status",
    "/api/data",
    "/api/top_venues",
    "/readyz",
];

/// What a process shows, and where.
pub type Shown = Vec<(String, Vec<u8>)>;

impl RecordInput {
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "HTTP",
            Self::WebSocket => "WebSocket",
            Self::StandardInput => "standard input",
        }
    }

    /// A message as this input has it. A WebSocket's text is UTF-8, and what it holds may be wrapped.
    pub fn of(self, mut shape: Shape) -> Option<Shape> {
        if self == Self::WebSocket {
            std::str::from_utf8(&shape.bytes).ok()?;
            shape.is_record |= shape.what == "encoded twice";
        }
        Some(shape)
    }

    /// Runs a process until all messages are taken; returns all that it shows.
    pub fn run(self, folder: &Path, messages: &[Shape]) -> Shown {
        let source = self.source(folder, messages);
        let mut process = Running::start(folder, &source);
        let live = process.live();
        let mut input = process.child.stdin.take().unwrap();
        if self == Self::StandardInput {
            input.write_all(&crate::lines(messages)).unwrap();
        }
        wait_until("everything is taken", || process.has_kept(messages));
        let mut shown: Shown = PATHS
            .map(|path| {
                let (status, body) = get(process.address, path);
                assert_eq!(status, 200, "{path}: {body}");
                (path.to_owned(), body.into_bytes())
            })
            .into();
        process.stop();
        shown.push(("the live stream".to_owned(), live.recv().unwrap()));
        shown.push(("log".to_owned(), fs::read(folder.join("log")).unwrap()));
        shown
    }

    /// The address of the source, on the other side of which the messages wait.
    fn source(self, folder: &Path, messages: &[Shape]) -> String {
        let lines = crate::lines(messages);
        match self {
            Self::File => {
                let file = folder.join("all.ndjson");
                fs::write(&file, &lines).unwrap();
                format!("file:{}", file.display())
            }
            Self::StandardInput => "-".to_owned(),
            Self::Http => {
                let address = serve(move |mut stream| {
                    read_head(&mut stream);
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
                    stream.write_all(head.as_bytes()).unwrap();
                    stream.write_all(&lines).unwrap();
                    hold(stream);
                });
                format!("http://{address}/2/rsvps")
            }
            Self::WebSocket => {
                let texts = messages.iter().map(|shape| shape.bytes.clone());
                let texts: Vec<_> = texts.map(|text| String::from_utf8(text).unwrap()).collect();
                let address = serve(move |stream| {
                    let mut socket = tungstenite::accept(stream).unwrap();
                    for text in texts {
                        socket.send(Message::text(text)).unwrap();
                    }
                    hold(socket.get_ref().try_clone().unwrap());
                });
                format!("ws://{address}/2/rsvps")
            }
        }
    }
}

/// Serves the first connection; nobody answers later ones.
fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || answer(listener.accept().unwrap().0));
    address
}

/// Waits until the other side hangs up.
fn hold(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}

fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        head.push(byte[0]);
    }
}

/// A process that writes all it says into a file.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(folder: &Path, source: &str) -> Self {
        let address = free_address();
        let log = File::create(folder.join("log")).unwrap();
        let mut command: Command = headcount();
        command
            .env("HEADCOUNT_LOG", "debug")
            .args([
                "run",
                "--source",
                source,
                "--listen",
                &address.to_string(),
                "--data",
            ])
            .arg(folder.join("data"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn().unwrap();
        wait_until("the server is ready", || get(address, "/readyz").0 == 200);
        Self { child, address }
    }

    /// What the live stream shows until the process ends.
    fn live(&self) -> mpsc::Receiver<Vec<u8>> {
        let (sender, receiver) = mpsc::channel();
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "GET /api/v1/live HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        thread::spawn(move || {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all);
            sender.send(all)
        });
        receiver
    }

    /// Whether all records are kept. Each message comes after those before it.
    fn has_kept(&self, messages: &[Shape]) -> bool {
        let (_, body) = get(self.address, "/api/v1/summary");
        let summary: Value = serde_json::from_str(&body).unwrap_or_default();
        let records = messages.iter().filter(|shape| shape.is_record).count();
        summary["ledger"]["kept"].as_u64() >= Some(records as u64)
    }

    fn stop(&mut self) {
        run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        let status = wait_for("the process ends", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
