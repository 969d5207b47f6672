//! Toxiproxy: a network that can be cut, slowed and silenced.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    folder::Folder,
    http, port,
    process::{Process, Recipe, controls},
};

/// A running Toxiproxy, which holds any number of proxies.
pub struct Toxiproxy {
    process: Process,
    port: u16,
}

/// A proxy before one server. It lives as long as its [`Toxiproxy`].
pub struct Proxy {
    control: u16,
    name: String,
    listen: u16,
}

controls!(Toxiproxy);

impl Toxiproxy {
    /// Starts one.
    pub fn start() -> Self {
        let folder = Folder::new("toxiproxy");
        let port = port::free();
        let recipe = Recipe {
            script: "toxiproxy",
            arguments: vec![port.to_string()],
            environment: Vec::new(),
            ready: Box::new(
                move || match http::request(port, "GET /version", &[], "")? {
                    (200, _) => Ok(()),
                    (status, _) => Err(format!("it answers {status}")),
                },
            ),
        };
        let process = Process::spawn(folder, recipe);
        process.wait();
        Self { process, port }
    }

    /// One for all tests of this binary; each makes proxies of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Toxiproxy> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A proxy on a free port before a server, `127.0.0.1:21873`.
    pub fn proxy(&self, upstream: &str) -> Proxy {
        self.proxy_on(port::free(), upstream)
    }

    /// A proxy on a port of your choice.
    pub fn proxy_on(&self, listen: u16, upstream: &str) -> Proxy {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let proxy = Proxy {
            control: self.port,
            name: format!("proxy-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            listen,
        };
        let body = format!(
            r#"{{"name":"{}","listen":"127.0.0.1:{listen}","upstream":"{upstream}","enabled":true}}"#,
            proxy.name
        );
        proxy.order("POST", "/proxies", &body, 201);
        proxy
    }
}

impl Proxy {
    /// Where clients connect: `127.0.0.1:14002`.
    pub fn listen(&self) -> String {
        format!("127.0.0.1:{}", self.listen)
    }

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.enable(false);
    }

    /// Takes away everything that was done to the network.
    pub fn restore(&self) {
        for toxic in ["latency", "silence", "hold"] {
            self.remove(toxic);
        }
        self.enable(true);
    }

    /// Delays what the server answers.
    pub fn latency(&self, milliseconds: u32) {
        self.remove("latency");
        self.toxic(
            "latency",
            "latency",
            &format!(r#""latency":{milliseconds}"#),
        );
    }

    /// Lets connections stand and nothing through, as a network does that has lost its way.
    pub fn silence(&self) {
        self.remove("silence");
        self.toxic("silence", "timeout", r#""timeout":0"#);
    }

    /// Holds back what clients send. It comes to the server when the network is restored, though the client may be gone.
    pub fn hold(&self) {
        self.remove("hold");
        let body = r#"{"name":"hold","type":"latency","stream":"upstream","attributes":{"latency":86400000}}"#;
        self.order("POST", &format!("/proxies/{}/toxics", self.name), body, 200);
    }

    fn enable(&self, enabled: bool) {
        let body = format!(r#"{{"enabled":{enabled}}}"#);
        self.order("POST", &format!("/proxies/{}", self.name), &body, 200);
    }

    fn toxic(&self, name: &str, kind: &str, attribute: &str) {
        let path = format!("/proxies/{}/toxics", self.name);
        let body = format!(r#"{{"name":"{name}","type":"{kind}","attributes":{{{attribute}}}}}"#);
        self.order("POST", &path, &body, 200);
    }

    /// Removes a toxic that may not be there.
    fn remove(&self, toxic: &str) {
        let path = format!("DELETE /proxies/{}/toxics/{toxic}", self.name);
        // 404 is as good; anything else shows at the next order.
        let _ = http::request(self.control, &path, &[], "");
    }

    fn order(&self, method: &str, path: &str, body: &str, expected: u16) {
        let line = format!("{method} {path}");
        match http::request(self.control, &line, &[], body) {
            Ok((status, _)) if status == expected => {}
            answer => panic!("toxiproxy did not do {line} {body}: {answer:?}"),
        }
    }
}
