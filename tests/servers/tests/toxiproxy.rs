//! Toxiproxy cuts, silences and restores what goes through it.
#![allow(clippy::unwrap_used)]

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use headcount_test_servers::Toxiproxy;

/// Sends back one byte for each.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn answer(stream: &mut TcpStream) -> std::io::Result<u8> {
    let limit = Duration::from_millis(500);
    stream.set_read_timeout(Some(limit)).unwrap();
    stream.write_all(b"x")?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[test]
fn a_network_is_cut_and_restored() {
    let toxiproxy = Toxiproxy::start();
    let proxy = toxiproxy.proxy(&echo());
    let connect = || TcpStream::connect(proxy.listen());
    let mut stream = connect().unwrap();
    assert_eq!(answer(&mut stream).unwrap(), b'x');

    proxy.cut();
    assert!(answer(&mut stream).is_err());
    assert!(connect().is_err());

    proxy.restore();
    proxy.silence();
    let mut stream = connect().unwrap();
    let silent = answer(&mut stream).unwrap_err().kind();
    assert_eq!(silent, ErrorKind::WouldBlock);

    proxy.restore();
    proxy.latency(100);
    proxy.latency(10);
    assert_eq!(answer(&mut connect().unwrap()).unwrap(), b'x');
    proxy.restore();

    proxy.hold();
    let mut held = connect().unwrap();
    let late = answer(&mut held).unwrap_err().kind();
    assert_eq!(late, ErrorKind::WouldBlock);
    proxy.restore();
    // What was held back is answered first.
    held.write_all(b"y").unwrap();
    let mut both = [0; 2];
    held.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    held.read_exact(&mut both).unwrap();
    assert_eq!(&both, b"xy");

    toxiproxy.pause();
    let mut stream = connect().unwrap();
    assert!(answer(&mut stream).is_err());
    toxiproxy.resume();
    toxiproxy.kill();
    assert!(connect().is_err());
    toxiproxy.restart();
    let proxy = toxiproxy.proxy(&echo());
    assert_eq!(
        answer(&mut TcpStream::connect(proxy.listen()).unwrap()).unwrap(),
        b'x'
    );
}
