//! All that sounds at once: the sinks of every card, played as one.

use super::sink::Sink;
use crate::config::{ChannelSet, Settings};
use crate::mix::{
    MAX_CHANNELS, Media, OutputLevels, Recital, Report, Voice, VoiceConfig, VoiceId, VoiceStats,
};
use crate::output::CardVolume;
use crate::status;
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;

/// The sinks of a box; at least one.
pub(super) struct Cards<'a>(Vec<Sink<'a>>);

impl<'a> Cards<'a> {
    /// These sinks as one.
    pub(super) fn new(sinks: Vec<Sink<'a>>) -> Self {
        Self(sinks)
    }

    /// Makes the audio threads ready for sound that is about to come.
    pub(super) fn wake(&self) {
        self.0.iter().for_each(Sink::wake);
    }

    /// Whether what is played now would be heard without the delay of waking.
    pub(super) fn is_ready(&self) -> bool {
        self.0.iter().all(Sink::is_ready)
    }

    /// Whether what is played now comes out of one of them.
    pub(super) fn is_audible(&self) -> bool {
        self.0.iter().any(Sink::is_audible)
    }

    /// Whether one of them was never there yet.
    pub(super) fn is_one_missing(&self) -> bool {
        self.0.iter().any(Sink::was_never_there)
    }

    /// Gives every card a voice made of `config`; false when one of them takes no more, and then none has it.
    pub(super) fn attach(&self, voice: VoiceId, config: &VoiceConfig) -> bool {
        self.attach_all(voice, || Voice::telephone(config.clone()))
    }

    /// Has every card say `recital`; false when one of them takes no more, and then none does.
    pub(super) fn attach_recital(&self, voice: VoiceId, recital: &Recital) -> bool {
        self.attach_all(voice, || Voice::recital(recital))
    }

    fn attach_all(&self, voice: VoiceId, source: impl Fn() -> Voice) -> bool {
        for (index, sink) in self.0.iter().enumerate() {
            if !sink.attach(voice, Box::new(source())) {
                self.0[..index].iter().for_each(|sink| sink.release(voice));
                return false;
            }
        }
        true
    }

    /// Plays a piece of received media.
    pub(super) fn play(&self, media: Media) {
        let Some((last, others)) = self.0.split_last() else { return };
        for sink in others {
            sink.play(media.clone());
        }
        last.play(media);
    }

    /// Mutes `voice` while a key sounds, or lets it be heard again.
    pub(super) fn hush(&self, voice: VoiceId, hushed: bool) {
        self.0.iter().for_each(|sink| sink.hush(voice, hushed));
    }

    /// Changes how loud `voice` is.
    pub(super) fn set_level(&self, voice: VoiceId, level: Level) {
        self.0.iter().for_each(|sink| sink.set_level(voice, level));
    }

    /// Makes everything as loud as `settings` say, which name the same devices and zones as those that these sinks are for.
    pub(super) fn set_output(&self, settings: &Settings) {
        let ceiling = ceiling(settings);
        for (sink, output) in self.0.iter().zip(settings.outputs()) {
            sink.set_output(OutputLevels { channels: output.gains().into_iter().collect(), ceiling });
        }
    }

    /// How loud the cards themselves shall be from now on; what is to be done about that at once.
    pub(super) fn set_volume(&self, settings: &Settings) -> Vec<CardVolume> {
        self.0.iter().filter_map(|sink| sink.set_volume(settings.audio.mixer_volume)).collect()
    }

    /// Lets `voice` play what it still holds and end.
    pub(super) fn release(&self, voice: VoiceId) {
        self.0.iter().for_each(|sink| sink.release(voice));
    }

    /// The next report of an audio thread.
    pub(super) fn poll(&self) -> Option<Report> {
        self.poll_numbered().map(|(_, report)| report)
    }

    /// The same with the number of the card, from 0.
    pub(super) fn poll_numbered(&self) -> Option<(usize, Report)> {
        self.0.iter().enumerate().find_map(|(card, sink)| Some((card, sink.poll()?)))
    }

    /// The zones that they play.
    pub(super) fn zones(&self) -> Vec<String> {
        self.0.iter().flat_map(Sink::zones).map(str::to_owned).collect()
    }

    /// Voices that have not come back yet.
    pub(super) fn voices(&self) -> usize {
        self.0.iter().map(Sink::voices).sum()
    }

    /// Packets that found a ring full since this was last asked, if any.
    pub(super) fn take_dropped(&self) -> Option<u64> {
        let dropped = self.0.iter().filter_map(Sink::take_dropped).sum();
        Some(dropped).filter(|&dropped: &u64| dropped > 0)
    }

    /// The same since the box began.
    pub(super) fn dropped_in_all(&self) -> u64 {
        self.0.iter().map(Sink::dropped_in_all).sum()
    }

    /// How a voice fares where it is heard last, and how late that is.
    pub(super) fn voice(&self, voice: VoiceId) -> Option<(VoiceStats, Duration)> {
        self.0.iter().filter_map(|sink| sink.voice(voice)).max_by_key(|(_, latency)| *latency)
    }

    /// How they are.
    pub(super) fn status(&self, now: Instant) -> Vec<status::Sink> {
        self.0.iter().map(|sink| sink.status(now)).collect()
    }

    /// How many have a device that plays, and how many there are.
    pub(super) fn open(&self) -> (usize, usize) {
        (self.0.iter().filter(|sink| sink.state().is_open()).count(), self.0.len())
    }

    /// Whether every audio thread has begun.
    pub(super) fn have_begun(&self) -> bool {
        self.0.iter().all(Sink::has_begun)
    }

    /// Whether every audio thread goes on.
    pub(super) fn beat(&self, now: Instant) -> bool {
        self.0.iter().all(|sink| !sink.state().hangs(sink.silent(now)))
    }
}

/// Or levels of channels would have no room.
const _: () = assert!(ChannelSet::MOST <= MAX_CHANNELS);

/// The loudest sample. Without a limit of its own a sum of voices still ends at full scale: softly here, harshly in the
/// card.
pub(super) fn ceiling(settings: &Settings) -> Level {
    settings.audio.limiter.unwrap_or(Level::UNITY)
}
