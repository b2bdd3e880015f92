//! All that sounds at once: the sinks of every card, played as one.

use super::sink::Sink;
use crate::mix::{Media, Recital, Report, Voice, VoiceConfig, VoiceId};

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

    /// Lets `voice` play what it still holds and end.
    pub(super) fn release(&self, voice: VoiceId) {
        self.0.iter().for_each(|sink| sink.release(voice));
    }

    /// The next report of an audio thread.
    pub(super) fn poll(&self) -> Option<Report> {
        self.0.iter().find_map(Sink::poll)
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
}
