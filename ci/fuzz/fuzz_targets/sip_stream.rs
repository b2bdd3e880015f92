//! Any bytes of a connection, in any split: the pieces are the same as of the whole, none is longer than a message may
//! be, and a message is read to the end of its body.
//!
//! The input is a list of records: one byte of length, so many bytes, which come together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::sip::wire::{Message, Piece, Stream};

fuzz_target!(|input: &[u8]| {
    let mut chunks = Vec::new();
    let mut rest = input;
    while let [len, tail @ ..] = rest {
        let (chunk, tail) = tail.split_at(usize::from(*len).min(tail.len()));
        chunks.push(chunk);
        rest = tail;
    }
    let whole = chunks.concat();
    assert_eq!(pieces(&chunks), pieces(&[&whole]));
});

fn pieces(chunks: &[&[u8]]) -> Vec<(u8, Vec<u8>)> {
    let mut stream = Stream::default();
    let mut pieces = Vec::new();
    for chunk in chunks {
        stream.push(chunk);
        while let Some(piece) = stream.next() {
            let is_last = piece.is_last();
            pieces.push(copy(piece));
            if is_last {
                assert!(stream.next().is_none());
            }
        }
    }
    pieces
}

fn copy(piece: Piece<'_>) -> (u8, Vec<u8>) {
    let (kind, bytes) = match piece {
        Piece::Message(bytes) => (0, bytes),
        Piece::Ping => (1, &b""[..]),
        Piece::Oversized(head) => (2, head),
        Piece::Endless(head) => (3, head),
        Piece::Garbage(bytes) => (4, bytes),
    };
    assert!(bytes.len() <= Stream::MAX_BYTES);
    if kind == 0 {
        check_length(bytes);
    } else if kind > 1 {
        assert!(Message::parse(bytes).is_err());
    }
    (kind, bytes.to_vec())
}

/// Where framing and reading disagree on a length, a message could be hidden in the body of another.
fn check_length(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else { return };
    assert!(bytes.ends_with(message.body()));
    let head = bytes.len() - message.body().len();
    assert!(bytes[..head].ends_with(b"\n\n") || bytes[..head].ends_with(b"\n\r\n"));
}
