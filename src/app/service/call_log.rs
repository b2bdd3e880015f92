//! The call log: what can be proved of each page, kept for those who ask and told in a line.
//!
//! ```text
//! begin ─> Open (readings of its voices) ─ end ─ SETTLES_IN ─> Record ─┬─> the last MOST, for `paging status`
//!                                                                      └─> a line of the log, one a second and peer
//! ```
//! A page that has ended is not told at once: what came of it last is still to be heard, and its last reading to be read.
//! Lines that come too fast wait for the second of their peer, and keep no other peer's waiting; of more than [`MOST`] those of
//! whoever has most are left out, counted, and told with the next one.

use crate::app::playback::AirNumber;
use crate::app::throttle::Throttle;
use crate::mix::{Report, VoiceId, VoiceStats};
use crate::paging::{Loudness, Proof, Sounding};
use crate::sip::CallKey;
use crate::status::{self, Ended, Record};
use crate::time::Instant;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use log::Level;
use std::collections::VecDeque;

/// The pages on air, and the last that were.
#[derive(Debug, Default)]
pub(super) struct CallLog {
    open: Vec<Open>,
    /// The newest first, and when each ended.
    records: VecDeque<(Instant, Record)>,
    throttle: Throttle,
    lines: VecDeque<(IpAddr, Level, String)>,
    /// Lines for which there was no room.
    untold: u64,
}

/// What was on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Call(CallKey),
    /// What the box has played at a word.
    Programme(AirNumber),
}

/// A page that is on air, or has just ended.
#[derive(Debug)]
struct Open {
    page: Page,
    /// Who may not have more than a line a second; the box itself, where there is nobody else.
    peer: IpAddr,
    began_at: Instant,
    /// Those that it was heard as: a change of codecs makes it another one.
    voices: Vec<VoiceId>,
    proof: Proof,
    record: Record,
    ended_at: Option<Instant>,
}

/// What came of a page over the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    pub(super) codec: Option<String>,
    pub(super) packets: u64,
    pub(super) lost: u64,
}

impl CallLog {
    /// A page, of `peer` if of anybody, is on air if it is not already, heard as `voice`; `record` is what is known of it so far.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        (page, peer): (Page, Option<IpAddr>),
        voice: VoiceId,
        record: Record,
    ) {
        if self.open.iter().any(|open| open.page == page && open.ended_at.is_none()) {
            return;
        }
        let (voices, proof) = (vec![voice], Proof::new());
        let peer = peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        self.open.push(Open { page, peer, began_at: now, voices, proof, record, ended_at: None });
    }

    /// It is heard as `voice` from now on.
    pub(super) fn handle_voice(&mut self, call: Page, voice: VoiceId) {
        let page = self.open.iter_mut().find(|page| page.page == call && page.ended_at.is_none());
        if let Some(page) = page.filter(|page| !page.voices.contains(&voice)) {
            page.voices.push(voice);
            // Of those before, all but the last have long been given back.
            let old = page.voices.len().saturating_sub(MOST_VOICES);
            page.voices.drain(..old);
        }
    }

    /// A card, which plays or is out, tells how a voice fares. What is rendered for one that is out is not heard.
    pub(super) fn handle_report(&mut self, (card, plays): (usize, bool), report: &Report) {
        let (voice, stats) = match report {
            Report::Voice { voice, stats } | Report::Retired { voice, stats, .. } => (voice, stats),
            Report::Playing { .. } | Report::Output(_) | Report::Spent { .. } => return,
        };
        if let Some(page) = self.open.iter_mut().find(|page| page.voices.contains(voice)) {
            let heard = loudness(stats);
            let silence = Loudness { span: heard.span, ..Loudness::default() };
            page.proof.handle_reading(card, if plays { heard } else { silence });
        }
    }

    /// It is on air no more. Why it ended first is why it ended.
    pub(super) fn end(&mut self, now: Instant, call: Page, ended: Ended, received: Received) {
        let page = self.open.iter_mut().find(|page| page.page == call && page.ended_at.is_none());
        let Some(page) = page else { return };
        page.ended_at = Some(now);
        let Received { codec, packets, lost } = received;
        let on_air_s = status::tenths(now.since(page.began_at).as_secs_f64());
        let loss_percent = status::percent(lost, packets + lost);
        let (received_packets, lost_packets) = (packets, lost);
        let record = page.record.clone();
        page.record =
            Record { on_air_s, codec, received_packets, lost_packets, loss_percent, ended, ..record };
    }

    /// Keeps and tells what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.handle_due(now);
        while let Some((level, line)) = self.poll_line(now) {
            log::log!(level, "{line}");
        }
    }

    fn handle_due(&mut self, now: Instant) {
        let is_due = |page: &mut Open| page.settles_at().is_some_and(|at| at <= now);
        let due: Vec<_> = self.open.extract_if(.., is_due).collect();
        for page in due {
            self.keep(page);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let line = (!self.lines.is_empty()).then(|| now + LOOK_AGAIN_IN);
        self.open.iter().filter_map(Open::settles_at).chain(line).min()
    }

    /// The box ends: all is told that there is.
    pub(super) fn close(&mut self, now: Instant) {
        for page in core::mem::take(&mut self.open) {
            self.keep(Open { ended_at: page.ended_at.or(Some(now)), ..page });
        }
        for (_, level, line) in core::mem::take(&mut self.lines) {
            let line = self.with_untold(line);
            log::log!(level, "{line}");
        }
    }

    /// The last pages, the newest first.
    pub(super) fn records(&self, now: Instant) -> Vec<Record> {
        let told = |(ended_at, record): &(Instant, Record)| Record {
            ago_s: now.since(*ended_at).as_secs(),
            ..record.clone()
        };
        self.records.iter().map(told).collect()
    }

    fn keep(&mut self, page: Open) {
        let (peer, ended_at) = (page.peer, page.ended_at.unwrap_or(page.began_at));
        let record = page.into_record();
        self.put_line(peer, &record);
        self.records.truncate(MOST - 1);
        self.records.push_front((ended_at, record));
    }

    /// The first line whose peer may have one now.
    fn poll_line(&mut self, now: Instant) -> Option<(Level, String)> {
        let mut waits: Vec<IpAddr> = Vec::new();
        let index = self.lines.iter().position(|&(peer, ..)| {
            let may_speak = !waits.contains(&peer) && self.throttle.allow(now, peer).is_some();
            waits.push(peer);
            may_speak
        })?;
        let (_, level, line) = self.lines.remove(index)?;
        Some((level, self.with_untold(line)))
    }

    fn with_untold(&mut self, line: String) -> String {
        match core::mem::take(&mut self.untold) {
            0 => line,
            untold => format!("{line} untold={untold}"),
        }
    }

    /// Who has most lines has no room for another one; whether this peer has.
    fn make_room(&mut self, peer: IpAddr) -> bool {
        if self.lines.len() < MOST {
            return true;
        }
        self.untold = self.untold.saturating_add(1);
        let of = |peer: IpAddr| self.lines.iter().filter(|(other, ..)| *other == peer).count();
        let Some(most) = self.lines.iter().map(|&(other, ..)| other).max_by_key(|&other| of(other)) else {
            return true;
        };
        if of(most) <= of(peer) + 1 {
            return false;
        }
        if let Some(last) = self.lines.iter().rposition(|&(other, ..)| other == most) {
            self.lines.remove(last);
        }
        true
    }

    fn put_line(&mut self, peer: IpAddr, record: &Record) {
        if !self.make_room(peer) {
            return;
        }
        let level = if record.silent { Level::Warn } else { Level::Info };
        self.lines.push_back((peer, level, record.to_line()));
    }
}

impl Open {
    fn settles_at(&self) -> Option<Instant> {
        self.ended_at.map(|at| at + SETTLES_IN)
    }

    fn into_record(self) -> Record {
        let heard = self.proof.heard();
        let on_air = self.ended_at.unwrap_or(self.began_at).since(self.began_at);
        let seconds = |span: Duration| status::tenths(span.as_secs_f64());
        let Sounding { peak, rms, sounding, silent } = heard;
        Record {
            peak_dbfs: status::dbfs(peak),
            rms_dbfs: status::dbfs(rms),
            heard_s: seconds(sounding),
            silent_s: seconds(silent),
            silent: heard.is_of_silent_page(on_air),
            ..self.record
        }
    }
}

fn loudness(stats: &VoiceStats) -> Loudness {
    Loudness { peak: stats.level.peak * stats.gain, rms: stats.level.rms * stats.gain, span: stats.span }
}

/// Pages that are remembered, and lines that may wait.
const MOST: usize = 100;
/// A caller may change his codec as often as he likes.
const MOST_VOICES: usize = 4;
/// More than what has come takes to be played, and its last reading to be told.
const SETTLES_IN: Duration = Duration::from_millis(1200);
/// How often it is looked whether the second of a line is over.
const LOOK_AGAIN_IN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
