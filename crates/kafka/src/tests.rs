//! Addresses as people write them.
#![allow(clippy::unwrap_used)]

use crate::{AddressError, KafkaAddress};

fn parse(text: &str) -> Result<KafkaAddress, AddressError> {
    text.parse()
}

#[test]
fn what_is_read_is_written_again() {
    for (text, written) in [
        ("kafka://a/n", "kafka://a:9092/n"),
        ("kafka://a:1,b:2/n.x_y-z", "kafka://a:1,b:2/n.x_y-z"),
        ("kafka://[::1]:5/n", "kafka://[::1]:5/n"),
        ("kafka://[::1]/n", "kafka://[::1]:9092/n"),
        (
            "kafka://10.0.0.1/n?partitions=2&from=%2F1",
            "kafka://10.0.0.1:9092/n?partitions=2&from=%2F1",
        ),
    ] {
        let address = parse(text).unwrap();
        assert_eq!(address.to_string(), written);
        assert_eq!(parse(written).unwrap(), address);
    }
}

#[test]
fn what_is_no_address_is_refused_with_the_reason() {
    for (text, part) in [
        ("http://a/n", "does not begin with kafka://"),
        ("kafka://a", "not the name of a topic"),
        ("kafka://a/", "not the name of a topic"),
        ("kafka://a/b/c", "other letters"),
        ("kafka:///n", "names no broker"),
        ("kafka://a,/n", "is no host"),
        ("kafka://a:0/n", "the port of a is not a number"),
        ("kafka://a:99999/n", "the port of a is not a number"),
        ("kafka://::1/n", "IPv6 address in brackets"),
        ("kafka://a b/n", "is no host"),
        ("kafka://a/n?sasl.username=u", "built without"),
        ("kafka://a/n?security.protocol=SSL", "built without"),
        ("kafka://u:secret@a/n", "built without"),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let long = format!("kafka://a/{}", "n".repeat(250));
    assert!(parse(&long).unwrap_err().to_string().contains("longer"));
}

#[test]
fn keys_are_looked_at_by_those_who_know_them() {
    let address = parse("kafka://a/n?partitions=8&from=earliest").unwrap();
    assert_eq!(address.parsed::<u16>("partitions", "a number"), Ok(Some(8)));
    assert_eq!(address.parsed::<u16>("replication", "a number"), Ok(None));
    assert!(address.parsed::<u16>("from", "a number").is_err());
    assert!(address.only(&["partitions", "from"]).is_ok());
    let twice = parse("kafka://a/n?from=1&from=2").unwrap();
    assert!(twice.only(&["from"]).is_err());
    let said = address.only(&["partitions"]).unwrap_err().to_string();
    assert!(said.contains("from means nothing"), "{said}");
}

#[test]
fn the_client_gets_the_brokers() {
    let config = parse("kafka://a,b:2/n").unwrap().config();
    assert_eq!(config.get("bootstrap.servers"), Some("a:9092,b:2"));
}
