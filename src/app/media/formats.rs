//! The formats of a call: what the configuration lets be agreed on, and what plays and receives what was.

use crate::codec::Codec;
use crate::config::Settings;
use crate::mix::{Format, VoiceConfig};
use crate::net::UdpOptions;
use crate::rtp::{DelayRange, Kind};
use crate::sdp;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// What the configuration says of every stream.
pub(super) struct Options {
    pub(super) formats: Vec<sdp::Format>,
    pub(super) ptime: Duration,
    pub(super) socket: UdpOptions,
    pub(super) mix: MixOptions,
}

impl Options {
    pub(super) fn new(settings: &Settings) -> Self {
        let (sip, audio) = (&settings.sip, &settings.audio);
        Self {
            formats: sip.codecs.iter().flat_map(|name| formats(name.as_str())).collect(),
            ptime: sip.ptime,
            socket: UdpOptions { dscp: Some(sip.dscp_rtp), ..UdpOptions::default() },
            mix: MixOptions {
                delay: DelayRange { min: audio.jitter_min, max: audio.jitter_max },
                level: audio.volume_call.unwrap_or(Level::UNITY),
            },
        }
    }
}

/// What it says of every voice.
#[derive(Clone, Copy)]
pub(super) struct MixOptions {
    delay: DelayRange,
    pub(super) level: Level,
}

impl MixOptions {
    pub(super) fn voice(self, formats: &[sdp::Format]) -> VoiceConfig {
        let formats = formats
            .iter()
            .filter_map(|format| Some(Format { payload_type: format.payload_type, codec: codec(format)? }));
        VoiceConfig { formats: formats.take(MAX_FORMATS).collect(), delay: self.delay, level: self.level }
    }
}

/// The formats of SDP for a codec of the configuration, as far as they can be played.
fn formats(name: &str) -> Vec<sdp::Format> {
    sdp::Format::all_named(name).into_iter().filter(|format| codec(format).is_some()).collect()
}

/// `G722`, `L16/48000`: the clock is told where it is not that of telephones.
pub(super) fn encoding(format: &sdp::Format) -> String {
    match format.clock_rate_hz {
        8000 => format.name.clone(),
        clock_rate_hz => format!("{}/{clock_rate_hz}", format.name),
    }
}

/// What plays a format.
pub(super) fn codec(format: &sdp::Format) -> Option<Codec> {
    Codec::from_encoding(&format.name, format.clock_rate_hz, format.channels)
}

/// What a format is for.
pub(super) fn kind(format: &sdp::Format) -> Option<Kind> {
    if format.is_telephone_event() {
        return Some(Kind::TelephoneEvent);
    }
    if format.is_comfort_noise() {
        return Some(Kind::ComfortNoise);
    }
    let codec = codec(format)?;
    let bytes_per_tick = u8::try_from(codec.bytes_per_tick()).ok()?;
    Some(Kind::Speech { clock: codec.clock_rate(), bytes_per_tick })
}

/// The clock of keys is that of the speech they interrupt.
pub(super) fn clock_of(formats: &sdp::Formats) -> SampleRate {
    let first = formats.telephone_events.first();
    first.and_then(|format| SampleRate::new(format.clock_rate_hz)).unwrap_or(SampleRate::HZ_8000)
}

/// As many as a voice can decode.
const MAX_FORMATS: usize = 8;
