#![allow(clippy::unwrap_used)]

use std::io::Write as _;

use flate2::{Compression, GzBuilder, write::ZlibEncoder};
use proptest::prelude::*;

use super::*;

fn gzip(content: &[u8]) -> Vec<u8> {
    let head = GzBuilder::new()
        .filename("a name")
        .comment("a comment")
        .extra([1, 2, 3]);
    let mut encoder = head.write(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

/// What came out of chunks of these sizes, and whether the content may end there.
fn unpacked(body: &[u8], sizes: &[usize]) -> io::Result<(Vec<u8>, bool)> {
    let mut unpacker = BodyUnpacker::new(DeclaredPacking::ByMagic);
    let mut content = Vec::new();
    let mut rest = body;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        unpacker.push(Bytes::copy_from_slice(chunk));
        while let Some(bytes) = unpacker.next()? {
            assert!(bytes.len() <= STEP_BYTES);
            content.extend_from_slice(bytes);
        }
    }
    unpacker.finish();
    while let Some(bytes) = unpacker.next()? {
        content.extend_from_slice(bytes);
    }
    Ok((content, unpacker.is_whole()))
}

#[test]
fn an_end_that_is_missing_is_noticed_wherever_it_is() {
    let content: String = (0..300).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let content = content.as_bytes();
    let (first, second) = content.split_at(1000);
    for (kind, parts) in [
        ("gzip", [gzip(first), gzip(second)]),
        ("zstd", [zstd(first), zstd(second)]),
        ("zlib", [zlib(content), Vec::new()]),
    ] {
        let body = parts.concat();
        for length in 0..=body.len() {
            // A packing of which less came than tells what it is, is a text that is no value.
            let may_end = length < MAGIC_BYTES || length == parts[0].len() || length == body.len();
            let (_, whole) = unpacked(&body[..length], &[7]).unwrap();
            assert_eq!(whole, may_end, "{kind}, {length} of {} bytes", body.len());
        }
    }
}

#[test]
fn what_is_damaged_or_followed_by_something_else_is_an_error() {
    let content = vec![b'x'; 5000];
    let mut checksum = gzip(&content);
    let at = checksum.len() - 6;
    checksum[at] ^= 1;
    for body in [
        checksum,
        [gzip(&content), b"{\"a\":1}".to_vec()].concat(),
        [zlib(&content), b"{\"a\":1}".to_vec()].concat(),
        [zstd(&content), b"{\"a\":1}".to_vec()].concat(),
        [&[0x1f, 0x8b, 8, 8][..], &[b'n'; GZIP_HEAD_MAX + 10]].concat(),
    ] {
        assert!(
            unpacked(&body, &[1000]).is_err(),
            "{}",
            body[..8].escape_ascii()
        );
    }
}

#[test]
fn very_much_from_a_little_comes_in_bounded_steps() {
    let content = vec![0; 10 << 20];
    for body in [gzip(&content), zlib(&content), zstd(&content)] {
        assert_eq!(
            unpacked(&body, &[usize::MAX]).unwrap(),
            (content.clone(), true)
        );
    }
}

/// A piece of a body may be longer than a head ever is.
#[test]
fn a_long_piece_that_begins_with_a_head_is_unpacked() {
    let mut random = 1_u64;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 56) as u8
    })
    .take(2 * GZIP_HEAD_MAX)
    .collect();
    let body = gzip(&content);
    assert!(body.len() > GZIP_HEAD_MAX, "it does not shrink");
    assert_eq!(unpacked(&body, &[usize::MAX]).unwrap(), (content, true));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(
        content in prop::collection::vec(any::<u8>(), 0..3000),
        sizes in prop::collection::vec(1usize..200, 1..10),
        cut in 0usize..3000,
        zeros in 0usize..20,
    ) {
        let (first, second) = content.split_at(cut.min(content.len()));
        for body in [
            [gzip(first), gzip(second), vec![0; zeros]].concat(),
            zlib(&content),
            [zstd(first), zstd(second)].concat(),
        ] {
            prop_assert_eq!(unpacked(&body, &sizes).unwrap(), (content.clone(), true));
        }
        let text = [b"{".to_vec(), content].concat();
        prop_assert_eq!(unpacked(&text, &sizes).unwrap(), (text, true));
    }

    #[test]
    fn any_bytes_at_all(
        body in prop::collection::vec(any::<u8>(), 0..300),
        kind in 0usize..4,
        sizes in prop::collection::vec(1usize..20, 1..10),
    ) {
        let magic: [&[u8]; 4] = [&[0x1f, 0x8b, 8, 0], &[0x78, 0x9c], &[0x28, 0xb5, 0x2f, 0xfd], b""];
        let _ = unpacked(&[magic[kind], &body].concat(), &sizes);
    }
}
