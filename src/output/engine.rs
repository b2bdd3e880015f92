//! What an output plays: the mixer with its two rings, or a signal of a test.

use heapless::spsc::{Consumer, Producer};

use crate::mix::{Command, Mixer, Report};
use crate::time::Instant;

/// What makes the sound.
///
/// Its methods run in the audio thread: they neither allocate nor free, lock, log or call the system. Their `now` follows
/// what the device has played: what is due now is heard a fixed time later.
pub trait Engine {
    /// Takes what has been sent to it since the last period.
    fn collect(&mut self, now: Instant);

    /// Whether it has nothing to say until it collects something.
    fn is_idle(&self) -> bool;

    /// Whether all that it has to say is music, which may be silent for a moment.
    fn plays_only_music(&self) -> bool {
        false
    }

    /// Fills `sound`, interleaved frames at 48 kHz, a multiple of [`BLOCK`](crate::mix::BLOCK) of them, with what plays
    /// next.
    fn render(&mut self, now: Instant, sound: &mut [f32]);
}

/// A mixer at the ends of its rings.
///
/// While the ring of reports is full the mixer keeps what it has to tell.
pub struct RingedMixer<'a> {
    mixer: Mixer,
    commands: Consumer<'a, Command>,
    reports: Producer<'a, Report>,
}

impl<'a> RingedMixer<'a> {
    /// `mixer` told by `commands` and telling by `reports`.
    #[must_use]
    pub const fn new(mixer: Mixer, commands: Consumer<'a, Command>, reports: Producer<'a, Report>) -> Self {
        Self { mixer, commands, reports }
    }

    fn report(&mut self) {
        while self.reports.ready() {
            let Some(report) = self.mixer.poll_report() else { return };
            // There is room: this end alone fills the ring.
            let _ = self.reports.enqueue(report);
        }
    }
}

impl Engine for RingedMixer<'_> {
    fn collect(&mut self, now: Instant) {
        // Those that come while these are handled wait for the next period: no sender can hold the thread up.
        for _ in 0..self.commands.len() {
            let Some(command) = self.commands.dequeue() else { break };
            self.mixer.handle_command(now, command);
        }
        self.report();
    }

    fn is_idle(&self) -> bool {
        self.mixer.is_idle()
    }

    fn plays_only_music(&self) -> bool {
        self.mixer.plays_only_music()
    }

    fn render(&mut self, now: Instant, sound: &mut [f32]) {
        self.mixer.render(now, sound);
        self.report();
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use heapless::spsc::Queue;

    use super::*;
    use crate::codec::Codec;
    use crate::mix::{Format, Route, Voice, VoiceConfig, VoiceId};
    use crate::rtp::DelayRange;
    use crate::units::Level;

    const VOICE: VoiceId = VoiceId(7);

    fn attach() -> Command {
        let mut formats = heapless::Vec::new();
        formats.push(Format { payload_type: 0, codec: Codec::Pcmu }).unwrap();
        let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
        Command::Attach { voice: VOICE, source: Box::new(Voice::telephone(config)), route: Route::EVERYWHERE }
    }

    #[test]
    fn a_voice_goes_down_one_ring_and_comes_back_by_the_other() {
        let (mut commands, mut reports) = (Queue::<Command, 8>::new(), Queue::<Report, 8>::new());
        let ((mut down, commands), (reports, mut up)) = (commands.split(), reports.split());
        let mut engine = RingedMixer::new(Mixer::new(2, 4), commands, reports);
        let mut now = Instant::from_millis(1);
        assert!(engine.is_idle());
        down.enqueue(attach()).unwrap();
        engine.collect(now);
        assert!(!engine.is_idle());
        down.enqueue(Command::Release { voice: VOICE }).unwrap();
        let mut sound = [0.0; 480];
        let back = (0..1000).find_map(|_| {
            now += Duration::from_millis(5);
            engine.collect(now);
            engine.render(now, &mut sound);
            std::iter::from_fn(|| up.dequeue()).find(|report| matches!(report, Report::Retired { .. }))
        });
        assert!(matches!(back, Some(Report::Retired { voice: VOICE, .. })), "{back:?}");
        assert!(engine.is_idle());
    }

    #[test]
    fn a_full_ring_of_reports_loses_no_voice() {
        let (mut commands, mut reports) = (Queue::<Command, 16>::new(), Queue::<Report, 2>::new());
        let ((mut down, commands), (reports, mut up)) = (commands.split(), reports.split());
        // Without a seat to spare, voices come back at once: more than the ring of one report holds.
        let mut engine = RingedMixer::new(Mixer::new(2, 4), commands, reports);
        for _ in 0..8 {
            down.enqueue(attach()).unwrap();
        }
        let now = Instant::from_millis(1);
        engine.collect(now);
        let mut retired = 0;
        for _ in 0..8 {
            engine.collect(now);
            retired += std::iter::from_fn(|| up.dequeue()).count();
        }
        assert_eq!(retired, 4);
    }
}
