//! Messages of a connection.

use proptest::prelude::*;

use super::INVITE;
use crate::sip::wire::{Message, Piece, Stream};

/// What a stream of these chunks gives, in words and lengths, and the bytes of what is given.
fn pieces<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(&'static str, Vec<u8>)> {
    let mut stream = Stream::default();
    let mut pieces = Vec::new();
    for chunk in chunks {
        stream.push(chunk);
        while let Some(piece) = stream.next() {
            pieces.push(match piece {
                Piece::Message(bytes) => ("message", bytes.to_vec()),
                Piece::Ping => ("ping", Vec::new()),
                Piece::Oversized(head) => ("oversized", head.to_vec()),
                Piece::Endless(head) => ("endless", head.to_vec()),
                Piece::Garbage(bytes) => ("garbage", bytes.to_vec()),
            });
        }
    }
    pieces
}

fn kinds(stream: &[u8]) -> Vec<&'static str> {
    pieces([stream]).into_iter().map(|(kind, _)| kind).collect()
}

fn with_length(length: &str) -> String {
    INVITE.replace("Content-Length: 5", length)
}

/// Two messages, one without a body, a large one, and pings in between.
fn mixture() -> Vec<u8> {
    let bare = with_length("X: y").replace("v=0\r\n", "");
    let large = with_length("l: 20000") + &"x".repeat(20_000 - 5);
    let of_unix = with_length("Content-Length: 4").replace("\r\n", "\n");
    [INVITE, &bare, "\r\n\r\n\r\n", &large, "\n\n", &of_unix].concat().into_bytes()
}

#[test]
fn every_split_gives_the_same_messages() {
    let stream = mixture();
    let whole = pieces([stream.as_slice()]);
    let kinds: Vec<_> = whole.iter().map(|&(kind, _)| kind).collect();
    assert_eq!(kinds, ["message", "message", "ping", "oversized", "ping", "message"]);
    assert!(whole.iter().all(|(kind, bytes)| *kind != "message" || Message::parse(bytes).is_ok()));
    assert_eq!(pieces(stream.chunks(1)), whole, "byte by byte");
    // Within the large body all splits are alike.
    let splits = (1..stream.len()).filter(|at| !(2000..19_000).contains(at));
    for at in splits {
        let (head, tail) = stream.split_at(at);
        assert_eq!(pieces([head, tail]), whole, "at {at}");
    }
}

#[test]
fn without_a_length_there_is_no_body() {
    let (kind, bytes) = pieces([with_length("X: y").as_bytes()]).swap_remove(0);
    assert_eq!(kind, "message");
    assert!(bytes.ends_with(b"X: y\r\n\r\n"));
}

#[test]
fn a_body_ends_where_its_length_says_and_not_before() {
    let mut stream = Stream::default();
    let message = with_length("Content-Length : \r\n 0007");
    stream.push(message.as_bytes());
    assert_eq!(stream.next(), None);
    stream.push(b"ab\r\n");
    let Some(Piece::Message(bytes)) = stream.next() else { panic!("a message") };
    assert!(bytes.ends_with(b"v=0\r\nab"));
    assert_eq!(stream.next(), None);
    assert!(stream.is_empty());
}

#[test]
fn a_message_may_have_16_kib_and_no_byte_more() {
    let head = with_length("Content-Length: 99999").len() - 5;
    let of = |body: usize| {
        let length = format!("Content-Length: {body:05}");
        with_length(&length).replace("v=0\r\n", &"x".repeat(body))
    };
    let most = Stream::MAX_BYTES - head;
    assert_eq!(kinds(of(most).as_bytes()), ["message"]);
    assert_eq!(kinds((of(most + 1) + INVITE).as_bytes()), ["oversized", "message"]);
    assert_eq!(kinds((of(65_535) + INVITE).as_bytes()), ["oversized", "message"]);
    assert_eq!(kinds((of(65_536) + INVITE).as_bytes()), ["endless"]);
    assert_eq!(kinds(with_length("Content-Length: 18446744073709551615").as_bytes()), ["endless"]);
}

#[test]
fn headers_without_an_end_are_the_end() {
    let endless = INVITE.replace("\r\n\r\n", "\r\n") + &"X: y\r\n".repeat(4000);
    assert_eq!(kinds(endless.as_bytes()), ["endless"]);
    assert_eq!(pieces(endless.as_bytes().chunks(7)), pieces([endless.as_bytes()]));
    assert_eq!(pieces([endless.as_bytes()])[0].1.len(), Stream::MAX_BYTES);
    let (just, over) = endless.as_bytes().split_at(Stream::MAX_BYTES - 1);
    assert_eq!((kinds(just).len(), pieces([just, over])[0].0), (0, "endless"));
}

#[test]
fn what_could_be_cut_in_two_ways_is_not_cut() {
    for length in [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nl: 0",
        "Content-Length: 5, 5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length:",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 5\r;",
        "Content-Length: 5\0",
        "X: y\rContent-Length: 0\r\nContent-Length: 5",
    ] {
        let stream = with_length(length) + INVITE;
        assert_eq!(kinds(stream.as_bytes()), ["garbage"], "{length}");
        let (_, head) = pieces([stream.as_bytes()]).swap_remove(0);
        let error = Message::parse(&head).unwrap_err();
        assert_eq!(error.reply.map(|reply| reply.status.code()), Some(400), "{length}");
    }
}

#[test]
fn another_protocol_is_known_by_its_first_line() {
    for stream in [
        b"GET / HTTP/1.1\r\n".as_slice(),
        b"\x16\x03\x01\x02\x00",
        b"{\"a\":1}",
        b" INVITE",
        b"PRI * HTTP/2.0\r\n",
    ] {
        assert_eq!(kinds(stream), ["garbage"], "{stream:?}");
    }
    for line in ["SIP/2.0 200 OK", "sip/7.0 1", "INVITE sip:a@b SIP/7.0", "INVITE  sip:a@b  sip/2.0 "] {
        assert_eq!(kinds(format!("{line}\r\n\r\n").as_bytes()), ["message"], "{line}");
    }
}

#[test]
fn behind_the_last_piece_nothing_is_kept() {
    let mut stream = Stream::default();
    stream.push(b"{}");
    assert!(stream.next().is_some_and(|piece| piece.is_last()));
    assert_eq!(stream.next(), None);
    stream.push(&[b'x'; 1000]);
    assert_eq!(stream.next(), None);
    assert!(stream.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_pieces_at_any_split(
        parts in proptest::collection::vec(part(), 0..8),
        cuts in proptest::collection::vec(1_usize..2000, 1..20),
    ) {
        let stream = parts.concat();
        let mut rest = stream.as_slice();
        let mut chunks = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        prop_assert_eq!(pieces(chunks), pieces([stream.as_slice()]));
    }
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[\\PC]{0,300}".prop_map(|body| {
            let length = format!("Content-Length: {}", body.len());
            with_length(&length).replace("v=0\r\n", &body).into_bytes()
        }),
        2 => "[\r\n]{0,6}".prop_map(String::into_bytes),
        1 => (0_usize..70_000).prop_map(|body| {
            (with_length(&format!("l: {body}")) + &"x".repeat(body)).into_bytes()
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ]
}
