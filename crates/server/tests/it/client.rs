//! A client that sends exactly the bytes it is told to.

use std::{collections::HashMap, io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Far more than anything here takes, far less than a person waits.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Ends a test that waits for something that does not come.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what)
        .await
        .expect("it did not happen within the limit")
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HashMap<String, Vec<String>>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a header that comes once; empty when it does not come.
    pub(crate) fn header(&self, name: &str) -> &str {
        match self.headers.get(name).map(Vec::as_slice) {
            None => "",
            Some([value]) => value,
            Some(values) => panic!("{name} comes {} times", values.len()),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The sentence of a problem.
    pub(crate) fn error(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/json",
            "{}",
            self.text()
        );
        self.json()["error"]
            .as_str()
            .expect("a sentence")
            .to_owned()
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self {
            stream: within(TcpStream::connect(address)).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    /// A client whose kernel takes little in advance.
    pub(crate) async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        Self {
            stream: within(socket.connect(address)).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have answered and closed already; what it said is still to be read.
        let _ = within(self.stream.write_all(bytes.as_ref())).await;
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, "").await
    }

    /// Sends a request with more header lines (each ended by CRLF) and reads the answer.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, more: &str) -> Reply {
        self.send(format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n"
        ))
        .await;
        self.reply(method).await
    }

    pub(crate) async fn reply(&mut self, method: &str) -> Reply {
        let mut reply = self.head().await;
        if method == "HEAD" || reply.status == 304 || reply.status == 204 {
            return reply;
        }
        if reply.header("transfer-encoding") == "chunked" {
            while let Some(chunk) = self.chunk().await {
                reply.body.extend(chunk);
            }
        } else {
            let length = reply.header("content-length").parse().expect("a length");
            reply.body = self.take(length).await;
        }
        reply
    }

    /// The head of an answer; its body is left unread.
    pub(crate) async fn head(&mut self) -> Reply {
        let head = self.until(b"\r\n\r\n").await.expect("an answer");
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap();
        let status = status.strip_prefix("HTTP/1.1 ").expect(status)[..3]
            .parse()
            .unwrap();
        let mut headers = HashMap::<_, Vec<_>>::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers
                .entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
        Reply {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// The next chunk of a chunked body; nothing after the last one.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = self.until(b"\r\n").await.expect("the length of a chunk");
        let length =
            usize::from_str_radix(std::str::from_utf8(&length).unwrap().trim(), 16).unwrap();
        let chunk = self.take(length).await;
        self.take(2).await;
        (length > 0).then_some(chunk)
    }

    /// Waits until the server has closed the connection, and returns what it said before that.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        while self.read().await > 0 {}
        std::mem::take(&mut self.buffer)
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self
                .buffer
                .windows(end.len())
                .position(|window| window == end)
            {
                return Some(self.buffer.drain(..at + end.len()).collect());
            }
            if self.read().await == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.read().await > 0, "closed within an answer");
        }
        self.buffer.drain(..length).collect()
    }

    async fn read(&mut self) -> usize {
        match within(self.stream.read_buf(&mut self.buffer)).await {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}"),
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    Connection::open(address).await.get(path).await
}

pub(crate) async fn ask(address: SocketAddr, method: &str, path: &str, more: &str) -> Reply {
    Connection::open(address)
        .await
        .ask(method, path, more)
        .await
}

/// An event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) data: Value,
}

/// An open stream.
pub(crate) struct Events {
    connection: Connection,
    pub(crate) head: Reply,
    /// Undoes the compression of the stream, of which the header is cut off.
    inflate: flate2::Decompress,
    begun: bool,
    text: String,
    /// Comments met on the way.
    comments: usize,
    pub(crate) retry: Option<u64>,
}

impl Events {
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        Self::over(Connection::open(address).await, path).await
    }

    pub(crate) async fn over(mut connection: Connection, path: &str) -> Self {
        let accept = "accept: text/event-stream\r\naccept-encoding: gzip\r\n";
        connection
            .send(format!(
                "GET {path} HTTP/1.1\r\nhost: localhost\r\n{accept}\r\n"
            ))
            .await;
        let head = connection.head().await;
        assert_eq!(head.status, 200, "{head:?}");
        Self {
            connection,
            head,
            inflate: flate2::Decompress::new(false),
            begun: false,
            text: String::new(),
            comments: 0,
            retry: None,
        }
    }

    /// The next event; nothing when the stream has ended as it should.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(event) = self.parse(&block) {
                    return Some(event);
                }
            }
            let chunk = self.connection.chunk().await?;
            let plain = self.inflated(&chunk);
            self.text.push_str(&plain);
        }
    }

    /// What a chunk says. Each ends at a byte, so it is all there.
    fn inflated(&mut self, mut chunk: &[u8]) -> String {
        if !self.begun {
            assert_eq!(chunk[..3], [0x1f, 0x8b, 8], "gzip, deflate");
            chunk = &chunk[10..];
            self.begun = true;
        }
        let mut plain = Vec::with_capacity(16 << 10);
        while !chunk.is_empty() {
            let before = self.inflate.total_in();
            self.inflate
                .decompress_vec(chunk, &mut plain, flate2::FlushDecompress::Sync)
                .unwrap();
            chunk = &chunk[(self.inflate.total_in() - before) as usize..];
            plain.reserve(16 << 10);
        }
        String::from_utf8(plain).unwrap()
    }

    /// The next event of this name, over any others.
    pub(crate) async fn next_named(&mut self, name: &str) -> Event {
        self.find(|event| event.name == name).await
    }

    pub(crate) async fn find(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        let search = async {
            loop {
                let event = self.next().await.expect("the stream goes on");
                if wanted(&event) {
                    return event;
                }
            }
        };
        within(search).await
    }

    /// Waits for a comment; no event may come before it.
    pub(crate) async fn comment(&mut self) {
        while self.comments == 0 {
            let chunk = self.connection.chunk().await.expect("the stream goes on");
            let text = self.inflated(&chunk);
            for block in text.split_terminator("\n\n") {
                assert!(self.parse(block).is_none(), "{block}");
            }
        }
    }

    fn parse(&mut self, block: &str) -> Option<Event> {
        let (mut name, mut id, mut data) = (None, None, None);
        for line in block.split('\n') {
            match line.split_once(':').unwrap_or((line, "")) {
                ("", _) => self.comments += 1,
                ("retry", ms) => self.retry = ms.trim().parse().ok(),
                ("event", value) => name = Some(value.trim().to_owned()),
                ("id", value) => id = value.trim().parse().ok(),
                ("data", value) => data = serde_json::from_str(value).ok(),
                other => panic!("not a field of an event: {other:?}"),
            }
        }
        Some(Event {
            name: name?,
            id: id.expect("an id"),
            data: data.expect("JSON"),
        })
    }
}
