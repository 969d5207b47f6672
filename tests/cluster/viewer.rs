//! Somebody who has the page open: what is pushed, and when.

#![allow(unreachable_pub)]

use std::{
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::*;

/// A connection to the live stream of a serving process.
pub struct Viewer {
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    /// RSVPs as they were pushed last, and when they were others than before.
    rsvps: u64,
    changed: Option<Instant>,
    longest: Duration,
    went_back: bool,
    ended: bool,
}

impl Viewer {
    /// Opens the page of a process.
    pub fn of(process: &Process) -> Self {
        let mut stream = TcpStream::connect(process.address).unwrap();
        // The old protocol sends the events as they are, without chunks around them.
        let request = format!(
            "GET /api/v1/live HTTP/1.0\r\nHost: {}\r\n\r\n",
            process.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (lines, heard) = (BufReader::new(stream.try_clone().unwrap()), seen.clone());
        let reader = thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some(message) = line.strip_prefix("data: ") {
                    let message: Value = serde_json::from_str(message).unwrap();
                    heard.lock().unwrap().hear(&message);
                }
            }
            heard.lock().unwrap().ended = true;
        });
        Self {
            stream,
            seen,
            reader: Some(reader),
        }
    }

    /// The RSVPs that are shown.
    pub fn rsvps(&self) -> u64 {
        self.seen.lock().unwrap().rsvps
    }

    /// The longest time so far in which nothing changed, once there was something; and nothing went back or broke off.
    #[track_caller]
    pub fn longest_wait(&self) -> Duration {
        let seen = self.seen.lock().unwrap();
        assert!(!seen.went_back, "figures went back");
        assert!(!seen.ended, "the stream broke off");
        let changed = seen.changed.expect("figures were pushed");
        seen.longest.max(changed.elapsed())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

impl Seen {
    fn hear(&mut self, message: &Value) {
        let Some(rsvps) = message["totals"]["rsvps"].as_u64() else {
            return;
        };
        if rsvps == self.rsvps {
            return;
        }
        self.went_back |= rsvps < self.rsvps;
        self.rsvps = rsvps;
        let now = Instant::now();
        if let Some(before) = self.changed.replace(now) {
            self.longest = self.longest.max(now - before);
        }
    }
}
