//! Kafka: one broker, or a cluster of them.

use std::{
    io::{Read, Write},
    sync::OnceLock,
};

use crate::{
    folder::Folder,
    port,
    process::{Process, Recipe, connect, controls},
    toxiproxy::{Proxy, Toxiproxy},
};

/// A running Kafka.
pub struct Kafka {
    brokers: Vec<Broker>,
}

/// One of its nodes, broker and controller in one.
pub struct Broker {
    process: Process,
    ports: Ports,
}

#[derive(Clone, Copy)]
struct Ports {
    clients: u16,
    controller: u16,
    /// Where the node listens for what comes through a proxy, and where the proxy is to listen.
    behind: u16,
    proxy: u16,
}

impl Kafka {
    /// One broker.
    pub fn start() -> Self {
        Self::start_with(1, &[])
    }

    /// Several brokers: three copies of everything, two of which must be in sync.
    pub fn cluster(brokers: usize) -> Self {
        Self::start_with(brokers, &[])
    }

    /// The same with settings of `server.properties` of your own.
    pub fn start_with(brokers: usize, settings: &[(&str, &str)]) -> Self {
        let ports: Vec<_> = (0..brokers).map(|_| Ports::free()).collect();
        let voters = ports
            .iter()
            .enumerate()
            .map(|(i, ports)| format!("{}@127.0.0.1:{}", i + 1, ports.controller))
            .collect::<Vec<_>>()
            .join(",");
        let brokers = ports
            .iter()
            .enumerate()
            .map(|(i, ports)| Broker::spawn(i, *ports, &voters, settings))
            .collect();
        let kafka = Self { brokers };
        kafka.wait();
        kafka
    }

    /// One broker for all tests of this binary. Use topics of your own, and do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// All brokers: `127.0.0.1:21873,127.0.0.1:14002`.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = self.brokers.iter().map(Broker::address).collect();
        addresses.join(",")
    }

    /// A broker, counted from 0; its node id is one more.
    pub fn broker(&self, index: usize) -> &Broker {
        &self.brokers[index]
    }

    /// A proxy before each broker. Clients that begin with the addresses of these proxies stay behind them: the brokers
    /// name them when asked where the partitions are.
    pub fn through(&self, toxiproxy: &Toxiproxy) -> Vec<Proxy> {
        self.brokers
            .iter()
            .map(|broker| {
                let upstream = format!("127.0.0.1:{}", broker.ports.behind);
                toxiproxy.proxy_on(broker.ports.proxy, &upstream)
            })
            .collect()
    }

    /// Kills every broker.
    pub fn kill(&self) {
        self.brokers.iter().for_each(Broker::kill);
    }

    /// Starts every broker again, with the same ports and data, and waits until each sees all.
    pub fn restart(&self) {
        for broker in &self.brokers {
            broker.process.start();
        }
        self.wait();
    }

    /// Stops every broker as `SIGSTOP` does: connections stay, answers do not come.
    pub fn pause(&self) {
        self.brokers.iter().for_each(Broker::pause);
    }

    /// Lets every broker continue.
    pub fn resume(&self) {
        self.brokers.iter().for_each(Broker::resume);
    }

    fn wait(&self) {
        for broker in &self.brokers {
            broker.process.wait();
        }
        for broker in &self.brokers {
            let all = || match alive(broker.ports.clients)?.len() {
                seen if seen == self.brokers.len() => Ok(()),
                seen => Err(format!("it sees {seen} brokers")),
            };
            if let Err(reason) = crate::wait::until(crate::wait::START, all) {
                panic!("the Kafka cluster is not whole: {reason}");
            }
        }
    }
}

controls!(Broker);

impl Broker {
    fn spawn(index: usize, ports: Ports, voters: &str, settings: &[(&str, &str)]) -> Self {
        let node = i32::try_from(index + 1).expect("few brokers");
        let folder = Folder::new("kafka");
        let mut arguments = vec![
            folder.path().display().to_string(),
            ports.clients.to_string(),
        ];
        arguments.extend(settings.iter().map(|(key, value)| format!("{key}={value}")));
        let recipe = Recipe {
            script: "kafka",
            arguments,
            environment: vec![
                ("NODE_ID", node.to_string()),
                ("CONTROLLER_PORT", ports.controller.to_string()),
                ("VOTERS", voters.to_owned()),
                ("THROUGH", format!("{}:{}", ports.behind, ports.proxy)),
            ],
            ready: Box::new(move || match alive(ports.clients)?.contains(&node) {
                true => Ok(()),
                false => Err("it does not see itself among the brokers".to_owned()),
            }),
        };
        Self {
            process: Process::spawn(folder, recipe),
            ports,
        }
    }

    /// `127.0.0.1:21873`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.clients)
    }
}

impl Ports {
    fn free() -> Self {
        Self {
            clients: port::free(),
            controller: port::free(),
            behind: port::free(),
            proxy: port::free(),
        }
    }
}

/// The nodes that a broker says are alive: version 1 of the request for metadata, of no topic.
fn alive(port: u16) -> Result<Vec<i32>, String> {
    const METADATA: [u8; 18] = [
        0, 0, 0, 14, // length of what follows
        0, 3, 0, 1, // request 3 (metadata), version 1
        0, 0, 0, 7, // its number
        0xff, 0xff, // no name of a client
        0, 0, 0, 0, // no topics
    ];
    let mut stream = connect(port)?;
    let failed = |e| format!("ask the broker on port {port}: {e}");
    stream.write_all(&METADATA).map_err(failed)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(failed)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).map_err(failed)?;
    nodes(&answer).ok_or_else(|| "its answer is too short".to_owned())
}

/// Node ids out of an answer: number, count, then of each node its id, host, port and rack.
fn nodes(answer: &[u8]) -> Option<Vec<i32>> {
    let mut rest = answer.get(4..)?;
    let count = i32::from_be_bytes(take(&mut rest)?);
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(i32::from_be_bytes(take(&mut rest)?));
        skip_text(&mut rest)?;
        take::<4>(&mut rest)?;
        skip_text(&mut rest)?;
    }
    Some(nodes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

/// Skips a string behind its length, which is -1 for none.
fn skip_text(rest: &mut &[u8]) -> Option<()> {
    let length = i16::from_be_bytes(take(rest)?);
    *rest = rest.get(usize::try_from(length).unwrap_or(0)..)?;
    Some(())
}
