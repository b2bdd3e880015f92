//! Over loopback, with time as an argument where it decides.

use super::*;
use crate::net::run;
use core::future::poll_fn;
use smol::LocalExecutor;
use smol::future::FutureExt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

const OPTIONS: TcpOptions = TcpOptions { dscp: None, queue: 64 * 1024 };
const MESSAGE: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 1\r\n\r\nx";

struct World {
    connections: Connections,
    address: SocketAddr,
}

impl World {
    fn new(capacity: usize) -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), OPTIONS).unwrap();
        let address = listener.local_addr();
        Self { connections: Connections::new(vec![listener], OPTIONS, capacity).unwrap(), address }
    }

    /// Who has connected, and been taken in.
    fn phone(&self) -> TcpStream {
        let phone = TcpStream::connect(self.address).unwrap();
        phone.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        assert!(matches!(self.next(), Input::Nothing));
        phone
    }

    /// The next input; fails after five seconds.
    fn next(&self) -> Input {
        let late = async {
            sleep_until(clock::now() + Duration::from_secs(5)).await;
            panic!("nothing comes");
        };
        run(&LocalExecutor::new(), poll_fn(|context| self.connections.poll_next(context)).or(late)).unwrap()
    }

    /// Who sent the next message.
    fn sender(&self) -> SocketAddr {
        loop {
            match self.next() {
                Input::Message { path, bytes } => {
                    assert_eq!(bytes, MESSAGE.as_bytes());
                    return path.remote;
                }
                Input::Nothing => {}
                _ => panic!("a message"),
            }
        }
    }

    fn tend(&self, after: Duration, far_ends: &[SocketAddr]) {
        self.connections.tend(clock::now() + after, far_ends.iter().copied());
    }
}

fn far(phone: &TcpStream) -> SocketAddr {
    phone.local_addr().unwrap()
}

fn is_closed(phone: &mut TcpStream) -> bool {
    phone.set_nonblocking(true).unwrap();
    !matches!(phone.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn who_delivers_hundreds_does_not_keep_others_waiting() {
    let world = World::new(4);
    let (mut busy, mut calm) = (world.phone(), world.phone());
    busy.write_all(MESSAGE.repeat(300).as_bytes()).unwrap();
    assert_eq!(world.sender(), far(&busy));
    calm.write_all(MESSAGE.as_bytes()).unwrap();
    let next: Vec<_> = (0..3).map(|_| world.sender()).collect();
    assert!(next.contains(&far(&calm)), "{next:?}");
    assert!((0..297).all(|_| world.sender() == far(&busy)));
}

#[test]
fn when_there_is_no_room_the_least_worth_gives_way_and_calls_stay() {
    let world = World::new(2);
    let (mut calling, mut silent) = (world.phone(), world.phone());
    world.tend(Duration::from_secs(20), &[far(&calling)]);
    let mut third = world.phone();
    assert_eq!((is_closed(&mut calling), is_closed(&mut silent)), (false, true));
    assert!(matches!(world.next(), Input::Broken { .. }));
    world.tend(Duration::from_secs(40), &[far(&calling), far(&third)]);
    let mut refused = world.phone();
    assert!(is_closed(&mut refused) && !is_closed(&mut calling) && !is_closed(&mut third));
}

#[test]
fn silence_ends_a_connection_unless_a_call_goes_by_it() {
    let world = World::new(8);
    let (mut silent, mut known, mut calling) = (world.phone(), world.phone(), world.phone());
    known.write_all(MESSAGE.as_bytes()).unwrap();
    world.sender();
    let path = Path::tcp(world.address, far(&known));
    world.connections.hear(clock::now(), path, Reception::Taken);
    world.tend(Duration::from_secs(32), &[far(&calling)]);
    assert!(is_closed(&mut silent) && !is_closed(&mut known) && !is_closed(&mut calling));
    world.tend(Duration::from_secs(310), &[far(&calling)]);
    assert!(is_closed(&mut known) && !is_closed(&mut calling));
}

#[test]
fn a_response_whose_connection_is_gone_opens_one_to_the_port_of_sent_by() {
    let world = World::new(4);
    let phone = world.phone();
    let sent_by = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let path = Path::tcp(world.address, sent_by.local_addr().unwrap());
    let transmit = Transmit { path: Path { flow: Some(far(&phone)), ..path }, bytes: b"first".to_vec() };
    world.connections.send(&transmit);
    let mut buffer = [0; 5];
    (&phone).read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"first");
    drop(phone);
    assert!(matches!(world.next(), Input::Broken { .. }));
    world.connections.send(&Transmit { bytes: b"again".to_vec(), ..transmit });
    let mut accepted = sent_by.accept().unwrap().0;
    // What was sent before it was open goes when the crowd says that it is.
    accepted.write_all(MESSAGE.as_bytes()).unwrap();
    assert_eq!(world.sender(), path.remote);
    accepted.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"again");
}

#[test]
fn a_peer_that_cannot_be_reached_is_told() {
    let world = World::new(4);
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    world.connections.send(&Transmit { path: Path::tcp(world.address, nobody), bytes: b"x".to_vec() });
    assert!(matches!(world.next(), Input::Broken { far } if far == nobody));
}

#[test]
fn who_is_turned_away_is_said_goodbye_to_and_that_is_told_unless_others_use_his_connection() {
    let world = World::new(3);
    let (mut stranger, mut calling) = (world.phone(), world.phone());
    world.tend(Duration::from_secs(2), &[far(&calling)]);
    for phone in [&stranger, &calling] {
        world.connections.hear(clock::now(), Path::tcp(world.address, far(phone)), Reception::TurnedAway);
    }
    assert!(matches!(world.next(), Input::Broken { far: told } if told == far(&stranger)));
    assert!(is_closed(&mut stranger));
    calling.write_all(MESSAGE.as_bytes()).unwrap();
    assert_eq!(world.sender(), far(&calling));
}
