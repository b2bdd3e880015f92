//! The pacer thread: what has no card keeps time here, the legs back to callers.
//!
//! While somebody can be heard by somebody, it wakes every [`BEAT`] on absolute deadlines; else once a
//! [`KEEP_ALIVE`](crate::mix::KEEP_ALIVE), for the packet that says a silent call lives. Either way an RTP timestamp always
//! stands for the same point in time.
//!
//! The steady loop allocates nothing, frees nothing, takes no lock and writes no log. What it sends and cannot send is
//! dropped: a socket that is full is a network that is.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::net::{SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::thread::Thread;

use heapless::spsc::{Consumer, Producer};

use super::rt;
use crate::clock;
use crate::mix::{Aside, BLOCK_TIME, Command, Conference, KEEP_ALIVE, Leg, LegStats, Report, VoiceId};
use crate::time::Instant;
use crate::zones::ZoneSet;

/// What the pacer thread is told.
#[derive(Debug)]
pub enum Order {
    /// Something for the conference of the callers.
    Mix(Command),
    /// Sends to a caller from now on.
    Open(Box<Leg>, Link),
    /// Sends elsewhere, or nowhere while the caller is on hold.
    Redirect(VoiceId, Option<SocketAddr>),
    /// Sends no more to the caller of this voice.
    Close(VoiceId),
    /// The caller of this voice hears the others from now on.
    Admit(VoiceId),
    /// He is heard in these zones, and hears those who are in one of them.
    Place(VoiceId, ZoneSet),
    /// Says something to the caller of this voice alone.
    Tell(VoiceId, Box<Aside>),
    /// Ends what is said to him.
    Hush(VoiceId),
}

/// What the pacer thread tells.
#[derive(Debug)]
pub enum Word {
    /// What the conference reports.
    Mix(Report),
    /// What has been sent to a caller, about once a second.
    Sent(VoiceId, LegStats),
    /// What has been said to a caller alone, or could not be, to be dropped where dropping is allowed.
    Told(VoiceId, Box<Aside>),
    /// A way back that is closed, to be dropped where dropping is allowed.
    Closed(Option<Box<Leg>>, Link),
}

/// Where packets of a leg leave and where they go.
#[derive(Debug)]
pub struct Link {
    /// The socket that the caller's packets come to.
    pub socket: UdpSocket,
    /// The caller's end; `None` on hold.
    pub remote: Option<SocketAddr>,
}

/// What the executor and the pacer thread share beside the rings.
#[derive(Debug)]
pub struct Beat {
    stop: AtomicBool,
    /// When the thread last went to work; [`RESTS`] while there is none.
    heartbeat_us: AtomicU64,
    thread: OnceLock<Thread>,
}

impl Beat {
    /// Asks the thread to end.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.wake();
    }

    /// When the thread last went to work; `None` while it has none, and does not have to.
    #[must_use]
    pub fn heartbeat(&self) -> Option<Instant> {
        Some(self.heartbeat_us.load(Relaxed)).filter(|&at| at != RESTS).map(Instant::from_micros)
    }

    fn beat(&self, heartbeat_us: u64) {
        self.heartbeat_us.store(heartbeat_us, Relaxed);
    }

    /// Has it look at its orders, if it rests.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Default for Beat {
    /// Of a thread yet to be started.
    fn default() -> Self {
        let (stop, heartbeat_us, thread) = (AtomicBool::default(), AtomicU64::new(RESTS), OnceLock::new());
        Self { stop, heartbeat_us, thread }
    }
}

/// The life of the pacer thread, until `beat` says stop.
pub fn run(beat: &Beat, conference: Conference, orders: Consumer<'_, Order>, words: Producer<'_, Word>) {
    // A second run on the same switchboard would be woken through the first one's thread: it just wakes late.
    let _ = beat.thread.set(std::thread::current());
    rt::prefault_stack();
    if let Err(error) = rt::set_realtime(PRIORITY) {
        log::debug!("legs: no real-time priority: {error}");
    }
    let links = Vec::with_capacity(conference.max_legs());
    let mut legs = Legs { conference, links, orders, words, start: clock::now(), beats: 0, told: 0 };
    while !beat.stop.load(Relaxed) {
        legs.turn(beat);
    }
    beat.beat(RESTS);
}

struct Legs<'a> {
    conference: Conference,
    links: Vec<(VoiceId, Link)>,
    orders: Consumer<'a, Order>,
    words: Producer<'a, Word>,
    start: Instant,
    /// Beats that have passed.
    beats: u64,
    /// Beats at the last word about what was sent.
    told: u64,
}

impl Legs<'_> {
    fn turn(&mut self, beat: &Beat) {
        let now = clock::now();
        beat.beat(now.as_micros());
        self.pass(now);
        self.collect(now);
        self.tell();
        if self.conference.is_idle() {
            let rest = if self.links.is_empty() { FOR_LONG } else { KEEP_ALIVE };
            if rest == FOR_LONG {
                beat.beat(RESTS);
            }
            std::thread::park_timeout(rest);
        } else {
            clock::sleep_until(self.next_beat());
        }
    }

    fn next_beat(&self) -> Instant {
        let beat_us = u64::try_from(BEAT.as_micros()).unwrap_or(1);
        Instant::from_micros(self.start.as_micros() + (self.beats + 1) * beat_us)
    }

    /// Renders the beats that are due by `now`; of many only the latest, the others pass in silence.
    fn pass(&mut self, now: Instant) {
        let due = u64::try_from(now.since(self.start).as_micros() / BEAT.as_micros()).unwrap_or(0);
        let late = due.saturating_sub(self.beats);
        let rendered = if self.conference.is_idle() { 0 } else { late.min(super::pacer::MAX_LATE) };
        let links = &self.links;
        let send = |voice, packet: &[u8]| deliver(links, voice, packet);
        let rested = usize::try_from(late - rendered).unwrap_or(usize::MAX);
        self.conference.rest(rested.saturating_mul(BLOCKS), send);
        self.conference.render(now, usize::try_from(rendered).unwrap_or(0) * BLOCKS, send);
        self.beats = due;
    }

    fn collect(&mut self, now: Instant) {
        // Those that come while these are handled wait for the next beat. While the ring back is full, what would come
        // back has to stay.
        for _ in 0..self.orders.len() {
            if !self.words.ready() {
                return;
            }
            match self.orders.dequeue() {
                None => return,
                Some(Order::Mix(command)) => self.conference.handle_command(now, command),
                Some(Order::Open(leg, link)) => self.open(leg, link),
                Some(Order::Redirect(voice, remote)) => self.redirect(voice, remote),
                Some(Order::Close(voice)) => self.close(voice),
                Some(Order::Admit(voice)) => self.conference.admit(voice),
                Some(Order::Place(voice, zones)) => self.conference.place(voice, zones),
                Some(Order::Tell(voice, aside)) => self.told(voice, aside),
                Some(Order::Hush(voice)) => self.conference.hush(now, voice),
            }
        }
    }

    fn open(&mut self, leg: Box<Leg>, link: Link) {
        let voice = leg.voice();
        match self.conference.open(leg) {
            None => self.links.push((voice, link)),
            Some(leg) => self.say(Word::Closed(Some(leg), link)),
        }
    }

    fn redirect(&mut self, voice: VoiceId, remote: Option<SocketAddr>) {
        self.conference.set_muted(voice, remote.is_none());
        if let Some((_, link)) = self.links.iter_mut().find(|(named, _)| *named == voice) {
            link.remote = remote;
        }
    }

    fn close(&mut self, voice: VoiceId) {
        let leg = self.conference.close(voice);
        if let Some(index) = self.links.iter().position(|(named, _)| *named == voice) {
            let (_, link) = self.links.swap_remove(index);
            self.say(Word::Closed(leg, link));
        }
    }

    fn told(&mut self, voice: VoiceId, aside: Box<Aside>) {
        if let Some(aside) = self.conference.tell(voice, aside) {
            self.say(Word::Told(voice, aside));
        }
    }

    fn tell(&mut self) {
        while self.words.ready() {
            let Some((voice, aside)) = self.conference.poll_told() else { break };
            self.say(Word::Told(voice, aside));
        }
        while self.words.ready() {
            let Some(report) = self.conference.poll_report() else { break };
            self.say(Word::Mix(report));
        }
        if self.beats - self.told < BEATS_PER_WORD {
            return;
        }
        self.told = self.beats;
        for (voice, stats) in self.conference.leg_stats() {
            // A full ring loses a word, not a leg: the next one tells more.
            let _ = self.words.enqueue(Word::Sent(voice, stats));
        }
    }

    /// There is room: it was looked for, and this end alone fills the ring.
    fn say(&mut self, word: Word) {
        let _ = self.words.enqueue(word);
    }
}

fn deliver(links: &[(VoiceId, Link)], voice: VoiceId, packet: &[u8]) {
    let link = links.iter().find(|(named, _)| *named == voice).map(|(_, link)| link);
    if let Some(Link { socket, remote: Some(remote) }) = link {
        // What the network does not take is lost, as it may be further on.
        let _ = socket.send_to(packet, remote);
    }
}

/// How often it wakes while there is something to send.
const BEAT: Duration = Duration::from_millis(10);
/// Blocks of a beat.
const BLOCKS: usize = 4;
const _: () = assert!(BEAT.as_micros() == BLOCK_TIME.as_micros() * BLOCKS as u128);
/// A second.
const BEATS_PER_WORD: u64 = 100;
/// No heartbeat.
const RESTS: u64 = u64::MAX;
/// There is nobody to send to: it waits to be woken.
const FOR_LONG: Duration = Duration::from_hours(1);
/// Below the loudspeakers, above all ordinary threads.
const PRIORITY: u8 = 30;
