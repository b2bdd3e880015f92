//! Over loopback.

use super::*;
use crate::net::{run, sleep_until};
use crate::{clock, net};
use core::future::poll_fn;
use nix::sys::socket::getsockopt;
use smol::LocalExecutor;
use smol::future::FutureExt;
use std::net::Ipv4Addr;

const OPTIONS: TcpOptions = TcpOptions { dscp: Some(26), queue: 64 * 1024 };
const LISTENER: usize = 0;
const BOX: usize = 1;
const PHONE: usize = 2;

/// A listener and who connects to it, in a crowd.
struct World {
    crowd: Crowd,
    listener: Listener,
    phone: Tcp,
}

impl World {
    fn new() -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), OPTIONS).unwrap();
        let phone = Tcp::connect(([127, 0, 0, 9], 5060).into(), listener.local_addr(), OPTIONS).unwrap();
        let crowd = Crowd::new().unwrap();
        crowd.add(&listener, LISTENER, false).unwrap();
        crowd.add(&phone, PHONE, true).unwrap();
        Self { crowd, listener, phone }
    }

    fn accept(&mut self) -> Tcp {
        self.ready(|ready| ready.key == LISTENER && ready.readable);
        let accepted = self.listener.accept().unwrap().unwrap();
        self.crowd.add(&accepted, BOX, false).unwrap();
        accepted
    }

    /// Waits until one is ready as wanted; fails after five seconds.
    fn ready(&self, is_wanted: impl Fn(&Ready) -> bool) -> Ready {
        let late = async {
            sleep_until(clock::now() + Duration::from_secs(5)).await;
            panic!("nothing is ready");
        };
        let ready = async {
            loop {
                let mut ready = Vec::new();
                poll_fn(|context| self.crowd.poll_ready(context, &mut ready)).await.unwrap();
                if let Some(&wanted) = ready.iter().find(|&ready| is_wanted(ready)) {
                    return wanted;
                }
            }
        };
        run(&LocalExecutor::new(), ready.or(late)).unwrap()
    }
}

#[test]
fn a_connection_carries_bytes_both_ways_and_knows_its_ends() {
    let mut world = World::new();
    world.phone.send(b"before it is open").unwrap();
    let mut accepted = world.accept();
    assert_eq!(accepted.local_addr(), world.listener.local_addr());
    assert_eq!(
        accepted.remote_addr().ip(),
        Ipv4Addr::new(127, 0, 0, 9),
        "the address of ours that was asked for"
    );
    world.ready(|ready| ready.key == PHONE && ready.writable);
    world.phone.on_writable().unwrap();
    assert!(!world.phone.wants_write());
    world.crowd.change(&world.phone, PHONE, false);
    world.ready(|ready| ready.key == BOX && ready.readable);
    let mut buffer = [0; 100];
    assert_eq!(accepted.read(&mut buffer).unwrap(), Some(17));
    assert_eq!(accepted.read(&mut buffer).unwrap(), None);
    accepted.send(b"back").unwrap();
    accepted.finish();
    world.ready(|ready| ready.key == PHONE && ready.readable);
    assert_eq!(world.phone.read(&mut buffer).unwrap(), Some(4));
    world.ready(|ready| ready.key == PHONE && ready.readable);
    assert_eq!(world.phone.read(&mut buffer).unwrap(), Some(0), "its end");
}

#[test]
fn what_the_kernel_does_not_take_is_queued_up_to_a_bound_and_goes_later() {
    let mut world = World::new();
    let mut accepted = world.accept();
    let chunk = [7; 4096];
    let mut sent = 0;
    let full = (0..100_000).find_map(|_| match accepted.send(&chunk) {
        Ok(()) => {
            sent += chunk.len();
            None
        }
        Err(error) => Some(error),
    });
    assert_eq!(full.map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    assert!(accepted.has_queued());
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    while read < sent {
        world.crowd.change(&accepted, BOX, accepted.wants_write());
        let ready = world.ready(|ready| ready.key == PHONE && ready.readable || ready.key == BOX);
        if ready.key == BOX {
            accepted.on_writable().unwrap();
        }
        read += world.phone.read(&mut buffer).unwrap().unwrap_or(0);
    }
    assert_eq!((read, accepted.has_queued()), (sent, false));
}

#[test]
fn a_peer_that_reads_and_never_all_does_not_make_the_queue_grow() {
    let mut world = World::new();
    let mut accepted = world.accept();
    // The kernel takes little at a time, so that something is always left.
    setsockopt(&accepted.socket, sockopt::SndBuf, &4096).unwrap();
    setsockopt(&world.phone.socket, sockopt::RcvBuf, &4096).unwrap();
    let (chunk, mut buffer) = ([7; 4096], [0; 4096]);
    let backlog = |accepted: &Tcp| accepted.queue.len() - accepted.taken;
    let mut read = 0;
    while read < 16 * OPTIONS.queue {
        while backlog(&accepted) < OPTIONS.queue / 2 {
            accepted.send(&chunk).unwrap();
        }
        while backlog(&accepted) >= OPTIONS.queue / 2 {
            read += world.phone.read(&mut buffer).unwrap().unwrap_or(0);
            accepted.on_writable().unwrap();
        }
        assert!(accepted.has_queued() && accepted.queue.len() <= OPTIONS.queue, "{}", accepted.queue.len());
    }
}

#[test]
fn what_came_before_a_reset_is_read() {
    let mut world = World::new();
    let mut accepted = world.accept();
    world.ready(|ready| ready.key == PHONE && ready.writable);
    world.phone.on_writable().unwrap();
    accepted.send(b"never read").unwrap();
    world.ready(|ready| ready.key == PHONE && ready.readable);
    world.phone.send(b"BYE").unwrap();
    // Closed with something unread in it, which the kernel says by a reset.
    world.phone = Tcp::connect(([127, 0, 0, 9], 5060).into(), world.listener.local_addr(), OPTIONS).unwrap();
    world.ready(|ready| ready.key == BOX && ready.writable);
    accepted.on_writable().unwrap();
    let mut buffer = [0; 10];
    assert_eq!(accepted.read(&mut buffer).unwrap(), Some(3));
    assert!(accepted.read(&mut buffer).is_err());
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    let mut world = World::new();
    let nobody = world.listener.local_addr();
    world.crowd.remove(&world.listener);
    world.listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), OPTIONS).unwrap();
    world.phone = match Tcp::connect(nobody, nobody, OPTIONS) {
        Ok(phone) => phone,
        Err(error) => return assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
    };
    world.crowd.add(&world.phone, PHONE, true).unwrap();
    world.ready(|ready| ready.key == PHONE && ready.writable);
    assert_eq!(world.phone.on_writable().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn options_reach_the_connection() {
    let mut world = World::new();
    let accepted = world.accept();
    for end in [&accepted, &world.phone] {
        assert!(getsockopt(end, sockopt::TcpNoDelay).unwrap());
        assert!(getsockopt(end, sockopt::KeepAlive).unwrap());
        assert_eq!(getsockopt(end, sockopt::TcpKeepIdle).unwrap(), KEEP_ALIVE_IDLE_S);
        assert_eq!(getsockopt(end, sockopt::TcpUserTimeout).unwrap(), 30_000);
        assert_eq!(getsockopt(end, sockopt::Ipv4Tos).unwrap(), 26 << 2);
    }
}

#[test]
fn both_families_listen_on_one_port_and_udp_beside_them() {
    let udp = net::Udp::bind("0.0.0.0:0".parse().unwrap(), net::UdpOptions::default()).unwrap();
    let port = udp.local_addr().port();
    let Ok(v4) = Listener::bind(udp.local_addr(), OPTIONS) else { return };
    assert_eq!(v4.local_addr().port(), port);
    let v6 = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, port));
    match Listener::bind(v6, OPTIONS) {
        Ok(v6) => assert_eq!(v6.local_addr().port(), port),
        Err(error) => assert_eq!(error.raw_os_error(), Some(Errno::EAFNOSUPPORT as i32)),
    }
    assert!(Listener::bind(v4.local_addr(), OPTIONS).is_err(), "taken");
}
