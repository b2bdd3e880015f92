//! What comes of one call: speech, keys, and what the other end says of it.
//!
//! ```text
//! RTP socket ─> Receiver ─> chunks ─> cards, and the other callers
//!      │            ├────> telephone events ─> Keys ─> keys
//!      │            └────> Inband, where there are no such events ─> keys
//!      └ RTCP (mux) ─┐
//! RTCP socket ───────┴> Reporter ─> RTCP socket, every 5 s or so
//! ```
//!
//! One task per socket; they end when they are dropped with their call. A packet that is no RTP, or not of this call, is
//! counted by the receiver and forgotten.

use super::back::{Back, Manner};
use super::bell::Bell;
use super::cards::Cards;
use super::inband::Inband;
use super::legs::Legs;
use super::recorder::Recorder;
use crate::clock;
use crate::key::{Key, KeyEvent};
use crate::mix::{LegStats, Media, Recital, VoiceId};
use crate::net::{self, Udp};
use crate::rtp::rtcp::{self, NtpTime, PeerView, Reporter, Sent};
use crate::rtp::telephone_event::Keys;
use crate::rtp::{Chunk, Receiver, ReceiverConfig, Source};
use crate::time::Instant;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};

/// The receiving end of a call, shared by its tasks and its owner.
pub(super) struct Inflow<'a> {
    cards: Rc<Cards<'a>>,
    legs: Rc<Legs<'a>>,
    bell: Rc<Bell>,
    /// RTP comes here, and RTCP if both ends agreed to it (RFC 5761).
    speech: Udp,
    /// RTCP comes here.
    reports: Udp,
    desk: Rc<Desk>,
    voice: Cell<VoiceId>,
    /// Whether what is said is heard by anybody.
    is_on_air: Cell<bool>,
    /// What is said is recorded.
    recorder: RefCell<Option<Recorder>>,
    receiver: RefCell<Receiver>,
    keys: RefCell<Keys>,
    /// Where no telephone events were agreed on.
    inband: RefCell<Option<Inband>>,
    pressed: RefCell<VecDeque<Key>>,
    reporter: RefCell<Reporter>,
    /// When a report last came.
    reported_at: Cell<Option<Instant>>,
    /// Where reports go, and whether from the socket of speech.
    reports_to: Cell<Option<(SocketAddr, bool)>>,
    back: Back,
    /// What of the sent has been reported.
    reported: Cell<LegStats>,
    began_at: Instant,
}

/// What an inflow is made of.
pub(super) struct Ends<'a> {
    pub(super) cards: Rc<Cards<'a>>,
    pub(super) legs: Rc<Legs<'a>>,
    pub(super) bell: Rc<Bell>,
    pub(super) speech: Udp,
    pub(super) reports: Udp,
    pub(super) desk: Rc<Desk>,
}

/// Where packets of speech are laid to be read, one at a time: there is one for all calls. To make a clean one for each
/// packet would cost as much as to decode it.
#[derive(Debug)]
pub(super) struct Desk(RefCell<[u8; MAX_PACKET]>);

impl Default for Desk {
    fn default() -> Self {
        Self(RefCell::new([0; MAX_PACKET]))
    }
}

impl<'a> Inflow<'a> {
    /// A call that is heard as `voice` once it is on air.
    pub(super) fn new(
        ends: Ends<'a>,
        voice: VoiceId,
        config: ReceiverConfig,
        keys: Keys,
        reporter: impl FnOnce(u32) -> Reporter,
    ) -> Self {
        let now = clock::now();
        let back = Back::new(now);
        let reporter = reporter(back.ssrc());
        let Ends { cards, legs, bell, speech, reports, desk } = ends;
        Self {
            cards,
            legs,
            bell,
            speech,
            reports,
            desk,
            voice: Cell::new(voice),
            is_on_air: Cell::new(false),
            recorder: RefCell::default(),
            receiver: RefCell::new(Receiver::new(config)),
            keys: RefCell::new(keys),
            inband: RefCell::default(),
            pressed: RefCell::default(),
            reporter: RefCell::new(reporter),
            reported_at: Cell::new(None),
            reports_to: Cell::new(None),
            back,
            reported: Cell::default(),
            began_at: now,
        }
    }

    /// Receives speech until it is dropped. It is the owner that keeps the sockets: a cancelled task would hold them until
    /// its next turn, and the next call would find its ports taken.
    pub(super) async fn receive(inflow: Weak<Self>) {
        loop {
            // One packet each time the socket is reported: a flood on it does not keep the others waiting.
            let next = poll_fn(|context| {
                let Some(inflow) = inflow.upgrade() else { return Poll::Pending };
                let mut packet = inflow.desk.0.borrow_mut();
                let datagram = inflow.speech.poll_recv(context, &mut *packet);
                datagram.map_ok(|datagram| {
                    inflow.on_speech(datagram.arrival, datagram.remote, &packet[..datagram.len]);
                })
            });
            if next.await.is_err() {
                // The socket is broken; the call ends by its rtp-timeout.
                net::sleep_until(clock::now() + PAUSE_AFTER_ERROR).await;
            }
        }
    }

    /// Sends reports, and reads those of the other end, until it is dropped.
    pub(super) async fn report(inflow: Weak<Self>) {
        loop {
            let deadline = inflow.upgrade().and_then(|inflow| inflow.next_deadline());
            let mut due = pin!(deadline.map(net::sleep_until));
            let is_broken = poll_fn(|context| {
                let Some(inflow) = inflow.upgrade() else { return Poll::Pending };
                match inflow.poll_report(context) {
                    Poll::Pending => match due.as_mut().as_pin_mut() {
                        Some(due) => due.poll(context).map(|()| false),
                        None => Poll::Pending,
                    },
                    Poll::Ready(outcome) => Poll::Ready(outcome.is_err()),
                }
            });
            if is_broken.await {
                net::sleep_until(clock::now() + PAUSE_AFTER_ERROR).await;
            }
            if let Some(inflow) = inflow.upgrade() {
                inflow.on_timeout(clock::now());
            }
        }
    }

    /// Listens for keys in what is said, or no more.
    pub(super) fn set_inband(&self, inband: Option<Inband>) {
        if self.inband.replace(inband).is_some() {
            self.cards.hush(self.voice.get(), false);
        }
    }

    /// Something else may come from now on.
    pub(super) fn change(&self, config: ReceiverConfig) {
        *self.receiver.borrow_mut() = Receiver::new(config);
    }

    /// It is another voice from now on, which has no way back yet.
    pub(super) fn change_voice(&self, voice: VoiceId) {
        self.voice.set(voice);
        self.back.forget();
        self.change_ssrc();
    }

    /// What comes from now on is heard; what came before is not kept.
    pub(super) fn put_on_air(&self) {
        self.is_on_air.set(true);
    }

    /// What is said from now on is recorded, or no more; gives what was recorded before.
    pub(super) fn record(&self, recorder: Option<Recorder>) -> Option<Recorder> {
        self.recorder.replace(recorder)
    }

    /// The recorder at work.
    pub(super) fn recorder(&self) -> core::cell::RefMut<'_, Option<Recorder>> {
        self.recorder.borrow_mut()
    }

    /// Says something to the caller alone, after what is still to be said to him.
    pub(super) fn say(&self, recital: &Recital) {
        self.legs.tell(self.voice.get(), recital);
    }

    /// Ends what is said to him.
    pub(super) fn hush(&self) {
        self.legs.hush(self.voice.get());
    }

    /// Whether something is said to him, or still to be said.
    pub(super) fn is_saying(&self) -> bool {
        self.legs.is_telling(self.voice.get())
    }

    /// The way back is opened now, whether the caller has sent anything or not.
    pub(super) fn open_back(&self) {
        self.back.open_now(&self.legs, (self.voice.get(), &self.speech));
    }

    /// How the caller wants to be sent to, and where, or not at all.
    pub(super) fn set_back(&self, wanted: Option<(Manner, SocketAddr)>) {
        self.back.want(wanted);
        if self.back.settle(&self.legs, (self.voice.get(), &self.speech)) {
            self.change_ssrc();
        }
    }

    /// Where media may come from.
    pub(super) fn set_source(&self, source: Source) {
        self.receiver.borrow_mut().set_source(source);
    }

    /// Where reports go; `shares` says whether by the port of speech.
    pub(super) fn set_reports_to(&self, remote: Option<SocketAddr>, shares: bool) {
        self.reports_to.set(remote.map(|remote| (remote, shares)));
    }

    /// The voice that it is heard as.
    pub(super) fn voice(&self) -> VoiceId {
        self.voice.get()
    }

    /// What has come.
    pub(super) fn receiver(&self) -> core::cell::Ref<'_, Receiver> {
        self.receiver.borrow()
    }

    /// What the other end says of what it is sent.
    pub(super) fn peer_view(&self) -> Option<PeerView> {
        self.reporter.borrow().peer_view()
    }

    /// The next key that was pressed.
    pub(super) fn poll_key(&self) -> Option<Key> {
        self.pressed.borrow_mut().pop_front()
    }

    /// Says goodbye.
    pub(super) fn leave(&self) {
        let now = clock::now();
        let local = self.local(now);
        self.reporter.borrow_mut().bye(now, local);
        self.send_report();
    }

    pub(super) fn on_speech(&self, arrival: Instant, remote: SocketAddr, packet: &[u8]) {
        if rtcp::is_rtcp(packet) {
            return self.on_report(arrival, remote, packet);
        }
        let mut receiver = self.receiver.borrow_mut();
        // Why a packet was refused is in the receiver's counts.
        let _ = receiver.handle_message(arrival, remote, packet);
        let voice = self.voice.get();
        while let Some(chunk) = receiver.poll_chunk() {
            self.listen(&chunk);
            if let Some(recorder) = &mut *self.recorder.borrow_mut() {
                recorder.hear(&chunk);
            }
            if self.is_on_air.get() {
                let media = Media { voice, chunk };
                self.legs.play(&media);
                self.cards.play(media);
            }
        }
        while let Some(event) = receiver.poll_telephone_event() {
            self.keys.borrow_mut().handle_packet(event.arrival, &event.header, event.payload);
        }
        self.take_keys();
        if let Some((_, remote)) = receiver.stream() {
            self.back.handle_speech(remote, &self.legs, (voice, &self.speech));
        }
    }

    /// Keys that are heard do not reach the loudspeaker.
    fn listen(&self, chunk: &Chunk) {
        let mut inband = self.inband.borrow_mut();
        let Some(inband) = &mut *inband else { return };
        if let Some(is_muted) = inband.hear(chunk) {
            self.cards.hush(self.voice.get(), is_muted);
            if let Some(recorder) = &mut *self.recorder.borrow_mut() {
                recorder.set_hushed(is_muted);
            }
        }
        while let Some(key) = inband.poll_key() {
            self.press(key);
        }
    }

    fn poll_report(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut packet = [0; MAX_REPORT];
        let datagram = self.reports.poll_recv(context, &mut packet);
        datagram.map_ok(|datagram| self.on_report(datagram.arrival, datagram.remote, &packet[..datagram.len]))
    }

    /// Another stream is sent from now on.
    fn change_ssrc(&self) {
        let now = clock::now();
        self.reported.take();
        let local = self.local(now);
        self.reporter.borrow_mut().change_ssrc(now, self.back.ssrc(), local);
        self.send_report();
    }

    fn on_report(&self, arrival: Instant, remote: SocketAddr, packet: &[u8]) {
        if self.is_of_this_call(remote.ip()) {
            self.reported_at.set(Some(arrival));
            // What is no report is in the reporter's counts.
            let _ = self.reporter.borrow_mut().handle_message(arrival, packet);
        }
    }

    /// When a report last came: a telephone that is there and leaves out silence sends nothing else.
    pub(super) const fn reported_at(&self) -> Option<Instant> {
        self.reported_at.get()
    }

    fn is_of_this_call(&self, host: IpAddr) -> bool {
        let speaks = self.receiver.borrow().stream().map(|(_, remote)| remote);
        let told = self.reports_to.get().map(|(remote, _)| remote);
        [speaks, told].into_iter().flatten().any(|remote| remote.ip().to_canonical() == host.to_canonical())
    }

    pub(super) fn on_timeout(&self, now: Instant) {
        self.keys.borrow_mut().handle_timeout(now);
        self.take_keys();
        self.back.handle_timeout(now, &self.legs, (self.voice.get(), &self.speech));
        self.count_sent();
        let local = self.local(now);
        self.reporter.borrow_mut().handle_timeout(now, local);
        self.send_report();
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let (reporter, keys) = (self.reporter.borrow(), self.keys.borrow());
        [reporter.poll_timeout(), keys.poll_timeout(), self.back.deadline()].into_iter().flatten().min()
    }

    fn take_keys(&self) {
        let mut keys = self.keys.borrow_mut();
        while let Some(event) = keys.poll_event() {
            if let KeyEvent::Pressed(key) = event {
                self.press(key);
            }
        }
    }

    fn press(&self, key: Key) {
        let mut pressed = self.pressed.borrow_mut();
        if pressed.len() < MAX_KEYS {
            pressed.push_back(key);
            self.bell.ring();
        }
    }

    /// Tells the reporter what the pacer thread has sent.
    #[expect(clippy::cast_possible_truncation, reason = "counts of RTCP wrap at 32 bits (RFC 3550 §6.4.1)")]
    fn count_sent(&self) {
        let Some((at, stats)) = self.legs.sent(self.voice.get()) else { return };
        let before = self.reported.replace(stats);
        if stats.packets > before.packets {
            let (packets, octets) = (stats.packets - before.packets, stats.octets - before.octets);
            let sent = Sent { packets: packets as u32, octets: octets as u32, timestamp: stats.timestamp };
            self.reporter.borrow_mut().handle_sent(at, sent);
        }
    }

    fn local(&self, now: Instant) -> rtcp::Local {
        let reception = self.receiver.borrow().reception();
        // The box may not know the time yet, and its clock may be set while it talks.
        rtcp::Local { ntp: NtpTime::from_elapsed(now.since(self.began_at)), reception }
    }

    fn send_report(&self) {
        while let Some(datagram) = self.reporter.borrow_mut().poll_transmit() {
            let Some((remote, shares)) = self.reports_to.get() else { continue };
            let socket = if shares { &self.speech } else { &self.reports };
            // What the network does not take is lost like any other; the next report tells as much.
            let _ = socket.send(&datagram, socket.local_addr(), remote);
        }
    }
}

/// Larger than any packet of 60 ms of 16-bit sound at 48 kHz.
const MAX_PACKET: usize = 6144;
/// Larger than any compound of two members.
const MAX_REPORT: usize = 1500;
/// Keys that nobody has asked for yet.
const MAX_KEYS: usize = 32;
/// A broken socket is not asked more often than this.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
