//! Asks name servers over UDP.

use core::time::Duration;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use smol::future::FutureExt;

use super::{Udp, UdpOptions, sleep_until};
use crate::clock;
use crate::dns::{self, Answer, Target};

/// The servers of `name` (`_sip._udp.pbx.example`), as the first of `name_servers` says that can tell; `None` when none of
/// them can. `seed` is any number that nobody can guess, `lot` decides among servers that are wanted alike. Takes at most
/// [`PATIENCE`] twice for each.
pub async fn srv(name: &str, name_servers: &[SocketAddr], (seed, lot): (u64, u64)) -> Option<Vec<Target>> {
    for round in 1..=ROUNDS {
        for (number, &server) in (0_u64..).zip(name_servers) {
            // What is not answered is asked again by another number.
            let seed = seed.rotate_left(16 * round) ^ number;
            if let Ok(Answer::Servers(targets)) = ask(name, server, (seed, lot)).await {
                return Some(targets);
            }
        }
    }
    None
}

async fn ask(name: &str, server: SocketAddr, (seed, lot): (u64, u64)) -> io::Result<Answer> {
    let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = Udp::bind(SocketAddr::new(any, 0), UdpOptions::default()).map_err(io::Error::other)?;
    #[expect(clippy::cast_possible_truncation, reason = "any sixteen bits will do")]
    let id = seed as u16;
    let question = dns::question(id, name).ok_or(io::ErrorKind::InvalidInput)?;
    socket.send(&question, socket.local_addr(), server)?;
    let until = clock::now() + PATIENCE;
    let late = async {
        sleep_until(until).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    let answered = async {
        let mut buffer = [0; MAX_ANSWER];
        loop {
            let datagram = socket.recv(&mut buffer).await?;
            let bytes = &buffer[..datagram.len];
            match dns::answer(id, name, lot, bytes) {
                _ if datagram.remote != server => {}
                Answer::Other => {}
                answer => return Ok(answer),
            }
        }
    };
    answered.or(late).await
}

/// How long an answer is waited for.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// How often each name server is asked.
const ROUNDS: u32 = 2;
/// What fits without asking for more (RFC 1035 §4.2.1), and room for those who send more all the same.
const MAX_ANSWER: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::run;
    use smol::LocalExecutor;

    const NAME: &str = "_sip._udp.pbx.example";

    /// A name server that answers with these bytes behind the number of the question, and what was made of it.
    fn ask_one(reply: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<Target>> {
        let server = Udp::bind("127.0.0.1:0".parse().unwrap(), UdpOptions::default()).unwrap();
        let address = server.local_addr();
        let serve = async {
            let mut buffer = [0; 512];
            loop {
                let datagram = server.recv(&mut buffer).await.unwrap();
                let bytes = reply(&buffer[..datagram.len]);
                server.send(&bytes, address, datagram.remote).unwrap();
            }
        };
        run(&LocalExecutor::new(), srv(NAME, &[address], (77, 1)).or(serve)).unwrap()
    }

    /// The question turned into an answer with one record: priority 1, weight 2, port 5070, target `a`.
    fn answered(question: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[7] = 1;
        bytes.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 9, 0, 1, 0, 2, 0x13, 0xce, 1, b'a', 0]);
        bytes
    }

    #[test]
    fn a_name_server_tells_the_servers_of_a_domain() {
        assert_eq!(ask_one(answered), Some(vec![Target { host: "a".to_owned(), port: 5070 }]));
    }

    #[test]
    fn a_name_server_that_refuses_is_asked_twice_and_then_given_up() {
        let asked = core::cell::Cell::new(0);
        let found = ask_one(|question| {
            asked.set(asked.get() + 1);
            let mut bytes = answered(question);
            bytes[3] |= 5;
            bytes
        });
        assert_eq!((found, asked.get()), (None, 2));
    }

    #[test]
    fn without_name_servers_nobody_is_asked() {
        assert_eq!(smol::block_on(srv(NAME, &[], (1, 1))), None);
    }
}
