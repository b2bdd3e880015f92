//! Any datagram: reading it does not panic, and what reads as a message reads the same once it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::sip::wire::{Message, WriteError};

fuzz_target!(|datagram: &[u8]| {
    let message = match Message::parse(datagram) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.position <= datagram.len());
            check_reply(error);
            return;
        }
    };
    match message.to_bytes() {
        Ok(written) => assert_eq!(Message::parse(&written).as_ref(), Ok(&message)),
        // Full names, and UTF-8 in place of Latin-1, can make a message outgrow a datagram.
        Err(error) => assert_eq!(error, WriteError::TooLarge),
    }
});

/// The answer to what is no message is a message, unless it copies what makes it none.
fn check_reply(error: pagingbox::sip::wire::ParseError) {
    let Some(reply) = error.reply else { return };
    match reply.to_bytes("tag") {
        Ok(written) => assert!(written.starts_with(b"SIP/2.0 ") && written.ends_with(b"\r\n\r\n")),
        Err(error) => assert_eq!(error, WriteError::TooLarge),
    }
}
