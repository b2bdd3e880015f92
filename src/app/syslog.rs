//! Lines of the log on their way to a syslog collector.
//!
//! ```text
//! any thread ── line ──> queue of QUEUE_LINES ──> syslog thread: Courier ──> TransportSender
//!                 └ full: counted, and told as soon as lines arrive again
//! ```
//! Whoever logs never waits. While the collector is away the queue keeps the oldest lines, and what comes after them is
//! lost; the way is opened again after 1 s, 2 s, … 60 s, the name looked up each time. Lines on standard error know
//! nothing of all this. The thread is started with the first collector.

use crate::clock;
use crate::config::Collector;
use crate::net::TransportSender;
use crate::syslog::{Message, Origin, Severity, octet_counted};
use crate::time::Instant;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvError, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// What is known of the collector outside of its thread.
#[derive(Debug, Default)]
pub(super) struct Syslog {
    ends: OnceLock<Ends>,
    is_on: AtomicBool,
    /// Lines that are not yet sent.
    waiting: AtomicUsize,
    /// Lines of which nobody has been told.
    lost: AtomicU64,
}

/// The ends of the thread's queues at which others stand.
#[derive(Debug)]
struct Ends {
    lines: SyncSender<Line>,
    orders: Sender<Order>,
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// How bad it is.
    pub(super) severity: Severity,
    /// When it was, by the wall clock.
    pub(super) at: Duration,
    /// The part of the program.
    pub(super) part: String,
    /// What happened.
    pub(super) text: String,
}

impl Line {
    /// One that is never sent.
    const fn waking() -> Self {
        Self { severity: Severity::Debug, at: Duration::ZERO, part: String::new(), text: String::new() }
    }
}

impl Syslog {
    /// Sends lines to `collector` from now on.
    ///
    /// # Errors
    /// When the machine refuses the thread.
    pub(super) fn configure(&'static self, collector: Option<&Collector>) -> io::Result<()> {
        if self.ends.get().is_none() && collector.is_some() {
            let ((lines, next_line), (orders, next_order)) = (sync_channel(QUEUE_LINES), channel());
            // It is not waited for at the end: it may be stuck with a collector that does not read.
            let thread = thread::Builder::new().name("syslog".to_owned()).stack_size(STACK);
            thread.spawn(move || self.run(&next_line, &next_order))?;
            // Only one thread configures.
            let _ = self.ends.set(Ends { lines, orders });
        }
        if let Some(ends) = self.ends.get() {
            // The thread lives as long as the program.
            let _ = ends.orders.send(collector.cloned().map_or(Order::Stop, Order::SendTo));
        }
        if collector.is_none() {
            // Whoever waits for a line hears no order.
            self.put(Line::waking);
        }
        self.is_on.store(collector.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Sends the line that `make` makes, if there is a collector.
    pub(super) fn put(&self, make: impl FnOnce() -> Line) {
        let Some(ends) = self.ends.get().filter(|_| self.is_on.load(Ordering::Relaxed)) else { return };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if ends.lines.try_send(make()).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether all lines are sent, or will not be.
    pub(super) fn is_done(&self) -> bool {
        !self.is_on.load(Ordering::Relaxed) || self.waiting.load(Ordering::Relaxed) == 0
    }

    /// A line that is more than a call to wake up.
    fn real(&self, line: Line) -> Option<Line> {
        if line.text.is_empty() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(line)
    }

    /// Nobody wants what was to be sent.
    fn forget(&self, line: Option<Line>, lines: &Receiver<Line>) {
        let unsent = line.into_iter().chain(lines.try_iter()).count();
        self.waiting.fetch_sub(unsent, Ordering::Relaxed);
    }

    fn run(&self, lines: &Receiver<Line>, orders: &Receiver<Order>) -> Result<(), RecvError> {
        let (mut courier, mut line): (Option<Courier<TransportSender>>, _) = (None, None);
        loop {
            let (now, had_line) = (clock::now(), line.is_some());
            let awaits = courier.as_mut().map(|courier| courier.poll(now, &mut line, &self.lost));
            if had_line && line.is_none() {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            let order = match awaits {
                None => Some(orders.recv()?),
                Some(Awaits::Time(wait)) => orders.recv_timeout(wait).ok(),
                Some(Awaits::Line) => {
                    line = self.real(lines.recv()?);
                    None
                }
            };
            match orders.try_iter().last().or(order) {
                Some(Order::SendTo(to)) if courier.as_ref().is_some_and(|courier| courier.goes_to(&to)) => {}
                Some(Order::SendTo(collector)) => courier = Some(Courier::to(&collector)),
                Some(Order::Stop) => {
                    courier = None;
                    self.forget(line.take(), lines);
                }
                None => {}
            }
        }
    }
}

/// What the thread is told.
#[derive(Debug)]
enum Order {
    SendTo(Collector),
    Stop,
}

/// Brings lines to one collector, and tells when it is away and when it is back.
struct Courier<W> {
    wire: W,
    /// The collector, for people.
    label: String,
    origin: Origin,
    is_tcp: bool,
    is_open: bool,
    standing: Standing,
    /// Failures in a row.
    failures: u32,
    /// How often this line has failed.
    tries: u32,
    failed_at: Instant,
    told_lost_at: Option<Instant>,
}

/// What the log has been told of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing, and nothing was sent.
    New,
    Good,
    Away,
}

/// What a courier waits for.
#[derive(Debug, PartialEq, Eq)]
enum Awaits {
    Line,
    Time(Duration),
}

/// How messages go to a collector.
trait Wire {
    fn open(&mut self) -> io::Result<()>;
    /// After a failure it has to be opened anew.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Wire for TransportSender {
    fn open(&mut self) -> io::Result<()> {
        Self::open(self)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        Self::send(self, bytes)
    }
}

impl Courier<TransportSender> {
    fn to(collector: &Collector) -> Self {
        let Collector { is_tcp, host, port } = collector;
        let hostname = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
        let origin = Origin::new(hostname.trim(), std::process::id());
        Self::new(TransportSender::new(host.clone(), *port, *is_tcp), collector.to_string(), origin, *is_tcp)
    }

    fn goes_to(&self, collector: &Collector) -> bool {
        self.label == collector.to_string()
    }
}

impl<W: Wire> Courier<W> {
    fn new(wire: W, label: String, origin: Origin, is_tcp: bool) -> Self {
        Self {
            wire,
            label,
            origin,
            is_tcp,
            is_open: false,
            standing: Standing::New,
            failures: 0,
            tries: 0,
            failed_at: Instant::ZERO,
            told_lost_at: None,
        }
    }

    /// Does what can be done at `now`; takes `line` when it is sent, or cannot be. `lost` lines have found no room.
    fn poll(&mut self, now: Instant, line: &mut Option<Line>, lost: &AtomicU64) -> Awaits {
        if !self.is_open {
            if let Err(error) = self.wire.open() {
                return self.on_failure(now, &error);
            }
            self.is_open = true;
        }
        let Some(next) = line else { return Awaits::Line };
        if let Err(error) = self.wire.send(&self.bytes(next)) {
            self.is_open = false;
            self.tries += 1;
            if self.tries >= MAX_TRIES {
                self.tries = 0;
                *line = None;
                lost.fetch_add(1, Ordering::Relaxed);
            }
            return self.on_failure(now, &error);
        }
        self.tries = 0;
        *line = None;
        self.on_sent(now, lost);
        Awaits::Line
    }

    fn bytes(&self, line: &Line) -> Vec<u8> {
        let Line { severity, at, part, text } = line;
        let message = self.origin.encode(&Message { severity: *severity, at: *at, part, text });
        if self.is_tcp { octet_counted(&message) } else { message }
    }

    fn on_failure(&mut self, now: Instant, error: &io::Error) -> Awaits {
        self.failed_at = now;
        self.failures = self.failures.saturating_add(1);
        // A connection that was closed while there was nothing to tell is opened again without a word.
        if self.is_tcp && self.failures == 1 && self.standing == Standing::Good {
            return Awaits::Time(Duration::ZERO);
        }
        if core::mem::replace(&mut self.standing, Standing::Away) != Standing::Away {
            log::warn!("syslog {}: {error}; its lines are lost until it is back", self.label);
        }
        let doublings = self.failures.saturating_sub(1).min(MAX_DOUBLINGS);
        Awaits::Time((FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT))
    }

    fn on_sent(&mut self, now: Instant, lost: &AtomicU64) {
        // That a datagram found nobody is told by the next one, if at all.
        if !self.is_tcp && self.failures > 0 && now.since(self.failed_at) < STEADY {
            return;
        }
        self.failures = 0;
        if core::mem::replace(&mut self.standing, Standing::Good) == Standing::Away {
            let lost = lost.swap(0, Ordering::Relaxed);
            log::info!("syslog {}: it is back; {lost} lines were lost", self.label);
            return;
        }
        if self.told_lost_at.is_none_or(|at| now.since(at) >= TELL_LOST_EVERY)
            && let lost @ 1.. = lost.swap(0, Ordering::Relaxed)
        {
            self.told_lost_at = Some(now);
            log::warn!("syslog {}: {lost} lines were lost: it is too slow for them", self.label);
        }
    }
}

/// Lines that may wait for the syslog thread.
const QUEUE_LINES: usize = 256;
/// A line that fails so often is lost.
const MAX_TRIES: u32 = 2;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const MAX_DOUBLINGS: u32 = 6;
/// A collector of datagrams is back when so long nothing was heard of its absence.
const STEADY: Duration = Duration::from_secs(10);
/// How often lost lines are told while lines arrive.
const TELL_LOST_EVERY: Duration = Duration::from_secs(10);
/// Room for the machine's resolver.
const STACK: usize = 256 * 1024;
/// proc(5); DHCP may have changed it.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Fails as it is told to, first things first.
    #[derive(Default)]
    struct Fake {
        opening: VecDeque<bool>,
        sending: VecDeque<bool>,
        sent: Vec<String>,
    }

    impl Wire for Fake {
        fn open(&mut self) -> io::Result<()> {
            fate(&mut self.opening)
        }

        fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
            fate(&mut self.sending)?;
            let text = String::from_utf8_lossy(bytes);
            self.sent.push(text.rsplit(' ').next().unwrap_or_default().to_owned());
            Ok(())
        }
    }

    fn fate(queue: &mut VecDeque<bool>) -> io::Result<()> {
        if queue.pop_front().unwrap_or(true) { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
    }

    struct Bench {
        courier: Courier<Fake>,
        now: Instant,
        line: Option<Line>,
        lost: AtomicU64,
    }

    impl Bench {
        fn new(is_tcp: bool, opening: &[bool], sending: &[bool]) -> Self {
            let fake = Fake {
                opening: opening.iter().copied().collect(),
                sending: sending.iter().copied().collect(),
                sent: Vec::new(),
            };
            let courier = Courier::new(fake, "tcp:log:601".to_owned(), Origin::new("box", 1), is_tcp);
            Self { courier, now: Instant::from_millis(1000), line: None, lost: AtomicU64::new(0) }
        }

        fn is_away(&self) -> bool {
            self.courier.standing == Standing::Away
        }

        fn poll(&mut self) -> Awaits {
            self.courier.poll(self.now, &mut self.line, &self.lost)
        }

        /// Gives a line and waits until it is gone; in how many seconds.
        fn send(&mut self, text: &str) -> u64 {
            let severity = Severity::Error;
            let (at, part, text) = (Duration::ZERO, "app".to_owned(), text.to_owned());
            self.line = Some(Line { severity, at, part, text });
            let began = self.now;
            while let Awaits::Time(wait) = self.poll() {
                self.now += wait;
                if self.line.is_none() {
                    break;
                }
            }
            self.now.since(began).as_secs()
        }
    }

    #[test]
    fn a_line_waits_for_the_collector_with_growing_patience() {
        let mut bench = Bench::new(true, &[false; 9], &[]);
        assert_eq!(bench.send("first"), 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60);
        assert_eq!(bench.send("second"), 0);
        assert!(!bench.is_away());
        assert_eq!(bench.courier.wire.sent, ["first", "second"]);
    }

    #[test]
    fn a_connection_closed_in_the_meantime_is_opened_again_at_once_and_loses_nothing() {
        let mut bench = Bench::new(true, &[], &[true, false]);
        assert_eq!((bench.send("1"), bench.send("2")), (0, 0));
        assert_eq!((bench.is_away(), bench.lost.into_inner()), (false, 0));
        assert_eq!(bench.courier.wire.sent, ["1", "2"]);
    }

    #[test]
    fn a_line_that_fails_twice_is_lost_and_counted_until_that_is_told() {
        let mut bench = Bench::new(true, &[], &[true, false, false, false]);
        bench.send("1");
        bench.send("2");
        assert!(bench.is_away());
        assert_eq!(bench.lost.load(Ordering::Relaxed), 1);
        bench.send("3");
        assert_eq!(bench.courier.wire.sent, ["1", "3"]);
        assert_eq!((bench.is_away(), bench.lost.into_inner()), (false, 0));
    }

    #[test]
    fn a_collector_of_datagrams_is_back_when_it_was_not_missed_for_a_while() {
        let mut bench = Bench::new(false, &[], &[true, false]);
        bench.send("1");
        assert_eq!(bench.send("2"), 1);
        assert!(bench.is_away(), "the one that was sent tells nothing");
        bench.now += Duration::from_secs(8);
        bench.send("3");
        assert!(bench.is_away());
        bench.now += Duration::from_secs(1);
        bench.send("4");
        assert!(!bench.is_away());
    }

    #[test]
    fn without_a_line_it_opens_the_way_and_waits() {
        let mut bench = Bench::new(true, &[false, true], &[]);
        assert_eq!(bench.poll(), Awaits::Time(FIRST_WAIT));
        assert_eq!(bench.poll(), Awaits::Line);
    }
}
