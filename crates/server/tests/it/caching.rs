//! ETag, 304, compression, and one answer per commit.

use std::io::Read;

use crate::{
    client::{Connection, Reply, ask, get},
    world::{World, venue},
};

fn unzip(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.header("content-encoding"), "gzip");
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&reply.body[..])
        .read_to_end(&mut body)
        .unwrap();
    body
}

#[tokio::test]
async fn data_is_asked_again_and_not_sent_again() {
    let world = World::new().await;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    for path in ["/api/data", "/api/top_venues", "/api/v1/summary", "/"] {
        let mut connection = Connection::open(world.address).await;
        let first = connection.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag}");
        assert_eq!(first.header("cache-control"), "no-cache");

        let known = connection
            .ask("GET", path, &format!("if-none-match: W/{tag}\r\n"))
            .await;
        assert_eq!((known.status, known.header("etag")), (304, &*tag), "{path}");
        assert_eq!(known.header("cache-control"), "no-cache");
        let other = connection
            .ask("GET", path, "if-none-match: \"x\"\r\n")
            .await;
        assert_eq!((other.status, other.body), (200, first.body), "{path}");
    }
}

#[tokio::test]
async fn a_tag_changes_with_the_content_and_only_with_it() {
    let world = World::new().await;
    let at = world.address;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    let first = get(at, "/api/data").await;
    world.count("us", 1);
    let same = get(at, "/api/data").await;
    assert_eq!(
        same.header("etag"),
        first.header("etag"),
        "a commit elsewhere"
    );
    world.change(|figures| figures.venues = vec![venue("a", 2)]);
    let known = format!("if-none-match: {}\r\n", first.header("etag"));
    let changed = ask(at, "GET", "/api/data", &known).await;
    assert_eq!(
        (changed.status, changed.json()[0]["count"].as_u64()),
        (200, Some(2))
    );
}

#[tokio::test]
async fn compressed_for_those_who_can_read_it() {
    let world = World::new().await;
    world.change(|figures| {
        figures.venues = (0..2_000)
            .map(|n| venue(&format!("venue {n}"), 9))
            .collect()
    });
    let mut connection = Connection::open(world.address).await;
    for path in ["/api/data", "/api/top_venues"] {
        let plain = connection.get(path).await;
        let zipped = connection
            .ask("GET", path, "accept-encoding: br, gzip;q=0.9\r\n")
            .await;
        assert_eq!(
            (plain.header("vary"), zipped.header("vary")),
            ("accept-encoding", "accept-encoding")
        );
        assert_eq!(zipped.header("content-type"), plain.header("content-type"));
        assert_ne!(zipped.header("etag"), plain.header("etag"));
        assert!(zipped.body.len() * 4 < plain.body.len());
        assert_eq!(unzip(&zipped), plain.body);
        let refused = connection
            .ask("GET", path, "accept-encoding: gzip;q=0\r\n")
            .await;
        assert_eq!(refused.body, plain.body);
        let known = format!(
            "accept-encoding: gzip\r\nif-none-match: {}\r\n",
            zipped.header("etag")
        );
        assert_eq!(connection.ask("GET", path, &known).await.status, 304);
        let head = connection
            .ask("HEAD", path, "accept-encoding: gzip\r\n")
            .await;
        assert_eq!(head.header("content-length"), zipped.body.len().to_string());
    }
}

/// Whatever page is built in: all it refers to is there, and what is named by its content is kept.
#[tokio::test]
async fn the_page_is_whole() {
    let world = World::new().await;
    let mut connection = Connection::open(world.address).await;
    let page = connection.get("/").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(page.body, connection.get("/index.html").await.body);
    let text = page.text();
    let head = text.split_once("<body>").map_or(text, |(head, _)| head);
    let parts = head
        .split(['=', '>', ' '])
        .filter_map(|part| part.strip_prefix('"')?.strip_suffix('"'));
    let mut files = 0;
    for path in parts.filter(|path| path.contains('.') && !path.contains(',')) {
        files += 1;
        // Relative, so that a proxy may serve the page under a path of its own.
        assert!(!path.starts_with('/'), "{path}");
        let path = &format!("/{}", path.trim_start_matches("./"));
        let file = connection
            .ask("GET", path, "accept-encoding: gzip\r\n")
            .await;
        assert_eq!(file.status, 200, "{path}");
        let kept = file.header("cache-control") == "public, max-age=31536000, immutable";
        assert_eq!(kept, path.starts_with("/assets/"), "{path}");
        let known = format!("if-none-match: {}\r\n", file.header("etag"));
        let known = connection.ask("GET", path, &known).await;
        assert_eq!(
            (known.status, known.header("cache-control")),
            (304, file.header("cache-control"))
        );
        assert_eq!(connection.ask("POST", path, "").await.status, 405);
    }
    assert_ne!(files, 0, "{head}");
}
