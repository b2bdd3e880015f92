//! Presses from packets (RFC 4733 §2.5.2).
//!
//! Packets get lost and come out of order, so each of a press can stand for it:
//! - The first that comes is the press, even if it is the last that was sent; the others carry the same timestamp.
//! - A press ends with the first packet that says so; or 150 ms after the last that came, which are three updates at the
//!   50 ms that RFC 4733 §2.5.1.2 proposes; or with the next press.
//! - A press of more than 65 535 ticks goes on under another timestamp, which is that of its first part plus the duration
//!   of that (RFC 4733 §2.5.1.3); senders of before that RFC let the duration wrap instead.
//! - One key cannot go down again before it came up: a timestamp inside of a press is that press, from a sender that
//!   stamps each packet anew.

use super::Payload;
use crate::key::{Key, KeyEvent};
use crate::rtp::Header;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Makes presses of packets.
#[derive(Clone, Debug)]
pub struct Keys {
    clock: SampleRate,
    /// The newest press, be it over.
    press: Option<Press>,
    events: heapless::Deque<KeyEvent, MAX_EVENTS>,
    ignored: u64,
}

impl Keys {
    /// Waits for keys in a stream whose timestamps tick at `clock`.
    #[must_use]
    pub fn new(clock: SampleRate) -> Self {
        Self { clock, press: None, events: heapless::Deque::new(), ignored: 0 }
    }

    /// Takes a packet of the agreed payload type; which that is, is not looked at.
    pub fn handle_packet(&mut self, now: Instant, header: &Header, payload: [u8; Payload::LEN]) {
        let payload = Payload::read(payload);
        let Some(key) = Key::from_event(payload.event) else {
            self.ignored += 1;
            return;
        };
        match self.place(now, header, key, payload.duration) {
            Place::Late => self.ignored += 1,
            Place::Same => self.hold(now, header, payload),
            Place::NextPart => {
                self.next_part(header);
                self.hold(now, header, payload);
            }
            Place::New => {
                self.release();
                self.begin(now, header, key, payload.duration);
                self.hold(now, header, payload);
            }
        }
    }

    /// Ends a press of which nothing more comes.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.release();
        }
    }

    /// When [`Self::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.press.as_ref().filter(|press| press.is_held).map(|press| press.heard_at + SILENCE)
    }

    /// What happened to a key.
    pub fn poll_event(&mut self) -> Option<KeyEvent> {
        self.events.pop_front()
    }

    /// Packets that told of no key, or of a press that was over.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn place(&self, now: Instant, header: &Header, key: Key, duration: u16) -> Place {
        let Some(press) = self.press.as_ref().filter(|press| press.ssrc == header.ssrc) else {
            return Place::New;
        };
        let after = header.timestamp.wrapping_sub(press.timestamp);
        let is_before = after > u32::MAX / 2;
        match press.key == key {
            true if press.lasts(after, duration) => Place::Same,
            true if press.is_held && !header.marker && press.may_go_on_after(after) => Place::NextPart,
            _ if is_before && now.since(press.heard_at) < LATE => Place::Late,
            _ => Place::New,
        }
    }

    fn begin(&mut self, now: Instant, header: &Header, key: Key, duration: u16) {
        let (ssrc, timestamp, part) = (header.ssrc, header.timestamp, duration.into());
        self.press = Some(Press { key, ssrc, timestamp, part, before: 0, heard_at: now, is_held: true });
        self.push(KeyEvent::Pressed(key));
    }

    fn next_part(&mut self, header: &Header) {
        let Some(press) = &mut self.press else { return };
        press.before = press.before.saturating_add(header.timestamp.wrapping_sub(press.timestamp));
        press.timestamp = header.timestamp;
        press.part = 0;
    }

    fn hold(&mut self, now: Instant, header: &Header, payload: Payload) {
        let Some(press) = &mut self.press else { return };
        press.heard_at = now;
        press.timestamp = header.timestamp;
        press.lengthen(payload.duration);
        if payload.end {
            self.release();
        }
    }

    fn release(&mut self) {
        let Some(press) = self.press.as_mut().filter(|press| press.is_held) else { return };
        press.is_held = false;
        let ticks = u64::from(press.before) + u64::from(press.part);
        let micros = ticks * 1_000_000 / u64::from(self.clock.hz());
        let event = KeyEvent::Released(press.key, Duration::from_micros(micros));
        self.push(event);
    }

    fn push(&mut self, event: KeyEvent) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        // There is room now.
        let _ = self.events.push_back(event);
    }
}

#[derive(Clone, Debug)]
struct Press {
    key: Key,
    ssrc: u32,
    /// The timestamp of the part that is going on.
    timestamp: u32,
    /// The ticks of that part so far.
    part: u32,
    /// The ticks of the parts before it.
    before: u32,
    heard_at: Instant,
    is_held: bool,
}

impl Press {
    /// Takes the duration of a packet; the bits that do not fit into a packet follow from what is known.
    fn lengthen(&mut self, duration: u16) {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what packets carry")]
        let more = duration.wrapping_sub(self.part as u16);
        if more <= u16::MAX / 2 {
            self.part = self.part.saturating_add(more.into());
        }
    }

    /// Whether the part goes on so many ticks after its timestamp.
    fn lasts(&self, ticks: u32, duration: u16) -> bool {
        let stamped_anew = ticks == self.part && self.part < duration.into();
        ticks == 0 || ticks < self.part || stamped_anew
    }

    /// Whether another part may begin so many ticks after this one did.
    fn may_go_on_after(&self, ticks: u32) -> bool {
        ticks == self.part || (SHORTEST_PART..=u16::MAX.into()).contains(&ticks)
    }
}

/// Where a packet belongs.
enum Place {
    /// To the newest press.
    Same,
    /// To the newest press, whose next part it begins.
    NextPart,
    /// To a press before.
    Late,
    /// To a press that begins with it.
    New,
}

/// A press of which nothing came for so long is over.
const SILENCE: Duration = Duration::from_millis(150);
/// For so long packets of the press before may come late; afterwards timestamps have begun anew.
const LATE: Duration = Duration::from_secs(1);
/// A press has parts because their duration is 16 bits; so many ticks may be missing to that when packets are long.
const SHORTEST_PART: u32 = 60_000;
/// One packet makes three events at most.
const MAX_EVENTS: usize = 8;

#[cfg(test)]
mod tests;
