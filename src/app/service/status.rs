//! How the box is, put together from all its parts when somebody asks.

use super::{Call, Klaxon, Music, Service, Stage};
use crate::app::lines::Lines;
use crate::app::log;
use crate::app::media::Stream;
use crate::app::notify::Outline;
use crate::clock;
use crate::rtp::rtcp::PeerView;
use crate::sip::CallKey;
use crate::status::{self, CallState, Clock, Counters, Mistake, Status, millis, tenths};
use crate::time::Instant;

impl Service<'_> {
    /// How the box is at `now`.
    pub(in crate::app) fn status(&self, now: Instant) -> Status {
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_by_key(|(_, call)| call.since);
        let status = Status {
            uptime_s: now.since(self.outlook.since()).as_secs(),
            clock: self.clock(now),
            calls: calls.into_iter().map(|(key, call)| self.status_of(now, *key, call)).collect(),
            programmes: self.programmes(now),
            pages: self.pages.records(now),
            counters: self.counters(),
            ..self.condition(now)
        };
        status.judged()
    }

    /// What of it decides whether all is well.
    pub(super) fn condition(&self, now: Instant) -> Status {
        Status {
            accounts: self.accounts.status(now),
            sinks: self.cards.status(now),
            players: self.music.as_ref().map(Music::status).unwrap_or_default(),
            lines: self.lines.as_ref().map(Lines::status).unwrap_or_default(),
            mistakes: self.mistakes(),
            ..Status::default()
        }
    }

    /// What is wrong with the configuration, and with files that it names.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let files = self.klaxon.iter().flat_map(Klaxon::mistakes);
        let stored = self.desk.iter().flat_map(|desk| desk.playback.mistakes());
        let of_files = files.chain(stored).map(|mistake| self.reload.placed(mistake));
        self.outlook.mistakes().iter().cloned().chain(of_files).collect()
    }

    /// Answers those who ask how the box is, and tells the service manager and the guard.
    pub(super) fn show(&mut self, now: Instant) {
        self.outlook.answer(now, || self.status(now));
        let (accounts, cards, legs, calls) = (&self.accounts, &self.cards, &self.legs, self.calls.len());
        self.outlook.notify(now, || Outline {
            registered: accounts.registered(),
            calls,
            open: cards.open(),
            has_begun: cards.have_begun(),
            beats: cards.beat(now) && legs.beat(now),
        });
        let date = self.accounts.take_date();
        if self.outlook.wants_report(now) || date.is_some() {
            let status = self.status(now);
            self.outlook.report(now, date, &status);
        }
    }

    /// Tells those who go by the clock when somebody vouches for it.
    pub(super) fn look_at_the_clock(&self, now: Instant) {
        if self.cards.wants_time() && self.outlook.clock_keeper(now, clock::wall()).is_some() {
            self.cards.handle_time(now);
        }
    }

    pub(super) fn clock(&self, now: Instant) -> Clock {
        let shows = clock::wall();
        Clock::new(shows, clock::local_offset_s(shows), self.outlook.clock_keeper(now, shows))
    }

    fn status_of(&self, now: Instant, key: CallKey, call: &Call<'_>) -> status::Call {
        let (state, codec) = match &call.stage {
            Stage::Waiting(prepared) => (CallState::Ringing, prepared.agreed_codec()),
            Stage::OffAir(stream, _) if self.is_choosing(key) => (CallState::Dialling, stream.agreed_codec()),
            Stage::OffAir(stream, _) if self.is_dictating(key) => {
                (CallState::Recording, stream.agreed_codec())
            }
            Stage::OffAir(stream, Some(_)) => (CallState::Ringing, stream.agreed_codec()),
            Stage::OffAir(stream, None) => (CallState::Queued, stream.agreed_codec()),
            Stage::OnAir(stream) if stream.is_held() => (CallState::Held, stream.agreed_codec()),
            Stage::OnAir(stream) => (CallState::OnAir, stream.agreed_codec()),
            Stage::Ringing => (CallState::Ringing, None),
            Stage::Leaving => (CallState::Leaving, None),
        };
        let stream = match &call.stage {
            Stage::OnAir(stream) => Some(self.status_of_stream(stream)),
            _ => None,
        };
        status::Call {
            from: call.caller.from.clone(),
            peer: call.caller.peer.to_string(),
            call_id: call.caller.call_id.clone(),
            account: call.terms.account.clone(),
            state,
            duration_s: now.since(call.since).as_secs(),
            codec,
            stream,
        }
    }

    fn status_of_stream(&self, stream: &Stream<'_>) -> status::Stream {
        let (received, view) = (stream.stats(), stream.peer_view());
        let voice = self.cards.voice(stream.voice());
        let stats = voice.map(|(stats, _)| stats);
        let of_view = |figure: fn(&PeerView) -> f64| view.as_ref().map(figure).map(tenths);
        status::Stream {
            received_packets: received.received,
            lost_packets: received.lost,
            refused_packets: received.rejected,
            loss_percent: status::percent(received.lost, received.received + received.lost),
            jitter_ms: millis(received.jitter),
            latency_ms: voice.map(|(_, latency)| millis(latency)),
            drift_ppm: stats.map(|stats| tenths(stats.drift_ppm.into())),
            level_dbfs: stats.map(|stats| status::dbfs(stats.level.rms)),
            peak_dbfs: stats.map(|stats| status::dbfs(stats.level.peak)),
            caller_loss_percent: of_view(|view| f64::from(view.fraction_lost) * 100.0),
            caller_jitter_ms: of_view(|view| view.jitter.as_secs_f64() * 1e3),
            round_trip_ms: view.and_then(|view| view.round_trip).map(millis),
        }
    }

    fn counters(&self) -> Counters {
        let sip = self.endpoint.counters();
        Counters {
            calls: sip.calls_in,
            sip_received: sip.received,
            sip_malformed: sip.malformed,
            sip_repeated: sip.repeated,
            sip_unmatched: sip.unmatched.saturating_add(sip.stray_acks),
            sip_refused: sip.refused,
            sip_overloaded: sip.overloaded,
            sip_unsent: sip.dropped.saturating_add(sip.unwritable),
            strangers_refused: sip.strangers,
            strangers_silenced: sip.silenced,
            packets_dropped: self.cards.dropped_in_all().saturating_add(self.legs.dropped_in_all()),
            log_lines_lost: log::lost(),
        }
    }
}
