//! Datagrams from anyone, at any time, into a receiver, a voice and a mixer.
//!
//! The input is taken twice: whole, as one datagram, and cut into many, each after a byte that says how long it is and
//! one that says how long it takes to come. What is heard must be finite and within the limiter's ceiling; a packet that
//! is read must read the same when written again.

#![no_main]

use core::time::Duration;
use libfuzzer_sys::fuzz_target;
use pagingbox::codec::Codec;
use pagingbox::dsp::Limiter;
use pagingbox::mix::{BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Route, Voice, VoiceConfig, VoiceId};
use pagingbox::rtp::{DelayRange, Kind, Packet, PayloadFormat, Receiver, ReceiverConfig, Source};
use pagingbox::time::Instant;
use pagingbox::units::{Level, SampleRate};

const VOICE: VoiceId = VoiceId(1);

fuzz_target!(|data: &[u8]| {
    let mut call = Call::new();
    call.hear(data);
    let mut rest = data;
    while let [len, wait, tail @ ..] = rest {
        let (datagram, tail) = tail.split_at(usize::from(*len).min(tail.len()));
        call.wait(*wait);
        call.hear(datagram);
        rest = tail;
    }
    call.end();
});

struct Call {
    now: Instant,
    receiver: Receiver,
    mixer: Mixer,
}

impl Call {
    fn new() -> Self {
        let formats = [(0, Codec::Pcmu), (8, Codec::Pcma)];
        let formats = formats.map(|(payload_type, codec)| Format { payload_type, codec });
        let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
        let speech = formats.map(|Format { payload_type, .. }| PayloadFormat { payload_type, kind });
        let others = [(13, Kind::ComfortNoise), (101, Kind::TelephoneEvent)];
        let others = others.map(|(payload_type, kind)| PayloadFormat { payload_type, kind });
        let config =
            ReceiverConfig { formats: speech.into_iter().chain(others).collect(), source: Source::Any };
        let formats = formats.into_iter().collect();
        let voice =
            VoiceConfig { formats, delay: DelayRange::default(), level: Level::from_gain(Level::MAX_GAIN) };
        let mut mixer = Mixer::new(2, 1);
        let source = Box::new(Voice::telephone(voice));
        mixer.handle_command(Instant::ZERO, Command::Attach { voice: VOICE, source, route: Route::EVERYWHERE });
        Self { now: Instant::ZERO, receiver: Receiver::new(config), mixer }
    }

    fn hear(&mut self, datagram: &[u8]) {
        if let Ok(packet) = Packet::parse(datagram) {
            let again = [&packet.header.write()[..], packet.payload].concat();
            assert_eq!(Packet::parse(&again), Ok(packet));
        }
        let remote = ([192, 0, 2, 1], 4000).into();
        let _ = self.receiver.handle_message(self.now, remote, datagram);
        while let Some(chunk) = self.receiver.poll_chunk() {
            self.mixer.handle_command(self.now, Command::Media(Media { voice: VOICE, chunk }));
        }
    }

    /// Half of the values let blocks be heard, the others let time pass unheard.
    fn wait(&mut self, wait: u8) {
        if wait >= 128 {
            self.now += Duration::from_millis(u64::from(wait - 127).pow(2));
            return;
        }
        for _ in 0..wait / 4 {
            let mut output = [f32::NAN; BLOCK * 2];
            self.mixer.render(self.now, &mut output);
            self.now += BLOCK_TIME;
            assert!(output.iter().all(|sample| sample.abs() <= Limiter::CEILING));
        }
    }

    /// However it went, the voice is given back in time.
    fn end(&mut self) {
        self.mixer.handle_command(self.now, Command::Release { voice: VOICE });
        for _ in 0..10 {
            self.wait(127);
        }
        assert!(self.mixer.is_idle());
    }
}
