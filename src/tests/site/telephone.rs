//! A telephone: it makes one call, says a tone, presses keys, and hears what the box sends back.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "20 ms of a tone of 16 bits"
)]

use crate::dsp::probe::{amplitude, db};
use crate::key::Key;
use crate::rtp::telephone_event::{self, Press};
use crate::rtp::{self, Packet};
use crate::sip::wire::Message;
use crate::sip::{CallKey, Endpoint, EndpointConfig, Event, Invite, Path};
use crate::time::Instant;
use crate::units::SampleRate;
use core::f64::consts::TAU;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;

pub(super) struct Telephone {
    user: String,
    endpoint: Endpoint,
    call: CallKey,
    call_id: String,
    address: SocketAddr,
    sent: VecDeque<Vec<u8>>,
    /// Its messages get lost, both ways.
    is_cut_off: bool,
    answered_at: Option<Instant>,
    over_at: Option<Instant>,
    refused: Option<u16>,
    stream: rtp::Sender,
    /// What it says; 0: silence.
    hz: u32,
    /// It sends no packets.
    is_mute: bool,
    /// It says that it is there even so.
    reports: bool,
    keys: VecDeque<telephone_event::Sender>,
    /// When its next packet leaves.
    due: Instant,
    heard: Vec<(Instant, Vec<f32>)>,
}

impl Telephone {
    /// One of this user, which calls a user of the box at this address.
    pub(super) fn calling(
        now: Instant,
        (own, from): (SocketAddr, &str),
        (at, to): (SocketAddr, &str),
    ) -> Self {
        let address = own;
        let seed = u64::from(own.port());
        let mut endpoint = Endpoint::new(EndpointConfig::new(from), seed);
        let target = format!("sip:{to}@{}", at.ip()).parse().unwrap();
        let call = endpoint.invite(now, Invite::new(target, Path::udp(address, at), offer(media(own))));
        let invite = endpoint.poll_transmit().unwrap().bytes;
        let Ok(Message::Request(request)) = Message::parse(&invite) else { panic!("an INVITE") };
        Self {
            user: from.to_owned(),
            endpoint,
            call,
            call_id: request.headers.call_id.clone(),
            address,
            sent: VecDeque::from([invite]),
            is_cut_off: false,
            answered_at: None,
            over_at: None,
            refused: None,
            stream: rtp::Sender::new(seed, 0),
            hz: 0,
            is_mute: false,
            reports: false,
            keys: VecDeque::new(),
            due: now,
            heard: Vec::new(),
        }
    }

    pub(super) fn talk(&mut self, hz: u32) {
        assert!(hz.is_multiple_of(50), "a packet holds whole turns");
        self.hz = hz;
    }

    pub(super) const fn set_mute(&mut self, is_mute: bool) {
        self.is_mute = is_mute;
    }

    pub(super) const fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    pub(super) fn press(&mut self, key: char) {
        let key = Key::from_char(key).unwrap();
        let press = Press { key, length: Duration::from_millis(100), payload_type: EVENTS };
        self.keys.push_back(telephone_event::Sender::new(press, SampleRate::HZ_8000, PTIME));
    }

    pub(super) fn hang_up(&mut self, now: Instant) {
        self.over_at.get_or_insert(now);
        self.endpoint.hang_up(now, self.call);
        self.collect(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.collect(now);
    }

    pub(super) fn handle_message(&mut self, now: Instant, from: SocketAddr, message: &[u8]) {
        if self.is_cut_off {
            return;
        }
        self.endpoint.handle_message(now, Path::udp(self.address, from), message);
        self.collect(now);
    }

    pub(super) fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.sent.pop_front()
    }

    /// The next packet that is due: one of 20 ms, from the answer on.
    pub(super) fn poll_packet(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.answered_at.is_none() || self.over_at.is_some() || self.due > now {
            return None;
        }
        self.due += PTIME;
        if self.is_mute {
            self.stream.skip(FRAMES);
            return self.reports.then(|| REPORT.to_vec());
        }
        let mut packet = [0; 200];
        while let Some(press) = self.keys.front_mut() {
            if let Some(len) = press.write(&mut self.stream, &mut packet).unwrap() {
                return Some(packet[..len].to_vec());
            }
            self.keys.pop_front();
        }
        let len = self.stream.write(&tone(self.hz), FRAMES, &mut packet).unwrap();
        Some(packet[..len].to_vec())
    }

    /// Sends reports (RTCP) in place of sound.
    pub(super) fn report_only(&mut self) {
        (self.is_mute, self.reports) = (true, true);
    }

    pub(super) fn hear(&mut self, now: Instant, packet: &[u8]) {
        let payload = Packet::parse(packet).unwrap().payload;
        let decode = |&code: &u8| f32::from(audio_codec_algorithms::decode_ulaw(code)) / 32_768.0;
        self.heard.push((now, payload.iter().map(decode).collect()));
    }

    /// When tones of this frequency began.
    pub(super) fn beeps(&self, hz: f64) -> Vec<Instant> {
        let mut beeps = Vec::new();
        let mut sounded = false;
        for (at, samples) in &self.heard {
            let sounds = db(amplitude(samples, hz, 8_000)) > BEEP;
            if sounds && !sounded {
                beeps.push(*at);
            }
            sounded = sounds;
        }
        beeps
    }

    pub(super) fn call_id(&self) -> &str {
        &self.call_id
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) const fn media_addr(&self) -> SocketAddr {
        media(self.address)
    }

    pub(super) const fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    pub(super) const fn over_at(&self) -> Option<Instant> {
        self.over_at
    }

    pub(super) const fn refused(&self) -> Option<u16> {
        self.refused
    }

    fn collect(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Answered { .. } => {
                    self.answered_at = Some(now);
                    self.due = now;
                }
                Event::Failed { status, .. } => {
                    self.refused = Some(status.code());
                    self.over_at.get_or_insert(now);
                }
                Event::Ended { .. } => {
                    self.over_at.get_or_insert(now);
                }
                _ => {}
            }
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            if !self.is_cut_off {
                self.sent.push_back(transmit.bytes);
            }
        }
    }
}

fn offer(media: SocketAddr) -> Vec<u8> {
    let (host, port) = (media.ip(), media.port());
    let text = format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 {EVENTS}\r\n\
         a=rtpmap:{EVENTS} telephone-event/8000\r\na=ptime:20\r\n"
    );
    text.into_bytes()
}

/// Where a telephone speaks and hears.
const fn media(own: SocketAddr) -> SocketAddr {
    SocketAddr::new(own.ip(), 2 * own.port())
}

/// A packet of a tone at -12 dBFS, or of silence.
fn tone(hz: u32) -> [u8; FRAMES as usize] {
    core::array::from_fn(|frame| {
        let turn = TAU * f64::from(hz) * frame as f64 / 8_000.0;
        audio_codec_algorithms::encode_ulaw((8_192.0 * turn.sin()) as i16)
    })
}

const EVENTS: u8 = 101;
const PTIME: Duration = Duration::from_millis(20);
const FRAMES: u32 = 160;
/// Tones are at -18 dBFS.
const BEEP: f64 = -30.0;
/// A receiver report about nobody (RFC 3550 section 6.4.2).
const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 7];
