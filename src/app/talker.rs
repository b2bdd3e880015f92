//! The voice of placed pages: the packets of all calls, each at its time, by one thread.
//!
//! ```text
//! executor ── Order::Speak, Hush ──>┌ next deadline ─> beat of a stream ─> its packets, now or later ┐
//!          <─ who has finished ─────┤                └> a packet leaves: header and payload, one send │
//!          <─ Progress of each call ┴ order or deadline, whichever comes first <─────────────────────┘
//! ```
//! Deadlines are absolute, so no stream drifts however long the work between them takes. What was encoded beforehand is
//! only copied behind a header. After a stall of this program packets that are too late are left out, and their sound
//! with them, as a pacer does; there are never more than one beat of each call and what its faults hold back.

use super::call_histogram::Histogram;
use super::call_progress::{Fate, Progress};
use super::call_stream::{Beat, Departure, Stream};
use crate::clock;
use crate::rtp::Header;
use crate::sip::CallKey;
use crate::time::Instant;
use core::cmp::Reverse;
use core::time::Duration;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

/// The thread that talks.
pub(super) struct Talker {
    orders: Sender<Order>,
    finished: Receiver<CallKey>,
    thread: JoinHandle<Histogram>,
}

/// The voice of one call.
pub(super) struct Voice {
    /// What it says, and how.
    pub(super) stream: Stream,
    /// Connected to the peer.
    pub(super) socket: Arc<UdpSocket>,
    /// How far it is.
    pub(super) progress: Arc<Progress>,
}

impl Talker {
    /// A thread that waits for something to say.
    ///
    /// # Errors
    /// When the machine has no thread for it.
    pub(super) fn start() -> io::Result<Self> {
        let (orders, to_do) = mpsc::channel();
        let (done, finished) = mpsc::channel();
        let talk = move || Pace::new(done).run(&to_do);
        let thread = thread::Builder::new().name("talker".to_owned()).spawn(talk)?;
        Ok(Self { orders, finished, thread })
    }

    /// Lets a call speak, its first packet at once.
    pub(super) fn speak(&self, call: CallKey, voice: Voice) {
        self.order(Order::Speak(call, Box::new(voice)));
    }

    /// Lets a call say no more. It will not finish.
    pub(super) fn hush(&self, call: CallKey) {
        self.order(Order::Hush(call));
    }

    /// A call that has said everything, and whose far end has had the time to play it.
    pub(super) fn poll_finished(&self) -> Option<CallKey> {
        self.finished.try_recv().ok()
    }

    /// Ends the thread; says how late packets left.
    pub(super) fn end(self) -> Histogram {
        drop(self.orders);
        self.thread.join().unwrap_or_default()
    }

    fn order(&self, order: Order) {
        // Without the thread nothing is said, and the calls fail for that.
        let _ = self.orders.send(order);
    }
}

enum Order {
    Speak(CallKey, Box<Voice>),
    Hush(CallKey),
}

/// The state of the thread.
struct Pace {
    voices: HashMap<CallKey, Speaking>,
    agenda: Agenda,
    done: Sender<CallKey>,
    lateness: Histogram,
}

impl Pace {
    fn new(done: Sender<CallKey>) -> Self {
        Self { voices: HashMap::new(), agenda: Agenda::default(), done, lateness: Histogram::default() }
    }

    /// Until nobody gives orders any more.
    fn run(mut self, orders: &Receiver<Order>) -> Histogram {
        loop {
            let order = match self.agenda.next_at() {
                Some(at) => orders.recv_timeout(at.since(clock::now())),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(Order::Speak(call, voice)) => self.begin(call, *voice),
                Ok(Order::Hush(call)) => drop(self.voices.remove(&call)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.lateness,
            }
            while let Some(entry) = self.agenda.pop_due(clock::now()) {
                self.work(entry);
            }
        }
    }

    fn begin(&mut self, call: CallKey, voice: Voice) {
        let start = clock::now();
        self.voices.insert(call, Speaking { voice, start, last_at: None });
        self.agenda.push(start, call, Task::Beat);
    }

    fn work(&mut self, entry: Entry) {
        let Entry { at, call, .. } = entry;
        // A call that was hushed leaves entries behind.
        let Some(speaking) = self.voices.get_mut(&call) else { return };
        match entry.task {
            Task::Beat => speaking.beat(at, call, &mut self.agenda),
            Task::Leave { header, packet, fate } => {
                self.lateness.record(speaking.send(at, header, packet, fate));
            }
            Task::Finish => match speaking.over_at().filter(|&over_at| over_at > clock::now()) {
                Some(over_at) => self.agenda.push(over_at, call, Task::Finish),
                None => self.finish(call),
            },
        }
    }

    fn finish(&mut self, call: CallKey) {
        let Some(Speaking { voice, .. }) = self.voices.remove(&call) else { return };
        // What was sent last may have been refused since.
        if let Ok(Some(_)) = voice.socket.take_error() {
            voice.progress.take_back();
        }
        // Nobody waits for it when the run is over.
        let _ = self.done.send(call);
    }
}

/// A voice at work.
struct Speaking {
    voice: Voice,
    start: Instant,
    /// When its latest packet left.
    last_at: Option<Instant>,
}

impl Speaking {
    /// Lets the next packet go, which was due `at`, and plans the one after it.
    fn beat(&mut self, at: Instant, call: CallKey, agenda: &mut Agenda) {
        let Voice { stream, progress, .. } = &mut self.voice;
        if clock::now().since(at) > stream.speech().ptime() * TOO_LATE {
            stream.leave_out();
            progress.count(Fate::LeftOut);
        } else {
            match stream.beat() {
                Beat::Silent => progress.count(Fate::Silent),
                Beat::Lost => progress.count(Fate::Lost),
                Beat::Leaves(departure) => self.leave(departure, call, agenda),
            }
        }
        let (next, task) = match self.voice.stream.due() {
            Some(due) => (due, Task::Beat),
            None => (self.voice.stream.over(), Task::Finish),
        };
        agenda.push(self.start + next, call, task);
    }

    fn leave(&self, departure: Departure, call: CallKey, agenda: &mut Agenda) {
        let Departure { header, packet, at, again } = departure;
        agenda.push(self.start + at, call, Task::Leave { header, packet, fate: Fate::Sent });
        if let Some(again) = again {
            agenda.push(self.start + again, call, Task::Leave { header, packet, fate: Fate::Doubled });
        }
    }

    /// Sends a packet that should leave `at`; says how late it left.
    fn send(&mut self, at: Instant, header: [u8; Header::LEN], packet: usize, fate: Fate) -> Duration {
        let Voice { stream, socket, progress } = &self.voice;
        let payload = stream.speech().payload(packet);
        let mut datagram = [0; MAX_DATAGRAM];
        let len = header.len() + payload.len();
        if let Some((front, rest)) = datagram.get_mut(..len).and_then(<[u8]>::split_first_chunk_mut) {
            *front = header;
            rest.copy_from_slice(payload);
        }
        let is_sent = datagram.get(..len).is_some_and(|datagram| socket.send(datagram).is_ok());
        let now = clock::now();
        match (is_sent, fate) {
            (true, _) => progress.count(fate),
            (false, Fate::Doubled) => {}
            (false, _) => progress.count(Fate::Refused),
        }
        self.last_at = Some(now);
        progress.left(at, now.since(at));
        now.since(at)
    }

    /// When the far end has had the time to play what has left.
    fn over_at(&self) -> Option<Instant> {
        self.last_at.map(|at| at + self.voice.stream.speech().ptime() * 2)
    }
}

/// What is to be done when; what is due at the same time is done in the order in which it was planned.
#[derive(Default)]
struct Agenda {
    entries: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

impl Agenda {
    fn push(&mut self, at: Instant, call: CallKey, task: Task) {
        self.planned += 1;
        self.entries.push(Reverse(Entry { at, number: self.planned, call, task }));
    }

    fn next_at(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse(entry)| entry.at)
    }

    fn pop_due(&mut self, now: Instant) -> Option<Entry> {
        let is_due = self.next_at().is_some_and(|at| at <= now);
        if is_due { self.entries.pop().map(|Reverse(entry)| entry) } else { None }
    }
}

/// Ordered by time, then by number; no number comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Instant,
    number: u64,
    call: CallKey,
    task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Beat,
    Leave { header: [u8; Header::LEN], packet: usize, fate: Fate },
    Finish,
}

/// A packet that is late by so many packets is left out.
const TOO_LATE: u32 = 5;
/// Room for the largest packet, 60 ms of L16 at 48 kHz.
const MAX_DATAGRAM: usize = Header::LEN + 5760;

#[cfg(test)]
mod tests {
    use super::super::call_faults::Faults;
    use super::super::call_stream::{Manner, Seeds};
    use super::super::sound::Source;
    use super::super::speech::Repertoire;
    use super::*;
    use crate::codec::Codec;
    use crate::files::Clip;
    use crate::net::{Datagram, Udp, UdpOptions};
    use crate::units::SampleRate;

    const PTIME: Duration = Duration::from_millis(20);

    fn calls() -> [CallKey; 2] {
        [CallKey::FIRST, CallKey::FIRST.next()]
    }

    fn listener() -> Udp {
        Udp::bind("127.0.0.1:0".parse().unwrap(), UdpOptions::default()).unwrap()
    }

    /// 60 ms of sound for `listener`.
    fn voice(listener: &Udp, manner: Manner) -> Voice {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(listener.local_addr()).unwrap();
        let source = Source::Clip(Clip { rate: SampleRate::HZ_8000, samples: vec![0.5; 480] });
        let speech = Repertoire::new(source).speech(Codec::Pcmu, PTIME).unwrap();
        let progress = Arc::new(Progress::new(speech.len()));
        let stream = Stream::new(speech, manner, 0, Seeds { faults: 1, numbers: 2 });
        Voice { stream, socket: Arc::new(socket), progress }
    }

    fn await_finished(talker: &Talker) -> Option<CallKey> {
        talker.finished.recv_timeout(Duration::from_secs(5)).ok()
    }

    fn heard(listener: &Udp) -> Vec<Datagram> {
        let mut buffer = [0; 256];
        core::iter::from_fn(|| listener.try_recv(&mut buffer).unwrap()).collect()
    }

    #[test]
    fn it_ends_when_the_far_end_has_had_the_time_to_play_the_last_packet() {
        let (far_end, talker) = (listener(), Talker::start().unwrap());
        let [call, _] = calls();
        talker.speak(call, voice(&far_end, Manner::default()));
        assert_eq!(await_finished(&talker), Some(call));
        let ended_at = clock::now();
        let heard = heard(&far_end);
        assert_eq!(heard.len(), 3);
        let pause = ended_at.since(heard[2].arrival);
        // Stamps of the kernel are off by some microseconds.
        assert!(pause > Duration::from_millis(39), "{pause:?}");
        assert_eq!(talker.end().total(), 3);
    }

    #[test]
    fn several_calls_speak_at_once_each_to_its_end() {
        let (ends, talker) = ([listener(), listener()], Talker::start().unwrap());
        let voices = ends.each_ref().map(|end| voice(end, Manner::default()));
        let progress = voices.each_ref().map(|voice| Arc::clone(&voice.progress));
        for (call, voice) in calls().into_iter().zip(voices) {
            talker.speak(call, voice);
        }
        let mut finished = [await_finished(&talker), await_finished(&talker)];
        finished.sort();
        assert_eq!(finished, calls().map(Some));
        assert!(progress.iter().all(|progress| progress.packets().outcome().is_ok()));
        assert_eq!(ends.map(|end| heard(&end).len()), [3, 3]);
    }

    #[test]
    fn a_hushed_call_says_no_more_and_does_not_finish() {
        let (ends, talker) = ([listener(), listener()], Talker::start().unwrap());
        let [hushed, other] = calls();
        let voices = ends.each_ref().map(|end| voice(end, Manner::default()));
        let progress = Arc::clone(&voices[0].progress);
        for (call, voice) in calls().into_iter().zip(voices) {
            talker.speak(call, voice);
        }
        talker.hush(hushed);
        assert_eq!(await_finished(&talker), Some(other));
        talker.end();
        assert!(progress.packets().outcome().is_err());
        assert!(heard(&ends[0]).len() < 3);
    }

    #[test]
    fn what_is_too_late_is_left_out_with_its_sound() {
        let far_end = listener();
        let start = clock::now() - Duration::from_millis(110);
        let mut speaking = Speaking { voice: voice(&far_end, Manner::default()), start, last_at: None };
        let (mut agenda, [call, _]) = (Agenda::default(), calls());
        speaking.beat(start, call, &mut agenda);
        let next = agenda.pop_due(clock::now()).unwrap();
        assert_eq!((next.at, next.task), (start + PTIME, Task::Beat));
        speaking.beat(next.at, call, &mut agenda);
        let left = agenda.pop_due(clock::now()).unwrap();
        assert!(matches!(left.task, Task::Leave { packet: 1, .. }), "{left:?}");
        assert_eq!(speaking.voice.progress.packets().of(Fate::LeftOut), 1);
    }

    #[test]
    fn faults_are_what_the_wire_sees() {
        let (far_end, talker) = (listener(), Talker::start().unwrap());
        let faults = Faults { duplicate: 1.0, jitter: Duration::from_millis(10), ..Faults::default() };
        let voice = voice(&far_end, Manner { faults, ..Manner::default() });
        let progress = Arc::clone(&voice.progress);
        talker.speak(calls()[0], voice);
        await_finished(&talker);
        assert_eq!(heard(&far_end).len(), 6);
        assert_eq!(progress.packets().datagrams(), 6);
    }
}
