//! Addresses as people write them.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use crate::{Address, AddressError, listen};

const FORM: &str = "xx://HOST:PORT/NAME";

fn parse(text: &str) -> Result<Address, AddressError> {
    Address::parse(text, FORM)
}

fn pieces(text: &str) -> (String, String, String) {
    let address = parse(text).unwrap();
    let login = address.login().map_or(String::new(), |login| {
        let password = login.password.as_ref();
        format!(
            "{}:{}",
            login.user.expose(),
            password.map_or("", |p| p.expose())
        )
    });
    let address = address.clone().with_default_port(1);
    let hosts: Vec<String> = address.hosts().iter().map(ToString::to_string).collect();
    (login, hosts.join(" "), address.path().unwrap())
}

#[test]
fn an_address_is_taken_apart() {
    for (text, login, hosts, path) in [
        ("xx://a", "", "a:1", ""),
        ("XX://a:2,b/n", "", "a:2 b:1", "/n"),
        ("xx://[::1]:5,[::2]/n", "", "[::1]:5 [::2]:1", "/n"),
        ("xx://u@a/n", "u:", "a:1", "/n"),
        ("xx://u:p%40s+w@a/n", "u:p@s+w", "a:1", "/n"),
        ("xx://u:p/q@a/n", "u:p/q", "a:1", "/n"),
        ("xx://u:p@q@a:7/n", "u:p@q", "a:7", "/n"),
        ("http://a:7/who@where", "", "a:7", "/who@where"),
        ("file:a%20b c", "", "", "a b c"),
        ("file:///100%/x%zz", "", "", "/100%/x%zz"),
        ("file:me@home?x?", "", "", "me@home?x"),
        ("xx:", "", "", ""),
    ] {
        let expected = (login.to_owned(), hosts.to_owned(), path.to_owned());
        assert_eq!(pieces(text), expected, "{text}");
    }
    let address = parse("xx://a/n?k=1%202&l&m=").unwrap();
    assert_eq!(address.param("k"), Some("1 2"));
    assert_eq!((address.param("l"), address.param("n")), (Some(""), None));
}

#[test]
fn what_is_wrong_is_said_with_where_and_what_to_write() {
    for (text, says) in [
        ("", "the address: an address begins with its scheme"),
        ("a.ndjson", "a.ndjson: an address begins with its scheme"),
        ("c:\\x", "c:\\x: an address begins with its scheme"),
        ("xx://a b/n", "\"a b\" is no host"),
        ("xx://a,/n", "\"\" is no host"),
        ("xx://a:0/n", "the port of a is not a number"),
        ("xx://a:99999", "xx://a:99999: the port of a"),
        ("xx://::1/n", "is no host"),
        ("xx://1::1/n", "in brackets"),
        ("xx:/u:p@a/n", "@ where no login ends"),
        ("xx://u:p@/n", "no host after the login"),
        ("xx://a/n?p@b=1", "@ where no login ends"),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.contains(says), "{text}: {said}");
        assert!(said.contains("; write xx://HOST:PORT/NAME"), "{said}");
    }
    let said = parse("xx:%ff%fe").unwrap().path().unwrap_err().to_string();
    assert!(said.contains("not UTF-8"), "{said}");
    assert!(parse("file:a%00b").unwrap().path().is_err());
}

#[test]
fn parameters_are_known_or_refused() {
    let address = parse("xx://a?n=8&s=true&u=http://127.0.0.1:1").unwrap();
    assert!(address.only(&["n", "s", "u"]).is_ok());
    assert_eq!(address.parsed("n", "a number"), Ok(Some(8_u16)));
    assert_eq!(address.parsed::<u16>("m", "a number"), Ok(None));
    assert_eq!(address.switch("s"), Ok(Some(true)));
    assert_eq!(address.server("u").unwrap().unwrap().port(), Some(1));
    let said = address.only(&["n", "s"]).unwrap_err().to_string();
    assert_eq!(
        said,
        "xx://a?n=***&s=***&u=***: u means nothing in this address; it takes n, s"
    );
    let said = address.switch("n").unwrap_err().to_string();
    assert_eq!(
        said,
        "xx://a?n=***&s=***&u=***: n=8 is not possible; give true or false"
    );
    let twice = parse("xx://a?n=8&n=9").unwrap().only(&["n"]).unwrap_err();
    assert!(twice.to_string().contains("n= is given twice"), "{twice}");
    for (server, says) in [
        ("127.0.0.1", "not a URL"),
        ("ftp://h", "neither with https"),
        ("http://u:p%40h", "neither credentials nor"),
        ("http://h?a=b", "neither credentials nor"),
    ] {
        let address = parse(&format!("xx://a?u={server}")).unwrap();
        let said = address.server("u").unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn values_are_shown_when_they_are_declared_harmless() {
    let address = parse("xx://u:p@A:1/n%20m?from=a%2Fb&key=secret&flag").unwrap();
    assert_eq!(
        address.to_string(),
        "xx://***@A:1/n%20m?from=***&key=***&flag"
    );
    let shown = address.showing(&["from"]);
    assert_eq!(
        format!("{shown:?}"),
        "xx://***@A:1/n%20m?from=a%2Fb&key=***&flag"
    );
    assert_eq!(
        shown.keeping(|key| key == "flag").to_string(),
        "xx://***@A:1/n%20m?flag"
    );
}

/// Everything an address or its refusal can say.
fn everything_said(text: &str) -> String {
    match parse(text) {
        Err(error) => format!("{error} {error:?}"),
        Ok(address) => {
            let mut said = format!("{address} {address:?} {:?}", address.login());
            for error in [
                address.only(&["known"]).err(),
                Some(address.refuse("it is none")),
                address.parsed::<u8>("known", "a number").err(),
            ] {
                said.extend(error.map(|error| format!(" {error} {error:?}")));
            }
            said
        }
    }
}

#[test]
fn a_secret_never_shows() {
    for text in [
        "xx://joe:hunter2@a/n",
        "xx://:hunter2@a/n",
        "xx://hunter2@a/n",
        "xx://joe:hunter2@a:y/n",
        "xx://joe:hunter2/n",
        "xx://joe:hunter2",
        "xx://joe:hun/hunter2@a/n",
        "xx://joe:1/hunter2@a",
        "xx://joe:x?hunter2@a/n",
        "xx://joe:1?hunter2@a/n",
        "xx://joe:1?k=hunter2@a/n",
        "xx://joe:x?k=hunter2@a/n",
        "xx:/joe:hunter2@a/n",
        "xx:joe:hunter2@a/n",
        "joe:hunter2@a/n",
        "xx://a/n?token=hunter2",
        "xx://a/n?known=1&token=hunter2",
        "xx://a/n?known=hunter2@b",
        "xx://joe:hunter2@a b/n",
        "xx://a/n?hunter2@b",
    ] {
        let said = everything_said(text);
        assert!(!said.contains("hunter2"), "{text}: {said}");
    }
    let url = parse("xx://a?u=http://joe:hunter2%40b").unwrap();
    let url = url.showing(&["u"]);
    let said = format!("{url} {}", url.server("u").unwrap_err());
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn where_to_listen() {
    for (text, address) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        (":8080", "127.0.0.1:8080"),
        ("localhost:0", "127.0.0.1:0"),
        ("[::]:80", "[::]:80"),
    ] {
        assert_eq!(listen(text).unwrap().to_string(), address);
    }
    for (text, says) in [
        ("8080", "write :8080"),
        ("127.0.0.1", "write 127.0.0.1:8080"),
        ("::1", "write [::1]:8080"),
        ("[::1]", "write [::1]:8080"),
        ("*:80", "write 0.0.0.0:80 for all"),
        ("http://localhost:80", "no scheme"),
        ("localhost:http", "not a number up to 65535"),
        ("localhost:70000", "not a number up to 65535"),
        ("myhost:80", "an IP address of this machine and a port"),
        ("localhost", "an IP address of this machine and a port"),
        ("", "an IP address of this machine and a port"),
    ] {
        let said = listen(text).unwrap_err().to_string();
        assert!(said.contains(says), "{text}: {said}");
    }
}

proptest! {
    /// Whatever is typed before the @, escaped or not: nothing of it is ever said.
    #[test]
    fn no_password_shows(head in "[a-z:/?@,%.#&=+ ]{0,6}", tail in "[a-z:/?@,%.#&=+ ]{0,6}", host in "[a-z]{1,5}") {
        let said = everything_said(&format!("xx://joe:{head}S3CRET{tail}@{host}/n?known=1"));
        prop_assert!(!said.contains("S3CRET"), "{}", said);
    }

    /// Nothing that is typed makes it panic, and what can be parsed prints as something that parses to the same place.
    #[test]
    fn any_text_is_an_address_or_refused(text in "(xx|file|sim)?:?(//)?.{0,30}") {
        if let Ok(address) = parse(&text) {
            let again = parse(&address.to_string());
            if let Ok(again) = again {
                prop_assert_eq!(again.hosts(), address.hosts());
            }
        }
    }
}
