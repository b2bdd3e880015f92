//! A whole page between two of our own ends over a virtual link: agreed on by SIP and SDP, spoken as RTP, heard from a
//! mixer, and hung up.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "signals are made from small numbers"
)]

use super::net::{Link, Quality, STRAGGLE, address};
use crate::codec::Codec;
use crate::mix::{
    BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Report, Route, Voice, VoiceConfig, VoiceId, VoiceStats,
};
use crate::rtp::{DelayRange, JitterStats, Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use crate::sdp::{self, Description, Local, Negotiated, Session};
use crate::sip::{CallKey, EndReason, Endpoint, EndpointConfig, Event, Invite, Path, Transmit, Usage};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::f64::consts::TAU;
use core::net::SocketAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

/// A telephone, a box, and the link between them.
struct Page {
    now: Instant,
    link: Link,
    phone: Phone,
    speaker: Speaker,
}

impl Page {
    /// The page from the INVITE until nothing is left to happen.
    fn over(quality: Quality, seed: u64) -> Self {
        let now = Instant::from_millis(1);
        let (phone, speaker) = (Phone::new(now, seed ^ 1), Speaker::new(seed ^ 2));
        let mut page = Self { now, link: Link::new(quality, seed), phone, speaker };
        page.drain();
        while let Some(at) = page.next() {
            page.now = at.max(page.now);
            assert!(page.now < Instant::from_millis(200_000), "this never ends");
            page.step();
            page.drain();
        }
        page
    }

    fn next(&self) -> Option<Instant> {
        let ends = [self.phone.endpoint.poll_timeout(), self.speaker.endpoint.poll_timeout()];
        let media = [self.link.next(), self.phone.next(), self.speaker.next()];
        ends.into_iter().chain(media).flatten().min()
    }

    /// What comes before what is played at the same moment.
    fn step(&mut self) {
        if let Some((path, bytes)) = self.link.arrive(self.now) {
            return self.receive(path, &bytes);
        }
        self.phone.endpoint.handle_timeout(self.now);
        self.speaker.endpoint.handle_timeout(self.now);
        if let Some(speech) = self.phone.talk(self.now) {
            self.link.send(self.now, speech);
        }
        self.speaker.play(self.now);
    }

    fn receive(&mut self, path: Path, bytes: &[u8]) {
        match path.local {
            local if local == address(PHONE) => {
                self.phone.endpoint.handle_message(self.now, path, bytes);
            }
            local if local == address(BOX) => {
                self.speaker.endpoint.handle_message(self.now, path, bytes);
            }
            local => {
                assert_eq!(local, rtp_address(BOX), "speech goes where nobody listens");
                self.speaker.hear(self.now, path.remote, bytes);
            }
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.phone.endpoint.poll_event() {
            self.phone.on_event(self.now, event);
        }
        while let Some(event) = self.speaker.endpoint.poll_event() {
            self.speaker.on_event(self.now, event);
        }
        for end in [&mut self.phone.endpoint, &mut self.speaker.endpoint] {
            while let Some(transmit) = end.poll_transmit() {
                self.link.send(self.now, transmit);
            }
        }
    }

    /// Both ends know that it is over and hold nothing any more; the voice came back once.
    fn assert_is_over(&self, what: &str) {
        assert_eq!(self.phone.ended, [EndReason::LocalHangUp], "{what}: the phone");
        assert_eq!(self.speaker.ended, [EndReason::RemoteHangUp], "{what}: the box");
        for end in [&self.phone.endpoint, &self.speaker.endpoint] {
            assert_eq!(end.usage(), Usage::default(), "{what}");
        }
        assert_eq!(self.speaker.retired.len(), 1, "{what}: voices given back");
        assert!(self.speaker.mixer.is_idle(), "{what}: the mixer still sounds");
    }

    /// From the moment the first packet was sent to the first frame that is heard.
    fn latency(&self) -> Duration {
        let (first, _) = self.speaker.sounding();
        let began = self.phone.talk.as_ref().unwrap().began;
        Duration::from_micros(first as u64 * 1000 / 48).saturating_sub(began.since(Instant::ZERO))
    }

    /// From the first frame that is heard to the last.
    fn length(&self) -> Duration {
        let (first, last) = self.speaker.sounding();
        Duration::from_micros((last + 1 - first) as u64 * 1000 / 48)
    }

    /// Ten milliseconds after the other, the level of the tone in dB of what was said, the first and last but two.
    fn levels(&self) -> Vec<f64> {
        let (first, last) = self.speaker.sounding();
        let blocks = self.speaker.heard[first..=last].chunks_exact(480);
        let levels: Vec<_> = blocks.map(|block| 20.0 * (amplitude(block) / PEAK).log10()).collect();
        levels[2..levels.len() - 2].to_vec()
    }

    /// The longest time, between the first frame and the last, in which nothing is heard.
    fn longest_gap(&self) -> Duration {
        let (first, last) = self.speaker.sounding();
        let quiet =
            self.speaker.heard[first..=last].split(|sample| sample.abs() > AUDIBLE).map(<[f32]>::len).max();
        Duration::from_micros(quiet.unwrap_or(0) as u64 * 1000 / 48)
    }
}

/// The end that calls, talks and hangs up.
struct Phone {
    endpoint: Endpoint,
    session: Session,
    seed: u64,
    talk: Option<Talk>,
    ended: Vec<EndReason>,
}

impl Phone {
    fn new(now: Instant, seed: u64) -> Self {
        let mut endpoint = Endpoint::new(EndpointConfig::new("phone"), seed);
        let mut session = Session::new(local(PHONE));
        let target = "sip:page@10.0.0.2".parse().unwrap();
        let path = Path::udp(address(PHONE), address(BOX));
        endpoint.invite(now, Invite::new(target, path, session.offer().0.to_bytes()));
        Self { endpoint, session, seed, talk: None, ended: Vec::new() }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Answered { call, body } => {
                let answer = Description::parse(&body).unwrap();
                let negotiated = self.session.accept(&answer).unwrap();
                self.talk = Some(Talk::new(now, call, &negotiated, self.seed));
            }
            Event::Ended { reason, .. } => self.ended.push(reason),
            Event::Trying { .. } | Event::Ringing { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    /// When it says something next, or hangs up.
    fn next(&self) -> Option<Instant> {
        self.talk.as_ref().filter(|talk| talk.spoken <= PACKETS).map(Talk::next)
    }

    /// A packet, when it is due; when all are said, it hangs up.
    fn talk(&mut self, now: Instant) -> Option<Transmit> {
        self.next().filter(|&at| at <= now)?;
        let talk = self.talk.as_mut()?;
        if talk.spoken < PACKETS {
            return Some(talk.say());
        }
        talk.spoken += 1;
        self.endpoint.hang_up(now, talk.call);
        None
    }
}

/// What the phone says, and to whom.
struct Talk {
    call: CallKey,
    sender: Sender,
    codec: Codec,
    path: Path,
    ptime: Duration,
    began: Instant,
    spoken: u32,
}

impl Talk {
    fn new(now: Instant, call: CallKey, negotiated: &Negotiated, seed: u64) -> Self {
        let format = &negotiated.send;
        Self {
            call,
            sender: Sender::new(seed, format.payload_type),
            codec: codec(format),
            path: Path::udp(rtp_address(PHONE), negotiated.remote.unwrap()),
            ptime: negotiated.ptime,
            began: now,
            spoken: 0,
        }
    }

    fn next(&self) -> Instant {
        self.began + self.ptime * self.spoken
    }

    fn say(&mut self) -> Transmit {
        let ticks = self.ptime.as_millis() as u32 * 8;
        let speech: Vec<f32> = (self.spoken * ticks..(self.spoken + 1) * ticks).map(tone).collect();
        let mut payload = vec![0; speech.len()];
        self.codec.encoder().encode(&speech, &mut payload);
        let mut bytes = vec![0; 12 + payload.len()];
        self.sender.write(&payload, ticks, &mut bytes).unwrap();
        self.spoken += 1;
        Transmit { path: self.path, bytes }
    }
}

/// The end that answers and plays.
struct Speaker {
    endpoint: Endpoint,
    receiver: Option<Receiver>,
    mixer: Mixer,
    /// All that was heard since time zero.
    heard: Vec<f32>,
    ended: Vec<EndReason>,
    retired: Vec<VoiceStats>,
}

impl Speaker {
    fn new(seed: u64) -> Self {
        Self {
            endpoint: Endpoint::new(EndpointConfig::new("page"), seed),
            receiver: None,
            mixer: Mixer::new(1, 4),
            heard: Vec::new(),
            ended: Vec::new(),
            retired: Vec::new(),
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { call, offer, .. } => {
                let offer = Description::parse(&offer).unwrap();
                let (answer, negotiated) = Session::new(local(BOX)).answer(&offer).unwrap();
                self.receiver = Some(Receiver::new(receiver(&negotiated)));
                self.mixer.handle_command(
                    now,
                    Command::Attach { voice: VOICE, source: voice(&negotiated), route: Route::EVERYWHERE },
                );
                self.endpoint.answer(now, call, answer.to_bytes());
            }
            Event::Ended { reason, .. } => {
                self.ended.push(reason);
                self.mixer.handle_command(now, Command::Release { voice: VOICE });
            }
            Event::Confirmed { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    fn hear(&mut self, now: Instant, remote: SocketAddr, datagram: &[u8]) {
        let receiver = self.receiver.as_mut().unwrap();
        // What is no speech, and what comes twice, is left out.
        let _ = receiver.handle_message(now, remote, datagram);
        while let Some(chunk) = receiver.poll_chunk() {
            self.mixer.handle_command(now, Command::Media(Media { voice: VOICE, chunk }));
        }
    }

    /// When it plays the next block; never again when the page is over.
    fn next(&self) -> Option<Instant> {
        let is_over = !self.retired.is_empty() && self.mixer.is_idle();
        let blocks = u32::try_from(self.heard.len() / BLOCK).unwrap();
        (!is_over).then(|| Instant::ZERO + BLOCK_TIME * blocks)
    }

    fn play(&mut self, now: Instant) {
        let Some(at) = self.next().filter(|&at| at <= now) else { return };
        let mut block = [f32::NAN; BLOCK];
        self.mixer.render(at, &mut block);
        self.heard.extend(block);
        while let Some(report) = self.mixer.poll_report() {
            if let Report::Retired { voice: VOICE, stats, .. } = report {
                self.retired.push(stats);
            }
        }
    }

    /// The first frame that is heard and the last.
    fn sounding(&self) -> (usize, usize) {
        let is_heard = |sample: &f32| sample.abs() > AUDIBLE;
        let first = self.heard.iter().position(is_heard).expect("something is heard");
        (first, self.heard.iter().rposition(is_heard).unwrap())
    }
}

fn local(end: u8) -> Local {
    let formats = [(8, Codec::Pcma), (0, Codec::Pcmu)];
    Local {
        address: address(end).ip(),
        port: rtp_address(end).port(),
        formats: formats.map(|(number, codec)| sdp::Format::new(number, codec.name(), 8000)).to_vec(),
        ptime: PTIME,
        session_id: 7,
    }
}

fn receiver(negotiated: &Negotiated) -> ReceiverConfig {
    let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
    let formats = negotiated.formats.speech.iter();
    let formats = formats.map(|format| PayloadFormat { payload_type: format.payload_type, kind }).collect();
    let source = Source::Port(negotiated.remote.unwrap());
    ReceiverConfig { formats, source }
}

fn voice(negotiated: &Negotiated) -> Box<Voice> {
    let formats = negotiated
        .formats
        .speech
        .iter()
        .map(|format| Format { payload_type: format.payload_type, codec: codec(format) });
    let delay = DelayRange::default();
    Box::new(Voice::telephone(VoiceConfig { formats: formats.collect(), delay, level: Level::UNITY }))
}

fn codec(format: &sdp::Format) -> Codec {
    Codec::from_encoding(&format.name, format.clock_rate_hz, format.channels).unwrap()
}

fn rtp_address(end: u8) -> SocketAddr {
    SocketAddr::new(address(end).ip(), 4000 + 2 * u16::from(end))
}

/// What is said: sample `number` at 8 kHz.
fn tone(number: u32) -> f32 {
    (PEAK * (TAU * HZ * f64::from(number) / 8000.0).sin()) as f32
}

/// How much of the tone there is in samples at 48 kHz, whatever its phase.
fn amplitude(samples: &[f32]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (frame, &sample) in samples.iter().enumerate() {
        let (sin, cos) = (TAU * HZ * frame as f64 / 48_000.0).sin_cos();
        re += f64::from(sample) * cos;
        im += f64::from(sample) * sin;
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const PHONE: u8 = 1;
const BOX: u8 = 2;
const VOICE: VoiceId = VoiceId(1);
const HZ: f64 = 1000.0;
const PEAK: f64 = 0.25;
/// Two seconds of 20 ms.
const PACKETS: u32 = 100;
/// A twenty-fifth of the tone, which is below that only where its wave passes through zero.
const AUDIBLE: f32 = 0.01;
const PTIME: Duration = ms(20);
/// How long the last sound is carried on when packets stop without a BYE.
const CONCEALED: Duration = ms(60);
/// Links of each quality.
const SEEDS: u64 = 40;

/// What must hold for a page over a link.
struct Bounds {
    latency: RangeInclusive<Duration>,
    length: RangeInclusive<Duration>,
}

impl Bounds {
    /// Of a clean link: 1 ms on the way, 10 ms in the jitter buffer, 4.7 ms in filters and up to a block until the next
    /// one; the end of the tone rings on for less than 5 ms.
    const CLEAN: Self = Self { latency: ms(15)..=ms(18), length: ms(2_000)..=ms(2_005) };

    /// The first packet comes up to `late` after its time and may be lost; the end is drawn out by as much as the
    /// others come late, and by `tail`.
    fn with(late: Duration, lost_first: Duration, tail: Duration) -> Self {
        let Self { latency, length } = Self::CLEAN;
        let least = length.start().saturating_sub(late + lost_first);
        Self {
            latency: *latency.start()..=*latency.end() + late + lost_first,
            length: least..=*length.end() + late + tail,
        }
    }

    fn assert_hold(&self, page: &Page, what: &str) {
        let (latency, length) = (page.latency(), page.length());
        assert!(self.latency.contains(&latency), "{what}: heard {latency:?} after it was said");
        assert!(self.length.contains(&length), "{what}: lasts {length:?}");
        let mut levels = page.levels();
        levels.sort_by(f64::total_cmp);
        let median = levels[levels.len() / 2];
        assert!(median.abs() < 0.5, "{what}: the tone has {median} dB");
        let gap = page.longest_gap();
        assert!(gap < ms(5), "{what}: nothing is heard for {gap:?}");
    }
}

/// Pages over so many links of a quality, and what their jitter buffers counted.
fn page_over(quality: Quality, bounds: &Bounds) -> Vec<JitterStats> {
    let pages = (0..SEEDS).map(|seed| {
        let (page, what) = (Page::over(quality, seed), format!("seed {seed}"));
        page.assert_is_over(&what);
        bounds.assert_hold(&page, &what);
        page.speaker.retired[0].jitter
    });
    pages.collect()
}

#[test]
fn a_page_over_a_clean_link_is_heard_whole_at_its_level_and_at_once() {
    let page = Page::over(Quality::GOOD, 1);
    page.assert_is_over("a clean link");
    Bounds::CLEAN.assert_hold(&page, "a clean link");
    let worst = page.levels().into_iter().map(f64::abs).fold(0.0, f64::max);
    assert!(worst < 0.2, "10 ms of the tone are {worst} dB off");
    let jitter = page.speaker.retired[0].jitter;
    assert_eq!((jitter.chunks, jitter.late, jitter.skipped_ticks), (u64::from(PACKETS), 0, 0), "{jitter:?}");
}

#[test]
fn a_page_over_a_link_with_twenty_milliseconds_of_jitter_is_heard_without_a_gap() {
    let late = ms(20);
    let heard = page_over(
        Quality { jitter: late, ..Quality::GOOD },
        &Bounds::with(late, Duration::ZERO, Duration::ZERO),
    );
    assert!(heard.iter().all(|jitter| jitter.chunks == u64::from(PACKETS) && jitter.discarded == 0));
    assert!(heard.iter().any(|jitter| jitter.late > 0), "no packet of any page came late");
}

#[test]
fn a_page_over_a_link_that_loses_two_percent_is_concealed() {
    let heard =
        page_over(Quality { loss: 20, ..Quality::GOOD }, &Bounds::with(Duration::ZERO, PTIME, CONCEALED));
    let all = SEEDS * u64::from(PACKETS);
    let lost = all - heard.iter().map(|jitter| jitter.chunks).sum::<u64>();
    assert!((all / 100..all / 33).contains(&lost), "{lost} packets of {all} were lost");
}

#[test]
fn a_page_over_a_link_where_one_of_twenty_is_overtaken_is_heard_in_order() {
    let heard = page_over(
        Quality { stragglers: 50, ..Quality::GOOD },
        &Bounds::with(STRAGGLE, Duration::ZERO, Duration::ZERO),
    );
    assert!(heard.iter().all(|jitter| jitter.chunks == u64::from(PACKETS) && jitter.discarded == 0));
    // One late packet is no reason to wait for others; those that come again are.
    assert!(heard.iter().all(|jitter| jitter.late <= 3), "the delay did not learn: {heard:?}");
    assert!(heard.iter().any(|jitter| jitter.late > 0), "no packet of any page came late");
}

#[test]
fn a_page_over_a_link_with_every_fault_at_once_is_heard_and_ends_at_both_ends() {
    let (jitter, faults) = (ms(20), Quality { loss: 20, stragglers: 50, duplicates: 50, ..Quality::GOOD });
    let heard = page_over(Quality { jitter, ..faults }, &Bounds::with(jitter + STRAGGLE, PTIME, CONCEALED));
    assert!(heard.iter().all(|jitter| jitter.chunks <= u64::from(PACKETS)), "a packet was played twice");
}
