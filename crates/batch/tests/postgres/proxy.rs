//! A network between the sink and the server that breaks where it hurts.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
    sync::watch,
    task::JoinHandle,
};

/// What becomes of something that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It reaches the server.
    Pass,
    /// The connection ends before it.
    CutBefore,
    /// It reaches the server, and the connection ends before the answer is known.
    CutBlind,
    /// It reaches the server, whose answer is lost.
    CutAfter,
    /// Nothing comes through any more, and the connection stays.
    Silent,
    /// The connection ends for the client, and the server gets it when the client has begun again.
    Late,
}

type Hook = Arc<Mutex<dyn FnMut(&[u8]) -> Fate + Send>>;

/// A proxy on a free port of 127.0.0.1.
pub struct Proxy {
    pub contact: String,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Asks `hook` about each piece that a client sends.
    pub async fn start(upstream: String, hook: impl FnMut(&[u8]) -> Fate + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let contact = listener.local_addr().unwrap().to_string();
        let hook: Hook = Arc::new(Mutex::new(hook));
        let begun = Arc::new(watch::Sender::new(0_u64));
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (upstream, hook, begun) = (upstream.clone(), hook.clone(), begun.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(upstream).await {
                        // A connection that ends is what this is for.
                        let _ = carry(client, server, &hook, &begun).await;
                    }
                });
            }
        });
        Self { contact, task }
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    hook: &Hook,
    begun: &watch::Sender<u64>,
) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    loop {
        let count = tokio::select! {
            count = from_client.read(&mut up) => count?,
            count = from_server.read(&mut down) => {
                match count? {
                    0 => return Ok(()),
                    count => to_client.write_all(&down[..count]).await?,
                }
                continue;
            }
        };
        let sent = &up[..count];
        if count == 0 {
            return Ok(());
        }
        if is_query(sent, b"BEGIN") {
            begun.send_modify(|begun| *begun += 1);
        }
        let fate = hook.lock().unwrap()(sent);
        match fate {
            Fate::Pass => to_server.write_all(sent).await?,
            Fate::CutBefore => return Ok(()),
            Fate::CutBlind => return to_server.write_all(sent).await,
            Fate::CutAfter => {
                to_server.write_all(sent).await?;
                let _answer = from_server.read(&mut down).await?;
                return Ok(());
            }
            Fate::Silent => return until_closed(&mut from_client).await,
            Fate::Late => {
                let mut begun = begun.subscribe();
                begun.borrow_and_update();
                drop((from_client, to_client));
                // The next transaction waits for the lock of this one, or is about to.
                let _ = begun.changed().await;
                to_server.write_all(sent).await?;
                let _answer = from_server.read(&mut down).await?;
                return Ok(());
            }
        }
    }
}

async fn until_closed(client: &mut OwnedReadHalf) -> std::io::Result<()> {
    let mut lost = [0; 1024];
    while client.read(&mut lost).await? > 0 {}
    Ok(())
}

/// Whether a piece holds a simple query of this text: its letter, its length, the text and a zero. The end of a statement
/// before it may be in the same piece.
pub fn is_query(sent: &[u8], text: &[u8]) -> bool {
    let length = u32::try_from(text.len() + 5).unwrap().to_be_bytes();
    let query = [b"Q", &length[..], text, b"\0"].concat();
    sent.windows(query.len()).any(|piece| piece == query)
}
